//! `detect` with Sigma rules of somebody's own.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::snapshot::{Said, run};

const RULE: &str = "title: Somebody has a shell\nid: shell\nlevel: high\nlogsource: {product: kubernetes, service: audit}\n\
    detection: {s: {objectRef.subresource: exec}, condition: s}\n";

fn exec(id: &str, user: &str, minute: u32) -> String {
    format!(
        r#"{{"auditID":"{id}","stage":"ResponseComplete","verb":"create","requestURI":"/api/v1/namespaces/shop/pods/web/exec","user":{{"username":"{user}"}},"objectRef":{{"resource":"pods","subresource":"exec","namespace":"shop","name":"web"}},"responseStatus":{{"code":101}},"requestReceivedTimestamp":"2026-10-12T{:02}:{:02}:12.345678Z"}}"#,
        minute / 60,
        minute % 60
    )
}

/// A folder with a log and rules.
fn folder(rule: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let log =
        [exec("a", "ann", 0), exec("b", "ann", 60), exec("b", "ann", 60), exec("c", "bob", 120)].join("\n");
    fs::write(folder.path().join("audit.log"), log).unwrap();
    fs::create_dir(folder.path().join("rules")).unwrap();
    fs::write(folder.path().join("rules/shell.yml"), rule).unwrap();
    folder
}

fn detect(folder: &Path, rest: &str) -> Said {
    let here = folder.to_str().unwrap();
    let mut arguments = vec!["detect".to_owned(), format!("{here}/audit.log")];
    arguments.extend(rest.split_whitespace().map(|word| word.replace("HERE", here)));
    run(&arguments, "")
}

fn of_rules(said: &Said) -> Vec<Value> {
    let lines = said.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line.get("rule").is_some()).collect()
}

#[test]
fn matches_are_findings_and_a_dry_run_fails_nothing() {
    let folder = folder(RULE);
    for (rules, mode, status) in [("HERE/rules", "LIVE", 1), ("dry-run=HERE/rules", "DRY_RUN", 0)] {
        let said = detect(folder.path(), &format!("--rules {rules} --output json --fail-on high"));
        assert_eq!(said.status, status, "{said:?}");
        let told = of_rules(&said);
        let counts: Vec<_> = told.iter().map(|one| one["service"]["count"].as_u64().unwrap()).collect();
        assert_eq!(counts, [2, 1], "what comes twice counts once");
        for one in &told {
            assert_eq!(one["rule"]["mode"], mode);
            assert_eq!(one["customDetectionRuleName"], "Somebody has a shell");
            assert!(one["evidence"][0]["line"].is_u64(), "{one}");
        }
    }
    let text = detect(folder.path(), "--rules dry-run=HERE/rules").stdout;
    assert!(text.contains("Custom:Kubernetes/Ringwall.SigmaRule  (dry run)"), "{text}");
}

#[test]
fn a_mistake_in_a_rule_is_told_before_any_log_is_read() {
    let folder = folder(&RULE.replace("condition: s", "condition: t"));
    for flag in ["--rules", "--backtest"] {
        let said = detect(folder.path(), &format!("{flag} HERE/rules"));
        assert_eq!((said.status, said.stdout.as_str()), (2, ""), "{said:?}");
        assert!(said.stderr.contains("rules/shell.yml:5: ") && said.stderr.contains("1 mistake"), "{said:?}");
    }
}

#[test]
fn a_back_test_tells_of_each_rule() {
    let quiet = "---\ntitle: Never\nid: never\nlogsource: {product: aws, service: cloudtrail}\ndetection: {s: {eventName: X}, condition: s}\n";
    let folder = folder(&format!("{RULE}{quiet}"));
    let said = detect(folder.path(), "--backtest HERE/rules --output json");
    assert_eq!(said.status, 0, "{said:?}");
    let told = of_rules(&said);
    let [shell, never] = told.as_slice() else { panic!("{said:?}") };
    let numbers = |one: &Value| ["events", "matches", "findings"].map(|name| one[name].as_u64().unwrap());
    assert_eq!((numbers(shell), numbers(never)), ([3, 3, 2], [0, 0, 0]));
    assert_eq!(shell["most"], serde_json::json!({"name": "ann", "matches": 2, "share": 0.67}));
    assert_eq!(shell["matchesADay"], 36.0);
    assert_eq!((&shell["first"], &shell["noisy"]), (&"2026-10-12T00:00:12.345Z".into(), &false.into()));
    assert_eq!(shell["evidence"][1]["auditID"], "b");
    assert_eq!(detect(folder.path(), "--backtest HERE/rules --fail-on high").status, 1);
    assert_eq!(detect(folder.path(), "--backtest HERE/rules --fail-on critical").status, 0);
    assert_eq!(detect(folder.path(), "--backtest HERE/rules --output ocsf").status, 2);
    let text = detect(folder.path(), "--backtest HERE/rules").stdout;
    assert!(text.contains("3 matches of 3 events, 2 findings; a day 36.0 matches, 24.0 findings"), "{text}");
    assert!(
        text.contains("67 % by ann: a filter for that leaves 1") && text.contains("matched nothing"),
        "{text}"
    );
}
