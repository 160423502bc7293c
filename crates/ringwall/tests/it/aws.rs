//! `can` and `who-can` for actions of AWS, through the real binary.

use serde_json::Value;

use crate::snapshot::Asked;

const ISSUER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE";
const ORDERS: &str = "arn:aws:s3:::orders/2026/x";
const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:payments-AbCdEf";
const CHECKOUT: &str = "arn:aws:iam::111122223333:role/checkout";

const CLUSTER: &str = r#"
name: shop
account: "111122223333"
region: eu-west-1
oidcIssuer: https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE
"#;

const ACCOUNTS: &str = r#"
apiVersion: v1
kind: ServiceAccount
metadata:
  name: checkout
  namespace: shop
  annotations: {eks.amazonaws.com/role-arn: "arn:aws:iam::111122223333:role/checkout"}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: idle, namespace: shop}
"#;

/// A role for `shop/checkout` with one policy, a boundary, and a user beside it.
fn iam(policy: &Value) -> String {
    let trust = serde_json::json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": {"Federated": format!("arn:aws:iam::111122223333:oidc-provider/{ISSUER}")},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {
            format!("{ISSUER}:sub"): "system:serviceaccount:shop:checkout",
            format!("{ISSUER}:aud"): "sts.amazonaws.com",
        }},
    }]});
    serde_json::json!({
        "UserDetailList": [],
        "GroupDetailList": [],
        "RoleDetailList": [{
            "Path": "/", "RoleName": "checkout", "RoleId": "AROAEXAMPLEEXAMPLE123", "Arn": CHECKOUT,
            "CreateDate": "2026-01-01T00:00:00Z", "AssumeRolePolicyDocument": trust,
            "InstanceProfileList": [], "AttachedManagedPolicies": [], "Tags": [{"Key": "team", "Value": "shop"}],
            "RolePolicyList": [{"PolicyName": "inline", "PolicyDocument": policy}],
        }],
        "Policies": [],
    })
    .to_string()
}

fn reader() -> Value {
    serde_json::json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Orders", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::orders/*"},
        {"Effect": "Deny", "Action": "s3:*", "Resource": "*",
         "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}},
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue",
         "Resource": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:${aws:PrincipalTag/team}-*"},
    ]})
}

fn asked() -> Asked {
    Asked::about(&[
        ("cluster.yaml", CLUSTER),
        ("kubernetes/accounts.yaml", ACCOUNTS),
        ("aws/iam.json", &iam(&reader())),
        (
            "aws/policies.json",
            r#"{"ResourcePolicies": [{"ResourceArn": "arn:aws:s3:::orders", "AccountId": "111122223333", "PolicyDocument": null}]}"#,
        ),
    ])
}

fn only(answer: &Value) -> &Value {
    let ways = answer["ways"].as_array().unwrap();
    assert_eq!(ways.len(), 1, "{answer}");
    &ways[0]["answers"][0]
}

#[test]
fn a_principal_is_answered_with_statement_and_line() {
    let said = asked().run(
        "can",
        &format!("--as {CHECKOUT} s3:GetObject {ORDERS} --context aws:SourceVpce=vpce-1 -o json"),
    );
    assert_eq!(said.status, 0, "{said:?}");
    let answer = said.json();
    let reason = &only(&answer)["reasons"][0];
    assert_eq!(reason["statement"], serde_json::json!({"index": 0, "sid": "Orders"}));
    assert_eq!((reason["file"].as_str(), reason["arn"].as_str()), (Some("aws/iam.json"), Some(CHECKOUT)));
}

/// A key that the question does not give decides nothing in silence.
#[test]
fn an_absent_key_is_named_and_what_depends_on_it_too() {
    let said = asked().run("can", &format!("--as {CHECKOUT} s3:GetObject {ORDERS} -o json"));
    assert_eq!(said.status, 1, "{said:?}");
    let answer = said.json();
    let only = only(&answer);
    assert_eq!(only["assumed"], serde_json::json!(["aws:SourceVpce absent"]));
    assert_eq!(only["depends_on"][0]["condition"], "StringNotEquals aws:SourceVpce `vpce-1`");
    assert_eq!(only["blocked_by"], serde_json::json!(["identity"]));
}

