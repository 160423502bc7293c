//! The naive evaluator against AWS's documentation: condition operators, variables, and what is refused.

use serde_json::{Value, json};

use crate::naive;
use crate::naive_decisions::{USER, answer, policy};
use crate::naive_facts::FACTS;

fn asked(effect: &str, condition: &Value, context: &Value) -> (bool, Value) {
    let one = policy(json!({"Effect": effect, "Condition": condition}));
    let policies = if effect == "Allow" { json!([one]) } else { json!([policy(json!({})), one]) };
    let line = json!({
        "principal": USER, "action": "s3:GetObject", "resource": "arn:aws:s3:::b1/k", "context": context,
        "policies": {"identity": policies},
    });
    let answer = naive::evaluate(&line, &FACTS);
    assert_eq!(answer["error"], Value::Null, "{answer}");
    ((answer["decision"] == "Allowed") == (effect == "Allow"), answer["assumed"].clone())
}

/// Whether an Allow with this condition counts, and a Deny.
fn holds(condition: &Value, context: &Value) -> (bool, bool) {
    (asked("Allow", condition, context).0, asked("Deny", condition, context).0)
}

fn check(operator: &str, wanted: Value, given: Value, expected: bool) {
    let condition = json!({operator: {"aws:SourceVpce": wanted}});
    let context = if given.is_null() { json!({}) } else { json!({"aws:sourcevpce": given}) };
    assert_eq!(holds(&condition, &context), (expected, expected), "{condition} {context}");
}

#[test]
fn strings() {
    check("StringEquals", json!(["x", "a"]), json!(["a"]), true);
    check("StringEquals", json!("a*"), json!(["ab"]), false);
    check("StringEquals", json!("A"), json!(["a"]), false);
    check("StringEqualsIgnoreCase", json!("A"), json!(["a"]), true);
    check("StringNotEquals", json!(["x", "a"]), json!(["a"]), false);
    check("StringNotEquals", json!(["x", "y"]), json!(["a"]), true);
    check("StringLike", json!("a?*"), json!(["ab:c/d"]), true);
    check("StringLike", json!("a${*}"), json!(["ab"]), false);
    check("StringNotLike", json!("a*"), json!(["b"]), true);
    check("StringEquals", json!(true), json!(["true"]), true);
    check("StringEquals", json!([]), json!(["a"]), false);
}

#[test]
fn numbers_dates_booleans_bytes() {
    check("NumericLessThanEquals", json!(10), json!(["10.0"]), true);
    check("NumericGreaterThan", json!("-1.5"), json!(["-2"]), false);
    check("DateLessThan", json!("2026-03-01T00:00:00Z"), json!(["2026-02-28T23:59:59Z"]), true);
    check("DateEquals", json!("2026-01-01T01:00:00+01:00"), json!(["2026-01-01"]), true);
    check("DateGreaterThanEquals", json!("2000-02-29"), json!(["951782400"]), true);
    check("Bool", json!("TRUE"), json!(["true"]), true);
    check("BinaryEquals", json!("QmluYXJ5"), json!(["QmluYXJ5"]), true);
}

#[test]
fn addresses() {
    check("IpAddress", json!("203.0.113.0/24"), json!(["203.0.113.9"]), true);
    check("IpAddress", json!("203.0.113.9"), json!(["203.0.113.8"]), false);
    check("NotIpAddress", json!(["203.0.113.0/24", "2001:db8::/32"]), json!(["2001:DB8:1::1"]), false);
    check("IpAddress", json!("0.0.0.0/0"), json!(["2001:db8::1"]), false);
}

#[test]
fn arns_match_component_by_component() {
    check("ArnLike", json!("arn:aws:sns:*:111122223333:*"), json!(["arn:aws:sns:r:111122223333:t:s"]), true);
    check("ArnEquals", json!("arn:aws:*:111122223333:t:x"), json!(["arn:aws:sns:r:111122223333:t"]), false);
    check("ArnNotLike", json!("arn:aws:sns:r:111122223333:t"), json!(["arn:aws:sns:r:111122223333:T"]), true);
}

