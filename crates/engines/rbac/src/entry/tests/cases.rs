//! The cases under `cases/entry/`.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value as Json;

use super::input::mappings;
use crate::entry::{Caller, FlawKind, Identification, Identity, Mappings};

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../cases/entry");

fn read(file: &Path) -> Vec<Json> {
    let json: Json = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    json["cases"].as_array().unwrap().clone()
}

fn files() -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(CASES).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files
}

fn caller(json: &Json) -> Caller<'_> {
    let text = |key: &str| json.get(key).map(|value| value.as_str().unwrap());
    Caller {
        unique_id: text("uniqueId"),
        access_key_id: text("accessKeyId"),
        private_dns_name: text("privateDnsName"),
        ..Caller::new(text("arn").unwrap().parse().unwrap())
    }
}

fn check_identity(identity: &Identity, expect: &Json, spot: &str) {
    let mut groups: Vec<Json> = identity.user.groups.iter().map(|group| group.as_str().into()).collect();
    // Every case leaves out what the apiserver adds to everybody.
    assert_eq!(groups.pop().as_ref().and_then(Json::as_str), Some("system:authenticated"), "{spot}");
    assert_eq!(Json::from(identity.user.name.as_str()), expect["user"], "{spot}");
    assert_eq!(
        Json::from(groups),
        expect.get("groups").cloned().unwrap_or_else(|| Json::Array(vec![])),
        "{spot}"
    );
    let policies: Vec<Json> = identity.policies.iter().map(|policy| (*policy.name).into()).collect();
    let expected = expect.get("policies").cloned().unwrap_or_else(|| Json::Array(vec![]));
    assert_eq!(Json::from(policies), expected, "{spot}");
    let open: Vec<Json> = identity.open.iter().map(|open| open.text().into()).collect();
    assert_eq!(
        Json::from(open),
        expect.get("open").cloned().unwrap_or_else(|| Json::Array(vec![])),
        "{spot}"
    );
    let flag = |key: &str| expect.get(key).map_or(key != "otherwise", |value| value.as_bool().unwrap());
    assert_eq!(identity.certain, flag("certain"), "certain: {spot}");
    assert_eq!(identity.complete, flag("complete"), "complete: {spot}");
    assert!(!identity.reasons.is_empty(), "{spot}");
    if let Some(line) = expect.get("line") {
        assert_eq!(Json::from(identity.reasons[0].source.line), *line, "{spot}");
    }
    let others: Vec<Json> = identity.otherwise.iter().map(|other| other.user.name.as_str().into()).collect();
    assert_eq!(
        Json::from(others),
        expect.get("otherwise").cloned().unwrap_or_else(|| Json::Array(vec![])),
        "{spot}"
    );
}

fn check_caller(mappings: &Mappings, json: &Json, spot: &str) {
    let expect = &json["expect"];
    match (mappings.identify(&caller(json)), expect.as_str()) {
        (Identification::Mapped(identity), None) => check_identity(&identity, expect, spot),
        (Identification::NotMapped { not_evaluated, why, .. }, Some("refused")) => {
            assert!(not_evaluated.is_empty(), "{spot}: {not_evaluated:?}");
            if let Some(needed) = json.get("why") {
                let needed = needed.as_str().unwrap();
                assert!(why.iter().any(|line| line.contains(needed)), "{spot}: {why:?}");
            }
        }
        (Identification::NotMapped { not_evaluated, .. }, Some("unknown")) => {
            assert!(!not_evaluated.is_empty(), "{spot}");
        }
        (got, expected) => panic!("{spot}: {got:?}, expected {expected:?}"),
    }
}

/// Each flaw as `check`, with ` never` behind it if it keeps the mapping from taking effect.
fn flaws(mappings: &Mappings) -> Vec<String> {
    let of_mappings = mappings.all().iter().flat_map(|mapping| &mapping.flaws);
    let found = mappings.flaws().iter().chain(of_mappings);
    let mut found: Vec<String> = found
        .map(|flaw| format!("{}{}", flaw.kind.check(), if flaw.never { " never" } else { "" }))
        .collect();
    found.sort();
    found
}

#[test]
fn every_case_holds() {
    let mut count = 0;
    for file in files() {
        for case in read(&file) {
            let name = case["name"].as_str().unwrap();
            let spot = format!("{} `{name}`", file.file_name().unwrap().display());
            let mappings = mappings(&case);
            for (number, json) in case["callers"].as_array().into_iter().flatten().enumerate() {
                check_caller(&mappings, json, &format!("{spot}, caller {number}"));
                count += 1;
            }
            if let Some(expected) = case.get("flaws") {
                let mut expected: Vec<String> = serde_json::from_value(expected.clone()).unwrap();
                expected.sort();
                assert_eq!(flaws(&mappings), expected, "{spot}");
            }
            for needed in case["notEvaluated"].as_array().into_iter().flatten() {
                let needed = needed.as_str().unwrap();
                let lines = mappings.not_evaluated();
                assert!(lines.iter().any(|line| line.contains(needed)), "{spot}: `{needed}` in {lines:?}");
            }
        }
    }
    assert!(count > 60, "only {count} callers: are the cases there?");
}

#[test]
fn every_kind_of_flaw_has_a_case() {
    let seen: BTreeSet<FlawKind> = files()
        .iter()
        .flat_map(|file| read(file))
        .flat_map(|case| {
            let mappings = mappings(&case);
            let kinds =
                mappings.flaws().iter().chain(mappings.all().iter().flat_map(|mapping| &mapping.flaws));
            kinds.map(|flaw| flaw.kind).collect::<Vec<_>>()
        })
        .collect();
    let missing: Vec<_> = FlawKind::ALL.into_iter().filter(|kind| !seen.contains(kind)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_flaw_names_its_value() {
    for case in files().iter().flat_map(|file| read(file)) {
        let mappings = mappings(&case);
        for flaw in mappings.flaws().iter().chain(mappings.all().iter().flat_map(|mapping| &mapping.flaws)) {
            let text = &flaw.text;
            assert!(text.contains('`') || text.starts_with("the entry is"), "{text}");
            assert!(!text.ends_with('.') && !text.contains('\n') && !text.contains("  "), "{text}");
        }
    }
}