#[test]
fn a_principals_tags_are_known() {
    let team = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop-AbCdEf";
    assert_eq!(
        asked().run("can", &format!("--as {CHECKOUT} secretsmanager:GetSecretValue {team}")).status,
        0
    );
    assert_eq!(
        asked().run("can", &format!("--as {CHECKOUT} secretsmanager:GetSecretValue {SECRET}")).status,
        1
    );
}

#[test]
fn a_service_account_is_answered_by_each_of_its_ways() {
    let question = format!("s3:GetObject {ORDERS} --context aws:SourceVpce=vpce-1 -o json");
    let said = asked().run("can", &format!("--as shop/checkout {question}"));
    let answer = said.json();
    assert_eq!((answer["decision"].as_str(), said.status), (Some("allowed"), 0), "{answer}");
    assert_eq!(answer["ways"][0]["way"], "irsa");
    assert_eq!(answer["ways"][0]["credentials"]["decision"], "allowed");

    let said = asked().run("can", &format!("--as shop/idle {question}"));
    assert_ne!(said.status, 0, "{said:?}");
    assert_eq!(said.json()["ways"], serde_json::json!([]));
}

#[test]
fn a_pattern_of_actions_lists_what_is_allowed() {
    let said =
        asked().run("can", &format!("--as {CHECKOUT} s3:* {ORDERS} --context aws:SourceVpce=vpce-1 -o json"));
    let answer = said.json();
    let actions: Vec<&str> = answer["ways"][0]["answers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["s3:GetObject"]);
}

#[test]
fn who_can_names_the_role_and_its_service_account() {
    let said = asked().run("who-can", &format!("s3:GetObject {ORDERS} -o json"));
    let answer = said.json();
    let [holder] = answer["holders"].as_array().unwrap().as_slice() else { panic!("{answer}") };
    assert_eq!(holder["principal"], CHECKOUT);
    assert_eq!(holder["certainty"], "possible");
    assert_eq!(holder["conditions"][0]["effect"], "Deny");
    assert_eq!(holder["service_accounts"][0]["name"], "checkout");

    let said =
        asked().run("who-can", &format!("s3:GetObject {ORDERS} --context aws:SourceVpce=vpce-1 -o json"));
    assert_eq!(said.json()["holders"][0]["certainty"], "allowed");
    let said = asked().run("who-can", &format!("sts:AssumeRoleWithWebIdentity {CHECKOUT} -o json"));
    let answer = said.json();
    assert_eq!(answer["holders"][0]["kind"], "federated");
    assert_eq!(answer["holders"][0]["service_accounts"].as_array().unwrap().len(), 1);
}

/// A token that somebody mints for a service account is as good as the account's own.
#[test]
fn who_can_names_those_who_mint_tokens_of_the_role() {
    let minters = "apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: minter, namespace: shop}
rules: [{apiGroups: [''], resources: [serviceaccounts/token], resourceNames: [NAME], verbs: [create]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: minter, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: minter}
subjects: [{kind: User, name: ada, apiGroup: rbac.authorization.k8s.io}]
";
    let ask = |name: &str| {
        let asked = Asked::about(&[
            ("cluster.yaml", CLUSTER),
            ("kubernetes/accounts.yaml", ACCOUNTS),
            ("kubernetes/minter.yaml", &minters.replace("NAME", name)),
            ("aws/iam.json", &iam(&reader())),
        ]);
        let answer =
            asked.run("who-can", &format!("sts:AssumeRoleWithWebIdentity {CHECKOUT} -o json")).json();
        answer["token_minters"].as_array().unwrap().iter().any(|minter| minter["subject"]["name"] == "ada")
    };
    assert!(ask("checkout"));
    assert!(!ask("idle"));
}

#[test]
fn a_typo_in_an_action_is_told() {
    let said = asked().run("can", &format!("--as {CHECKOUT} s3:GetObjekt {ORDERS}"));
    assert_eq!(said.status, 1);
    assert!(said.stderr.contains("did you mean `s3:GetObject`?"), "{said:?}");
}

#[test]
fn misuse_is_told_with_a_way_out() {
    for (arguments, message) in [
        (format!("--as {CHECKOUT} s3:GetObject orders"), "`orders` is no resource of AWS"),
        (format!("--as {CHECKOUT} s3:GetObject {ORDERS} -n shop"), "has no namespace"),
        (format!("--as {CHECKOUT} s3:GetObject {ORDERS} --context aws:SourceVpce"), "has no value"),
        (
            "--as jane get pods --context aws:SourceVpce=vpce-1".to_owned(),
            "`--context` is for actions of AWS",
        ),
        (format!("--as jane s3:GetObject {ORDERS}"), "nobody whom AWS knows"),
        (format!("--as arn:aws:s3:::orders s3:GetObject {ORDERS}"), "is no principal"),
    ] {
        let said = asked().run("can", &arguments);
        assert_eq!(said.status, 2, "{arguments}: {said:?}");
        assert!(said.stderr.contains(message) && said.stderr.contains("hint: "), "{arguments}: {said:?}");
    }
    let said = asked().run("who-can", &format!("s3:* {ORDERS}"));
    assert_eq!(said.status, 2, "{said:?}");
}

/// What cannot be evaluated is said, and nothing is allowed by it.
#[test]
fn a_refused_policy_makes_the_answer_unknown() {
    let broken = serde_json::json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Principal": "*"}]});
    let asked = Asked::about(&[("cluster.yaml", CLUSTER), ("aws/iam.json", &iam(&broken))]);
    let said = asked.run("can", &format!("--as {CHECKOUT} s3:GetObject {ORDERS} -o json"));
    assert_eq!(said.status, 3, "{said:?}");
    assert_eq!(said.json()["decision"], "unknown");
    assert!(said.stderr.contains("an identity policy has no `Principal`"), "{said:?}");
}

/// A chain into another account is decided by both sides, the trust policy given among the resources' policies.
#[test]
fn a_role_of_another_account_is_asked_by_its_trust_policy() {
    let assume = serde_json::json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::444455556666:role/*"}]});
    let policies = |account: &str| {
        format!(
            r#"{{"ResourcePolicies": [{{"ResourceArn": "arn:aws:iam::444455556666:role/reports", "AccountId": "444455556666",
            "PolicyDocument": {{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": {{"AWS": "{account}"}},
            "Action": "sts:AssumeRole"}}]}}}}]}}"#
        )
    };
    let ask = |policies: Option<String>| {
        let iam = iam(&assume);
        let mut files = vec![("cluster.yaml", CLUSTER), ("aws/iam.json", &iam)];
        files.extend(policies.as_deref().map(|text| ("aws/policies.json", text)));
        Asked::about(&files)
            .run("can", &format!("--as {CHECKOUT} sts:AssumeRole arn:aws:iam::444455556666:role/reports"))
            .status
    };
    assert_eq!(ask(Some(policies("111122223333"))), 0);
    assert_eq!(ask(Some(policies("123456789012"))), 1);
    assert_eq!(ask(None), 3);
}

/// A resource's policy that nobody exported could let in anybody: that is said.
#[test]
fn a_policy_that_is_not_in_the_snapshot_is_told() {
    let asked = Asked::about(&[("cluster.yaml", CLUSTER), ("aws/iam.json", &iam(&reader()))]);
    let gap = "the policy of `arn:aws:s3:::orders` is not in the snapshot";
    let answer = asked.run("who-can", &format!("s3:GetObject {ORDERS} -o json")).json();
    assert!(answer["not_evaluated"].to_string().contains(gap), "{answer}");
    let answer = asked
        .run("can", &format!("--as {CHECKOUT} s3:GetObject {ORDERS} --context aws:SourceVpce=vpce-1 -o json"))
        .json();
    assert_eq!(only(&answer)["decision"], "allowed");
    assert!(only(&answer)["not_evaluated"].to_string().contains(gap), "{answer}");
}