#[test]
fn a_key_that_is_absent() {
    check("StringEquals", json!("a"), json!(null), false);
    check("StringNotEquals", json!("a"), json!(null), true);
    check("StringEqualsIfExists", json!("a"), json!(null), true);
    check("StringEqualsIfExists", json!("a"), json!("b"), false);
    check("Null", json!("true"), json!(null), true);
    check("Null", json!(false), json!("b"), true);
    check("ForAllValues:StringEquals", json!("a"), json!(null), true);
    check("ForAnyValue:StringEquals", json!("a"), json!(null), false);
    check("ForAnyValue:StringEqualsIfExists", json!("a"), json!(null), true);
}

#[test]
fn sets() {
    check("ForAllValues:StringEquals", json!(["a", "b"]), json!(["a", "b"]), true);
    check("ForAllValues:StringEquals", json!(["a", "b"]), json!(["a", "c"]), false);
    check("ForAllValues:StringEquals", json!("a"), json!([""]), true);
    check("ForAllValues:StringNotEquals", json!(["a"]), json!(["b", "c"]), true);
    check("ForAnyValue:StringEquals", json!(["a"]), json!(["b", "a"]), true);
    check("ForAnyValue:StringNotEquals", json!(["a"]), json!(["a", "b"]), true);
    check("ForAnyValue:StringNotEquals", json!(["a"]), json!(["a"]), false);
    check("ForAnyValue:StringLike", json!("*"), json!([]), false);
}

#[test]
fn what_cannot_be_compared_is_against_the_caller() {
    let (no, yes) = ((false, true), (true, true));
    let at = |operator: &str, wanted: Value, given: Value| {
        holds(&json!({operator: {"aws:SourceVpce": wanted}}), &json!({"aws:SourceVpce": given}))
    };
    assert_eq!(at("NumericEquals", json!("abc"), json!("1")), no);
    assert_eq!(at("NumericNotEquals", json!("1"), json!("abc")), no);
    assert_eq!(at("NumericEquals", json!(["abc", 1]), json!("1")), yes);
    assert_eq!(at("StringEquals", json!("a"), json!(["a", "b"])), no);
    assert_eq!(at("StringEquals", json!("c"), json!(["a", "b"])), (false, false));
    let tags = json!({"StringEquals": {"aws:TagKeys": "a"}});
    assert_eq!(holds(&tags, &json!({"aws:TagKeys": ["a"]})), no);
}

#[test]
fn blocks_and_keys_all_hold() {
    let both = json!({"StringEquals": {"aws:a": "1", "aws:b": "2"}, "Bool": {"aws:c": "true"}});
    assert_eq!(holds(&both, &json!({"aws:a": "1", "aws:b": "2", "aws:c": "true"})), (true, true));
    assert_eq!(holds(&both, &json!({"aws:a": "1", "aws:b": "2", "aws:c": "false"})), (false, false));
}

#[test]
fn variables() {
    let get = |version: &str, resource: &str, context: Value| {
        let mut one = policy(json!({"Resource": resource}));
        one["policy"]["Version"] = json!(version);
        let line = json!({
            "principal": USER, "action": "s3:GetObject", "resource": "arn:aws:s3:::b1/u1", "context": context,
            "policies": {"identity": [one]},
        });
        naive::evaluate(&line, &FACTS)["decision"] == "Allowed"
    };
    let version = "2012-10-17";
    assert!(get(version, "arn:aws:s3:::b1/${aws:UserName}", json!({})));
    assert!(!get("2008-10-17", "arn:aws:s3:::b1/${aws:UserName}", json!({})));
    assert!(get(version, "arn:aws:s3:::b1/${aws:PrincipalTag/t, 'u1'}", json!({})));
    assert!(!get(version, "arn:aws:s3:::b1/${aws:PrincipalTag/t}", json!({})));
    assert!(!get(version, "arn:aws:s3:::b1/${aws:PrincipalTag/t}", json!({"aws:PrincipalTag/t": "*"})));
    assert!(!get(version, "arn:aws:s3:::b1/${aws:TagKeys}", json!({"aws:TagKeys": ["u1"]})));

    let same = json!({"StringEquals": {"aws:PrincipalTag/t": "${aws:RequestTag/t}"}});
    assert_eq!(holds(&same, &json!({"aws:PrincipalTag/t": "1", "aws:RequestTag/t": "1"})), (true, true));
    assert_eq!(holds(&same, &json!({"aws:PrincipalTag/t": "1"})), (false, false));
}

