//! The naive evaluator against AWS's documentation: layers, principals, resources.

use serde_json::{Value, json};

use crate::naive;
use crate::naive_facts::FACTS;

pub(crate) const USER: &str = "arn:aws:iam::111122223333:user/u1";
pub(crate) const ROLE: &str = "arn:aws:iam::111122223333:role/path/r1";
pub(crate) const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/r1/s1";
const ROOT: &str = "arn:aws:iam::111122223333:root";
const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/k1";
const THEIRS: &str = "arn:aws:sqs:us-east-1:444455556666:q1";
const OURS: &str = "arn:aws:sqs:us-east-1:111122223333:q1";

/// A policy of one statement, an Allow of everything but for what `with` says. A `null` takes an element away.
pub(crate) fn policy(with: Value) -> Value {
    let mut statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    for (name, value) in with.as_object().unwrap() {
        statement[name] = value.clone();
    }
    statement.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    json!({"name": "p", "policy": {"Version": "2012-10-17", "Statement": statement}})
}

pub(crate) fn answer(principal: Value, action: &str, resource: &str, policies: Value) -> Value {
    let line = json!({"principal": principal, "action": action, "resource": resource, "policies": policies});
    naive::evaluate(&line, &FACTS)
}

/// The decision and what blocks, in one text.
fn decide(principal: &str, action: &str, resource: &str, policies: Value) -> String {
    short(&answer(json!(principal), action, resource, policies))
}

pub(crate) fn short(answer: &Value) -> String {
    assert_eq!(answer["error"], Value::Null, "{answer}");
    let blocked = answer["blockedBy"].as_array().unwrap().iter().map(|layer| layer.as_str().unwrap());
    let mut text = answer["decision"].as_str().unwrap().to_owned();
    for layer in blocked {
        text.push(' ');
        text.push_str(layer);
    }
    text
}

fn allow() -> Value {
    policy(json!({}))
}

fn deny() -> Value {
    policy(json!({"Effect": "Deny"}))
}

fn nothing() -> Value {
    policy(json!({"Action": "none:None"}))
}

fn to(principal: Value) -> Value {
    policy(json!({"Principal": principal}))
}

fn sqs(principal: &str, resource: &str, policies: Value) -> String {
    decide(principal, "sqs:SendMessage", resource, policies)
}

#[test]
fn nothing_is_allowed_by_default() {
    assert_eq!(sqs(USER, OURS, json!({})), "ImplicitlyDenied identity");
    assert_eq!(sqs(USER, OURS, json!({"identity": [allow()]})), "Allowed");
    assert_eq!(sqs(ROOT, OURS, json!({})), "Allowed");
}

#[test]
fn an_explicit_deny_wins_in_every_layer() {
    let denied = sqs(USER, OURS, json!({"identity": [allow(), deny()], "boundary": [deny()]}));
    assert_eq!(denied, "ExplicitlyDenied boundary identity");
    let resource = policy(json!({"Effect": "Deny", "Principal": "*"}));
    assert_eq!(
        sqs(USER, OURS, json!({"identity": [allow()], "resource": resource})),
        "ExplicitlyDenied resource"
    );
}

#[test]
fn either_side_will_do_within_an_account() {
    assert_eq!(sqs(USER, OURS, json!({"resource": to(json!({"AWS": USER}))})), "Allowed");
    assert_eq!(sqs(USER, OURS, json!({"resource": to(json!({"AWS": ROOT}))})), "ImplicitlyDenied identity");
    assert_eq!(sqs(USER, OURS, json!({"resource": to(json!("*"))})), "Allowed");
}

#[test]
fn both_sides_must_allow_across_accounts() {
    assert_eq!(sqs(USER, THEIRS, json!({"identity": [allow()]})), "ImplicitlyDenied resource");
    assert_eq!(sqs(USER, THEIRS, json!({"resource": to(json!({"AWS": USER}))})), "ImplicitlyDenied identity");
    let both = json!({"identity": [allow()], "resource": to(json!({"AWS": "111122223333"}))});
    assert_eq!(sqs(USER, THEIRS, both), "Allowed");
    assert_eq!(sqs(ROOT, THEIRS, json!({"resource": to(json!({"AWS": ROOT}))})), "Allowed");
}

#[test]
fn boundary_and_session_policies_limit_a_role_but_not_its_session() {
    let by = |arn: &str, layer: &str| {
        sqs(SESSION, OURS, json!({"resource": to(json!({"AWS": arn})), layer: [nothing()]}))
    };
    for layer in ["boundary", "session"] {
        assert_eq!(by(ROLE, layer), format!("ImplicitlyDenied {layer}"));
        assert_eq!(by(SESSION, layer), "Allowed");
    }
    assert_eq!(
        by("arn:aws:sts::111122223333:assumed-role/r1/s2", "boundary"),
        "ImplicitlyDenied boundary identity"
    );
    assert_eq!(
        sqs(SESSION, OURS, json!({"identity": [allow()], "boundary": [nothing(), allow()]})),
        "Allowed"
    );
    assert_eq!(sqs(SESSION, OURS, json!({"identity": [allow()], "boundary": [], "session": []})), "Allowed");
}

