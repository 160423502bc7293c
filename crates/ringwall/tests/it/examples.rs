//! The example clusters: each planted mistake is found at its spot, and the cluster put right has none.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::snapshot::run;

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().join("examples").join(name)
}

fn assess(name: &str, rest: &[&str]) -> Value {
    let mut arguments = vec!["assess".to_owned(), example(name).to_str().unwrap().to_owned()];
    arguments.extend(["--output".to_owned(), "json".to_owned()]);
    arguments.extend(rest.iter().map(|text| (*text).to_owned()));
    let said = run(&arguments, "");
    assert_eq!((said.status, said.stderr.as_str()), (0, ""), "{name}");
    said.json()
}

fn failures(report: &Value) -> Vec<&Value> {
    report["results"].as_array().unwrap().iter().filter(|result| result["result"] == "fail").collect()
}

/// Spots that a result names: its own and those of its reasons.
fn spots(result: &Value) -> BTreeSet<(String, u64)> {
    let spot = |value: &Value| Some((value["file"].as_str()?.to_owned(), value["line"].as_u64()?));
    let reasons = result["reasons"].as_array().unwrap();
    reasons.iter().chain([&result["object"]]).filter_map(spot).collect()
}

/// How far above or below the object's or rule's first line the mistake itself may be written.
const NEAR: u64 = 12;

/// Rows of the README's first table: check, file, line, command.
fn planted() -> Vec<(String, String, u64, String)> {
    let readme = fs::read(example("storefront").join("README.md")).unwrap();
    let readme = String::from_utf8(readme).unwrap();
    let cells =
        |line: &str| line.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect::<Vec<_>>();
    let rows = readme.lines().filter(|line| line.starts_with("| ")).map(cells);
    rows.filter(|row| row.len() > 6 && row[1].parse::<u32>().is_ok())
        .map(|row| {
            let (file, line) = row[5].rsplit_once(':').unwrap();
            (row[2].clone(), file.to_owned(), line.parse().unwrap(), row[6].clone())
        })
        .collect()
}

#[test]
fn storefront_has_every_planted_mistake_at_its_spot() {
    let report = assess("storefront", &[]);
    let planted = planted();
    assert!(planted.len() > 12, "the README lists the mistakes");
    for (check, file, line, _) in &planted {
        let of_check: Vec<_> =
            failures(&report).into_iter().filter(|result| result["check"] == **check).collect();
        let near = |result: &&Value| {
            spots(result).iter().any(|(at, spot)| at == file && spot.abs_diff(*line) <= NEAR)
        };
        assert!(of_check.iter().any(near), "{check} at {file}:{line} is not among {of_check:#?}");
    }
    let listed: BTreeSet<&str> = planted.iter().map(|(check, ..)| check.as_str()).collect();
    let found: BTreeSet<&str> =
        failures(&report).iter().map(|result| result["check"].as_str().unwrap()).collect();
    assert_eq!(found, listed, "the README lists each check that fails");
}

#[test]
fn every_command_of_the_readme_runs() {
    for (check, _, _, command) in planted() {
        let mut words = command.split_whitespace().map(str::to_owned);
        assert_eq!(words.next().as_deref(), Some("ringwall"), "{check}: {command}");
        let said = run(&words.collect::<Vec<_>>(), "");
        assert!(matches!(said.status, 0 | 1 | 3) && !said.stdout.is_empty(), "{check}: {command}: {said:?}");
    }
}

/// What a mistake of the network opens or closes is the other way round in the cluster put right.
#[test]
fn reach_shows_each_mistake_and_that_it_is_put_right() {
    let mut asked = 0;
    for (check, _, _, command) in planted() {
        let Some(question) = command.strip_prefix("ringwall reach examples/storefront ") else { continue };
        let status = |cluster: &str| {
            let question = question.split_whitespace().map(str::to_owned);
            let arguments = ["reach".to_owned(), format!("examples/{cluster}")].into_iter().chain(question);
            run(&arguments.collect::<Vec<_>>(), "").status
        };
        let (before, after) = (status("storefront"), status("hardened"));
        assert!(matches!((before, after), (0, 1) | (1, 0)), "{check}: {command}: {before}, then {after}");
        asked += 1;
    }
    assert!(asked > 5, "the README asks");
}

#[test]
fn hardened_has_none_of_them() {
    let report = assess("hardened", &[]);
    let failed: Vec<String> =
        failures(&report).iter().map(|result| format!("{}: {}", result["check"], result["why"])).collect();
    assert_eq!(failed, Vec::<String>::new());
    assert!(report["results"].as_array().unwrap().len() > 20, "the checks were judged");
}

#[test]
fn a_severity_fails_the_command_when_asked() {
    let folder = example("storefront").to_str().unwrap().to_owned();
    let assess = |rest: &[&str]| {
        let mut arguments = vec!["assess".to_owned(), folder.clone()];
        arguments.extend(rest.iter().map(|text| (*text).to_owned()));
        run(&arguments, "")
    };
    assert_eq!(assess(&["--fail-on", "critical"]).status, 1);
    assert_eq!(assess(&["--check", "mapping-shadowed", "--fail-on", "medium"]).status, 0);
    let unknown = assess(&["--check", "rbac-escalat"]);
    assert_eq!(unknown.status, 2);
    assert_eq!(unknown.stderr, "error: unknown check `rbac-escalat`\n hint: did you mean `rbac-escalate`?\n");
}

#[test]
fn the_report_keeps_its_shape() {
    let report = assess("storefront", &["--check", "rbac-nodes-proxy"]);
    insta::assert_json_snapshot!(report["results"]);
    let keys: Vec<&String> = report.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        ["version", "cluster", "principals", "roles", "results", "not_evaluated", "problems", "logs"]
    );
}

#[test]
fn the_text_reads_as_it_should() {
    insta::assert_snapshot!(run(&["assess".to_owned(), "examples/storefront".to_owned()], "").stdout);
}

/// Every line of the README's tour is a line that the command prints, in the same order.
#[test]
fn the_readme_shows_real_output() {
    let repository = example("").parent().unwrap().to_owned();
    let readme = String::from_utf8(fs::read(repository.join("README.md")).unwrap()).unwrap();
    let mut lines = readme.lines().peekable();
    let mut tours = 0;
    while let Some(line) = lines.next() {
        let Some(command) = line.strip_prefix("    $ ringwall ") else { continue };
        tours += 1;
        let said = run(&command.split_whitespace().map(str::to_owned).collect::<Vec<_>>(), "");
        // Findings are on standard output, what was read on standard error.
        let both = said.stdout + &said.stderr;
        let mut printed = both.lines();
        while let Some(shown) = lines.next_if(|line| line.is_empty() || line.starts_with("    ")) {
            let shown = shown.strip_prefix("    ").unwrap_or_default();
            if !shown.is_empty() && shown.trim() != "…" {
                assert!(printed.any(|line| line == shown), "`{command}` does not print `{shown}` there");
            }
        }
    }
    assert!(tours >= 3, "the README has a tour");
}