#[test]
fn the_request_tells_some_keys() {
    let told = json!({"StringEquals": {
        "aws:PrincipalArn": USER, "aws:PrincipalAccount": "111122223333", "aws:username": "u1",
        "aws:PrincipalType": "User", "aws:ResourceAccount": "111122223333", "aws:PrincipalIsAWSService": "false",
    }});
    let (holds, assumed) = asked("Allow", &told, &json!({}));
    assert!(holds);
    assert_eq!(assumed, json!(["aws:ResourceAccount is the principal's own"]));
    let other = json!({"StringEquals": {"aws:username": "other"}});
    assert!(asked("Allow", &other, &json!({"aws:username": ["other"]})).0);
}

#[test]
fn what_is_absent_is_told_once() {
    let condition = json!({
        "StringNotEquals": {"aws:SourceVpce": "a", "aws:x": "${aws:y, 'd'}"}, "Null": {"aws:SourceVpce": "true"},
    });
    let (holds, assumed) = asked("Allow", &condition, &json!({}));
    assert!(holds);
    assert_eq!(assumed, json!(["aws:SourceVpce absent", "aws:x absent", "aws:y absent"]));
}

#[test]
fn what_aws_refuses_is_an_error() {
    let refused = |layer: &str, statement: Value| {
        let policy = json!({"name": "p", "policy": {"Statement": statement}});
        let policies = if layer == "resource" { json!({layer: policy}) } else { json!({layer: [policy]}) };
        answer(json!(USER), "s3:GetObject", "arn:aws:s3:::b1/k", policies)["error"].is_string()
    };
    let allow = |with: Value| policy(with)["policy"]["Statement"].clone();
    assert!(!refused("identity", allow(json!({}))));
    assert!(!refused(
        "identity",
        json!([allow(json!({"Sid": "a"})), allow(json!({"Sid": "b", "Action": []}))])
    ));
    assert!(!refused("resource", allow(json!({"Sid": "a b", "Principal": "*"}))));
    for (layer, statement) in [
        ("identity", json!([])),
        ("identity", json!([allow(json!({"Sid": "a"})), allow(json!({"Sid": "a"}))])),
        ("identity", allow(json!({"Sid": "a b"}))),
        ("identity", allow(json!({"Effect": "allow"}))),
        ("identity", allow(json!({"NotAction": "*"}))),
        ("identity", allow(json!({"Resource": null}))),
        ("identity", allow(json!({"Resource": "b1"}))),
        ("identity", allow(json!({"Principal": "*"}))),
        ("identity", allow(json!({"Other": "*"}))),
        ("identity", allow(json!({"Action": 1}))),
        ("identity", allow(json!({"Condition": {"StringSame": {"a": "b"}}}))),
        ("identity", allow(json!({"Condition": {"NullIfExists": {"a": "true"}}}))),
        ("identity", allow(json!({"Condition": {"Bool": {"a": "true", "A": "true"}}}))),
        ("identity", allow(json!({"Condition": {"Bool": {"a": null}}}))),
        ("resource", allow(json!({}))),
        ("resource", allow(json!({"Principal": {"AWS": "arn:aws:iam::111122223333:user/*"}}))),
        ("resource", allow(json!({"Principal": {"User": "*"}}))),
        ("resource", allow(json!({"Principal": "*", "NotPrincipal": "*"}))),
    ] {
        assert!(refused(layer, statement.clone()), "{layer} {statement}");
    }
}
