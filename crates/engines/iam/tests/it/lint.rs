//! The cases under `cases/iam-lint`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use ringwall_iam::PolicyKind;
use ringwall_iam::lint::{Finding, checks, guess_kind, lint};
use ringwall_model::Source;
use serde_json::{Map, Value, json};

use crate::tree::tree;

/// 2026-01-01T00:00:00Z.
const NOW: i64 = 1_767_225_600_000;

fn kind(name: &str) -> PolicyKind {
    match name {
        "identity" => PolicyKind::Identity,
        "resource" => PolicyKind::Resource,
        "trust" => PolicyKind::Trust,
        "scp" => PolicyKind::Scp,
        "rcp" => PolicyKind::Rcp,
        "boundary" => PolicyKind::Boundary,
        "session" => PolicyKind::Session,
        "endpoint" => PolicyKind::VpcEndpoint,
        other => unreachable_type(other),
    }
}

fn unreachable_type(name: &str) -> PolicyKind {
    assert_eq!(name, "", "unknown type");
    PolicyKind::Identity
}

/// The policy of an item, completed as the README of the cases says.
fn policy(kind: PolicyKind, item: &Value) -> Value {
    if item.get("Statement").is_some() {
        return item.clone();
    }
    let mut statement = Map::new();
    statement.insert("Effect".into(), "Allow".into());
    statement.insert("Action".into(), "s3:GetObject".into());
    if kind != PolicyKind::Trust {
        statement.insert("Resource".into(), "arn:aws:s3:::data/*".into());
    }
    match kind {
        PolicyKind::Resource | PolicyKind::Trust | PolicyKind::VpcEndpoint => {
            statement.insert("Principal".into(), json!({"AWS": "111122223333"}));
        }
        PolicyKind::Rcp => {
            statement.insert("Principal".into(), "*".into());
        }
        _ => {}
    }
    for (key, value) in item.as_object().unwrap() {
        match value {
            Value::Null => drop(statement.remove(key)),
            _ => drop(statement.insert(key.clone(), value.clone())),
        }
    }
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

fn findings(kind: PolicyKind, policy: &Value) -> Vec<Finding> {
    lint(kind, &tree(policy), &Source::new("policy.json", 1), Some(NOW))
}

#[test]
fn each_check_finds_what_it_is_for_and_nothing_else() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../cases/iam-lint");
    let mut wrong = Vec::new();
    let (mut fired, mut silent) = (BTreeSet::new(), BTreeSet::new());
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "json") {
            continue;
        }
        let cases: Vec<Value> = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        for case in cases {
            let (check, kind) = (case["check"].as_str().unwrap(), kind(case["type"].as_str().unwrap()));
            for (key, expected) in [("fires", true), ("silent", false)] {
                for item in case[key].as_array().unwrap() {
                    let policy = policy(kind, item);
                    let found = findings(kind, &policy);
                    if found.iter().any(|finding| finding.check == check) != expected {
                        let ids: Vec<&str> = found.iter().map(|finding| finding.check).collect();
                        wrong.push(format!("{check} {key}: {item} has {ids:?}"));
                    }
                    if expected {
                        fired.insert(check.to_owned())
                    } else {
                        silent.insert(check.to_owned())
                    };
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let all: BTreeSet<String> = checks::ALL.iter().map(|check| check.id.to_owned()).collect();
    assert_eq!(fired, all, "each check has cases in which it fires");
    assert_eq!(silent, all, "each check has cases in which it is silent");
}

#[test]
fn each_check_is_documented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/reference/iam-lint.md");
    let text = String::from_utf8(fs::read(path).unwrap()).unwrap();
    for check in checks::ALL {
        assert!(text.contains(&format!("| `{}` | {} |", check.id, check.level)), "{}", check.id);
    }
}

#[test]
fn the_content_tells_the_kind() {
    let guess = |statement: Value| guess_kind(&tree(&json!({"Statement": statement})));
    assert_eq!(guess(json!({"Action": "s3:GetObject", "Resource": "*"})), PolicyKind::Identity);
    assert_eq!(guess(json!({"Action": "s3:GetObject", "Principal": "*"})), PolicyKind::Resource);
    assert_eq!(
        guess(json!({"Action": ["STS:AssumeRole", "sts:TagSession"], "Principal": "*"})),
        PolicyKind::Trust
    );
    assert_eq!(guess(json!({"NotAction": "sts:AssumeRole", "Principal": "*"})), PolicyKind::Resource);
}

#[test]
fn a_broken_statement_costs_itself_alone() {
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "allow", "Action": "s3:GetObject", "Resource": "*"},
        {"Sid": "Typo", "Effect": "Allow", "Action": "s3:GetObjects", "Resource": "*"},
    ]});
    let found = findings(PolicyKind::Identity, &policy);
    let ids: Vec<_> = found.iter().map(|finding| (finding.check, finding.statement)).collect();
    assert!(ids.contains(&("refused", None)) && ids.contains(&("action-unknown", Some(1))), "{ids:?}");
    assert!(found.iter().any(|finding| finding.sid.as_deref() == Some("Typo")));
    assert!(found.iter().any(|finding| finding.hint == "did you mean `s3:GetObject`?"), "{found:#?}");
}

#[test]
fn hostile_policies_cost_bounded_time() {
    let begun = std::time::Instant::now();
    let stars =
        |count: usize| (0..count).map(|at| format!("s3:{}*{at}*", "*a*b".repeat(20))).collect::<Vec<_>>();
    let arns =
        |count: usize| (0..count).map(|at| format!("arn:*:{}{at}*", "*a*b".repeat(20))).collect::<Vec<_>>();
    let statement = json!({"Effect": "Allow", "Action": stars(500), "Resource": arns(500)});
    let many: Vec<Value> = (0..600)
        .map(|at| json!({"Effect": "Allow", "Action": format!("ec2:*{at}*"), "Resource": "arn:aws:ec2:*"}))
        .collect();
    for policy in [json!({"Statement": [statement]}), json!({"Statement": many})] {
        assert!(findings(PolicyKind::Identity, &policy).len() <= 500);
    }
    // An optimised build takes far below a second.
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}
