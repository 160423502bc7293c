//! The cases under `cases/detect/cloudtrail`; its README says how they are written.

use std::path::PathBuf;
use std::sync::Arc;

use ringwall_detect::Detector;
use ringwall_detect::cloudtrail;
use ringwall_detect::finding::Place;
use ringwall_detect::intel::{AwsRanges, Format, Intel, List, Role};
use serde_json::{Value, json};

pub(crate) fn cases(folder: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../cases/detect").join(folder)
}

fn intel(lists: &Value) -> Intel {
    let mut intel = Intel::default();
    for (name, role) in [("malicious", Role::Malicious), ("custom", Role::Custom), ("tor", Role::Tor)] {
        let addresses = lists[name].as_array().into_iter().flatten();
        let text: Vec<&str> = addresses.map(|address| address.as_str().unwrap()).collect();
        let (list, not) = List::read(&text.join("\n"), Format::Text);
        assert_eq!(not, []);
        intel.add(name, role, list);
    }
    let ranges = lists["aws"].as_object().into_iter().flatten();
    let ranges: Vec<Value> =
        ranges.map(|(range, region)| json!({"ip_prefix": range, "region": region})).collect();
    if !ranges.is_empty() {
        intel.set_aws(AwsRanges::read(&json!({"prefixes": ranges}).to_string()).unwrap());
    }
    intel
}

/// What differs, put into the base.
pub(crate) fn merge(base: &mut Value, change: &Value) {
    let (Some(members), Some(changes)) = (base.as_object_mut(), change.as_object()) else {
        *base = change.clone();
        return;
    };
    for (name, value) in changes {
        match (members.get_mut(name), value) {
            (_, Value::Null) => drop(members.remove(name)),
            (Some(known), value) if known.is_object() => merge(known, value),
            _ => drop(members.insert(name.clone(), value.clone())),
        }
    }
}

pub(crate) fn records(base: &Value, case: &Value) -> Vec<Value> {
    let records = case["records"].as_array().unwrap();
    let each = records.iter().enumerate().map(|(number, change)| {
        let mut record = base.clone();
        record["eventID"] = json!(format!("e-{number}"));
        record["eventTime"] = json!(format!("2026-11-02T09:{number:02}:00Z"));
        merge(&mut record, change);
        record
    });
    each.collect()
}

#[test]
fn each_case_gives_its_findings() {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(cases("cloudtrail")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut wrong, mut count) = (Vec::new(), 0);
    for file in files.iter().filter(|file| file.extension().is_some_and(|kind| kind == "json")) {
        let text: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        for case in text["cases"].as_array().unwrap() {
            count += 1;
            let mut detector = Detector::new();
            if !text["lists"].is_null() {
                detector.set_intel(Arc::new(intel(&text["lists"])));
            }
            for (record, line) in records(&text["base"], case).iter().zip(1..) {
                let place = Place { file: "trail.json".into(), line };
                cloudtrail::read(&record.to_string(), &mut |record| detector.cloudtrail(record, &place))
                    .unwrap();
            }
            let mut told: Vec<String> = detector
                .findings()
                .iter()
                .filter(|finding| !finding.evidence().is_empty())
                .map(|finding| {
                    let severity = format!("{:?}", finding.severity).to_lowercase();
                    format!("{} {severity} {}", finding.kind.name, finding.count)
                })
                .collect();
            told.sort();
            let expected: Vec<&str> =
                case["expect"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
            if told != expected {
                let name = file.file_name().unwrap().to_string_lossy();
                wrong
                    .push(format!("{name}: {}:\n  expected {expected:?}\n  told     {told:?}", case["what"]));
            }
        }
    }
    assert!(count > 100, "{count} cases");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_type_has_a_case_that_tells_it() {
    let told: String = std::fs::read_dir(cases("cloudtrail"))
        .unwrap()
        .map(|entry| String::from_utf8(std::fs::read(entry.unwrap().path()).unwrap()).unwrap())
        .collect();
    // What is only unusual has cases elsewhere.
    let alone =
        cloudtrail::KINDS.into_iter().flatten().filter(|kind| !kind.name.ends_with("/AnomalousBehavior"));
    for kind in alone {
        assert!(told.contains(&format!("\"{} ", kind.name)), "{} has no case", kind.name);
    }
}