#[test]
fn every_level_of_control_policies_allows() {
    let with = |levels: Value| sqs(USER, OURS, json!({"identity": [allow()], "scp": levels}));
    let level = |policies: Value| json!({"target": "t", "policies": policies});
    assert_eq!(with(json!([])), "Allowed");
    assert_eq!(with(json!([level(json!([allow()])), level(json!([nothing(), allow()]))])), "Allowed");
    assert_eq!(with(json!([level(json!([allow()])), level(json!([]))])), "ImplicitlyDenied scp");
    assert_eq!(with(json!([level(json!([allow(), deny()]))])), "ExplicitlyDenied scp");
}

#[test]
fn control_policies_leave_out_service_linked_roles_and_other_services() {
    let linked = "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX";
    let level = json!([{"target": "t", "policies": []}]);
    let given = json!({"identity": [allow()], "scp": level, "rcp": level});
    assert_eq!(sqs(linked, OURS, given.clone()), "Allowed");
    assert_eq!(sqs(USER, OURS, given.clone()), "ImplicitlyDenied scp rcp");
    assert_eq!(decide(USER, "ec2:DescribeInstances", "*", given), "ImplicitlyDenied scp");
}

#[test]
fn keys_need_their_own_policy() {
    let with = |policies: Value| decide(USER, "kms:Decrypt", KEY, policies);
    assert_eq!(with(json!({"identity": [allow()]})), "ImplicitlyDenied resource");
    assert_eq!(with(json!({"identity": [allow()], "resource": to(json!({"AWS": ROOT}))})), "Allowed");
    assert_eq!(with(json!({"resource": to(json!({"AWS": ROOT}))})), "ImplicitlyDenied identity");
    assert_eq!(with(json!({"resource": to(json!({"AWS": USER}))})), "Allowed");
    assert_eq!(decide(USER, "kms:ListKeys", KEY, json!({"identity": [allow()]})), "Allowed");
}

#[test]
fn roles_need_their_trust_policy() {
    let trust = |principal: Value| policy(json!({"Principal": principal, "Resource": null}));
    let with = |policies: Value| decide(USER, "sts:AssumeRole", ROLE, policies);
    assert_eq!(with(json!({"identity": [allow()]})), "ImplicitlyDenied resource");
    assert_eq!(with(json!({"resource": trust(json!({"AWS": USER}))})), "Allowed");
    assert_eq!(with(json!({"resource": trust(json!({"AWS": ROOT}))})), "ImplicitlyDenied identity");
    let refused = answer(json!(USER), "sts:AssumeRole", ROLE, json!({"resource": to(json!("*"))}));
    assert!(refused["error"].is_string(), "{refused}");
}

#[test]
fn services_and_providers_have_the_resource_policy_alone() {
    let trust = policy(json!({"Principal": {"Service": "ec2.amazonaws.com"}, "Resource": null}));
    let asks = |service: &str| {
        let policies = json!({"resource": trust, "scp": [{"target": "t", "policies": []}]});
        short(&answer(json!({"Service": service}), "sts:AssumeRole", ROLE, policies))
    };
    assert_eq!(asks("ec2.amazonaws.com"), "Allowed");
    assert_eq!(asks("lambda.amazonaws.com"), "ImplicitlyDenied resource");
    let provider = "arn:aws:iam::111122223333:oidc-provider/oidc.example.com";
    let policies =
        json!({"resource": policy(json!({"Principal": {"Federated": provider}, "Resource": null}))});
    let caller = json!({"Federated": provider});
    assert_eq!(short(&answer(caller, "sts:AssumeRoleWithWebIdentity", ROLE, policies)), "Allowed");
    let anonymous =
        answer(json!({"Anonymous": true}), "sqs:SendMessage", OURS, json!({"resource": to(json!("*"))}));
    assert_eq!(short(&anonymous), "Allowed");
}

#[test]
fn what_is_awss_own_cannot_be_written() {
    let all = json!({"identity": [allow()], "resource": null});
    let reserved = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/r";
    for (action, resource, expected) in [
        ("iam:DeleteRole", reserved, "ImplicitlyDenied resource"),
        ("iam:PassRole", reserved, "Allowed"),
        ("iam:GetRole", reserved, "Allowed"),
        ("iam:TagRole", "arn:aws:iam::111122223333:role/r1", "Allowed"),
        ("iam:CreatePolicyVersion", "arn:aws:iam::aws:policy/ReadOnlyAccess", "ImplicitlyDenied resource"),
        ("kms:DeleteAlias", "arn:aws:kms:us-east-1:111122223333:alias/aws/s3", "ImplicitlyDenied resource"),
        ("kms:DeleteAlias", "arn:aws:kms:us-east-1:111122223333:alias/mine", "Allowed"),
    ] {
        assert_eq!(decide(USER, action, resource, all.clone()), expected, "{action} {resource}");
    }
    assert_eq!(decide(USER, "sts:getcalleridentity", "*", json!({"identity": [deny()]})), "Allowed");
}

