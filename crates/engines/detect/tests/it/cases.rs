//! Runs `cases/detect`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use ringwall_detect::Detector;
use ringwall_detect::audit;
use ringwall_detect::finding::{MAX_EVIDENCE, Place};
use ringwall_detect::intel::{Format, Intel, List, Role};
use ringwall_detect::rules::KINDS;
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    name: String,
    #[serde(default)]
    lists: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    retired: bool,
    pub(crate) events: Vec<Box<RawValue>>,
    findings: BTreeMap<String, String>,
    #[serde(default)]
    counts: BTreeMap<String, u64>,
    #[serde(default)]
    not: Vec<String>,
}

pub(crate) fn all() -> Vec<(String, Case)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../cases/detect");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let text = String::from_utf8(fs::read(&file).unwrap()).unwrap();
        for (line, number) in text.lines().zip(1..) {
            let place = format!("{}:{number}", file.file_name().unwrap().to_string_lossy());
            cases.push((
                place.clone(),
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{place}: {error}")),
            ));
        }
    }
    cases
}

fn detector(case: &Case) -> Detector {
    let mut intel = Intel::default();
    for (role, entries) in &case.lists {
        let (list, not) = List::read(&entries.join("\n"), Format::Text);
        assert_eq!(not, []);
        let of = match role.as_str() {
            "malicious" => Role::Malicious,
            "custom" => Role::Custom,
            "tor" => Role::Tor,
            "trusted" => Role::Trusted,
            other => panic!("no list is {other}"),
        };
        intel.add(role, of, list);
    }
    let mut detector = Detector::new().with_retired(case.retired);
    detector.set_intel(Arc::new(intel));
    detector
}

fn run(case: &Case) -> Detector {
    let mut detector = detector(case);
    for (event, line) in case.events.iter().zip(1..) {
        let place = Place { file: "case".into(), line };
        audit::read(event.get(), &mut |event| detector.audit(event, &place)).unwrap();
    }
    detector
}

#[test]
fn every_case_has_the_findings_that_it_names_and_no_other() {
    let mut wrong = Vec::new();
    for (place, case) in all() {
        let detector = run(&case);
        let found: BTreeMap<String, String> = detector
            .findings()
            .into_iter()
            .map(|finding| (finding.kind.name.to_owned(), finding.severity.name().to_owned()))
            .collect();
        if found != case.findings {
            wrong
                .push(format!("{place} {}\n  expected {:?}\n  found    {found:?}", case.name, case.findings));
        }
        let all = detector.findings();
        if all.len() != found.len() {
            wrong.push(format!("{place} {}: one type is told of two causes", case.name));
        }
        for finding in all {
            let count = case.counts.get(finding.kind.name);
            if count.is_some_and(|count| *count != finding.count) {
                wrong.push(format!(
                    "{place} {}: {} was counted {} times",
                    case.name, finding.kind.name, finding.count
                ));
            }
            let evidence = finding.evidence();
            assert!(!evidence.is_empty() && evidence.len() <= MAX_EVIDENCE, "{place}");
            assert!(evidence.iter().all(|event| !event.id.is_empty()), "{place}");
            let description = &finding.details.description;
            if description.is_empty() || description.contains("``") {
                wrong.push(format!("{place} {}: a gap in {description}", case.name));
            }
        }
        for name in &case.not {
            assert!(!case.findings.contains_key(name), "{place}: {name} is both");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_type_has_cases_of_both_kinds() {
    let cases = all();
    let told: BTreeSet<&str> =
        cases.iter().flat_map(|(_, case)| case.findings.keys()).map(String::as_str).collect();
    let not: BTreeSet<&str> = cases.iter().flat_map(|(_, case)| &case.not).map(String::as_str).collect();
    let kinds: BTreeSet<&str> = KINDS.iter().map(|listed| listed.kind.name).collect();
    assert_eq!(told, kinds, "what is told");
    assert_eq!(not, kinds, "what is not told");
}
