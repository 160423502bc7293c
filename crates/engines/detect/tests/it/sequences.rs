//! The cases under `cases/detect/sequences`; its README says how they are written.

use std::path::PathBuf;

use ringwall_detect::finding::Place;
use ringwall_detect::{Detector, audit, cloudtrail, sequence};
use serde_json::{Value, json};

use crate::cloudtrail::{cases, merge};

/// The lines of one log: what differs, put into its base.
pub(crate) fn lines(base: &Value, changes: &Value, id: &str, time: &str) -> Vec<String> {
    let each = changes.as_array().into_iter().flatten().enumerate().map(|(number, change)| {
        let mut line = base.clone();
        line[id] = json!(format!("{id}-{number}"));
        line[time] = json!(format!("2026-11-02T09:{number:02}:00Z"));
        merge(&mut line, change);
        line.to_string()
    });
    each.collect()
}

fn told(file: &Value, case: &Value, trail_first: bool) -> Vec<String> {
    let events = lines(&file["event"], &case["audit"], "auditID", "requestReceivedTimestamp");
    let records = lines(&file["record"], &case["cloudtrail"], "eventID", "eventTime");
    let mut detector = Detector::new();
    for of_trail in [trail_first, !trail_first] {
        let (name, lines) = if of_trail { ("trail", &records) } else { ("audit", &events) };
        for (text, line) in lines.iter().zip(1..) {
            let place = Place { file: name.into(), line };
            if of_trail {
                cloudtrail::read(text, &mut |record| detector.cloudtrail(record, &place)).unwrap();
            } else {
                audit::read(text, &mut |event| detector.audit(event, &place)).unwrap();
            }
        }
    }
    let kinds = sequence::kinds();
    let findings = detector.findings();
    let of_several = findings.iter().filter(|finding| kinds.contains(&finding.kind));
    let mut told: Vec<String> = of_several
        .map(|finding| {
            let mut files: Vec<&str> = finding.evidence().iter().map(|one| &*one.place.file).collect();
            files.sort_unstable();
            files.dedup();
            assert!(finding.count >= 2 && finding.evidence().len() >= 2, "it rests on several");
            let severity = format!("{:?}", finding.severity).to_lowercase();
            format!("{} {severity} {}", finding.kind.name, files.join(" "))
        })
        .collect();
    told.sort();
    told
}

#[test]
fn each_case_gives_its_sequences_whichever_log_comes_first() {
    let folder = std::fs::read_dir(cases("sequences")).unwrap();
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut wrong, mut count) = (Vec::new(), 0);
    for path in files.iter().filter(|file| file.extension().is_some_and(|kind| kind == "json")) {
        let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        for case in file["cases"].as_array().unwrap() {
            count += 1;
            let mut expected: Vec<&str> =
                case["expect"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
            expected.sort_unstable();
            for trail_first in [false, true] {
                let told = told(&file, case, trail_first);
                if told != expected {
                    wrong.push(format!(
                        "{} (trail first: {trail_first}):\n  expected {expected:?}\n  told     {told:?}",
                        case["what"]
                    ));
                }
            }
        }
    }
    assert!(count > 30, "{count} cases");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