#[test]
fn an_endpoint_must_let_through() {
    let through =
        |endpoint: Value| sqs(USER, OURS, json!({"identity": [allow()], "vpcEndpoint": [endpoint]}));
    assert_eq!(through(to(json!("*"))), "Allowed");
    assert_eq!(through(to(json!({"AWS": ROOT}))), "Allowed");
    assert_eq!(through(to(json!({"AWS": "444455556666"}))), "ImplicitlyDenied vpcEndpoint");
}

#[test]
fn not_principal_with_deny_spares_those_named_with_their_account() {
    let spared = |caller: &str, named: Value| {
        let deny = policy(json!({"Effect": "Deny", "NotPrincipal": {"AWS": named}}));
        sqs(caller, OURS, json!({"identity": [allow()], "resource": deny})) == "Allowed"
    };
    assert!(spared(USER, json!([USER, ROOT])));
    assert!(!spared(USER, json!([USER])));
    assert!(!spared(USER, json!([ROOT])));
    assert!(spared(SESSION, json!(["111122223333", ROLE])));
    assert!(!spared(SESSION, json!(["111122223333", SESSION])));
}

#[test]
fn unique_ids_name_who_has_them() {
    let to = to(json!({"AWS": "AROAEXAMPLE1"}));
    let mut line = json!({
        "principal": SESSION, "action": "sqs:SendMessage", "resource": OURS,
        "context": {"aws:userid": ["AROAEXAMPLE1:s1"]}, "policies": {"resource": to},
    });
    assert_eq!(short(&naive::evaluate(&line, &FACTS)), "Allowed");
    line["context"] = json!({"aws:userid": ["AROAEXAMPLE2:s1"]});
    assert_eq!(short(&naive::evaluate(&line, &FACTS)), "ImplicitlyDenied identity");
}

#[test]
fn resources_match_by_segment() {
    let with = |resource: &str, asked: &str| {
        sqs(USER, asked, json!({"identity": [policy(json!({"Resource": resource}))]})) == "Allowed"
    };
    assert!(with("arn:aws:sqs:*:111122223333:q?", OURS));
    assert!(with("arn:aws:sqs:*", OURS));
    assert!(!with("arn:aws:sqs:us-*3:q1", OURS));
    assert!(!with("arn:aws:sqs:*:111122223333:Q1", OURS));
    assert!(with("arn:aws:sqs:us-east-1:111122223333:*", "arn:aws:sqs:us-east-1:111122223333:*"));
}

#[test]
fn actions_without_resources_ask_for_the_star() {
    let list = |with: Value| {
        decide(USER, "s3:ListAllMyBuckets", "arn:aws:s3:::b1", json!({"identity": [policy(with)]}))
    };
    assert_eq!(list(json!({"Resource": "arn:aws:s3:::*"})), "ImplicitlyDenied identity");
    assert_eq!(list(json!({"Resource": "*"})), "Allowed");
    assert_eq!(list(json!({"Resource": null, "NotResource": "arn:aws:s3:::*"})), "Allowed");
}

#[test]
fn a_pattern_asks_whether_anything_is_reachable() {
    let get =
        |policies: Value| decide(USER, "s3:GetObject", "arn:aws:s3:::b1/*", json!({"identity": policies}));
    let secret = "arn:aws:s3:::b1/secret/*";
    let allow = |resource: &str| policy(json!({"Resource": resource}));
    let deny = |resource: &str| policy(json!({"Effect": "Deny", "Resource": resource}));
    assert_eq!(get(json!([allow(secret)])), "Allowed");
    assert_eq!(get(json!([allow("*"), deny(secret)])), "Allowed");
    assert_eq!(get(json!([allow(secret), deny("arn:aws:s3:::*/secret/*")])), "ImplicitlyDenied identity");
    assert_eq!(get(json!([allow(secret), deny("arn:aws:s3:::b1*")])), "ExplicitlyDenied identity");
    let elsewhere = policy(json!({"Effect": "Deny", "Resource": null, "NotResource": "arn:aws:s3:::b2/*"}));
    assert_eq!(get(json!([allow("*"), elsewhere])), "ExplicitlyDenied identity");
}

#[test]
fn statements_are_told_in_the_order_of_layers() {
    let mut own = policy(json!({"Sid": "S"}));
    own["name"] = json!("own");
    let policies = json!({"identity": [nothing(), own], "resource": to(json!({"AWS": USER}))});
    let told = answer(json!(USER), "sqs:SendMessage", OURS, policies);
    let expected = json!([
        {"layer": "resource", "policy": "p", "index": 0, "sid": null, "effect": "Allow"},
        {"layer": "identity", "policy": "own", "index": 0, "sid": "S", "effect": "Allow"},
    ]);
    assert_eq!(told["statements"], expected);
}
