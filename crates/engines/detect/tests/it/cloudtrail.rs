//! The cases under `cases/detect/cloudtrail`; its README says how they are written.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;

use ringwall_detect::Detector;
use ringwall_detect::cloudtrail::{self, Listed, Lists, OnList};
use ringwall_detect::finding::Place;
use serde_json::{Value, json};

pub(crate) fn cases(folder: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../cases/detect").join(folder)
}

#[derive(Debug, Default)]
struct Known {
    listed: BTreeMap<IpAddr, Vec<Listed>>,
    aws: Vec<(Ipv4Addr, u32, String)>,
}

impl Known {
    fn of(lists: &Value) -> Self {
        let mut known = Self::default();
        for (name, by) in [("malicious", Listed::Malicious), ("custom", Listed::Custom), ("tor", Listed::Tor)]
        {
            for address in lists[name].as_array().into_iter().flatten() {
                known.listed.entry(address.as_str().unwrap().parse().unwrap()).or_default().push(by);
            }
        }
        for (range, region) in lists["aws"].as_object().into_iter().flatten() {
            let (address, bits) = range.split_once('/').unwrap();
            known.aws.push((
                address.parse().unwrap(),
                bits.parse().unwrap(),
                region.as_str().unwrap().to_owned(),
            ));
        }
        known
    }
}

impl Lists for Known {
    fn find(&self, address: IpAddr) -> Vec<OnList> {
        let on = self.listed.get(&address).into_iter().flatten();
        on.map(|by| OnList { by: *by, list: format!("{by:?}"), threats: Vec::new() }).collect()
    }

    fn knows_aws(&self) -> bool {
        !self.aws.is_empty()
    }

    fn aws_region(&self, address: IpAddr) -> Option<&str> {
        let IpAddr::V4(address) = address else { return None };
        let is_in = |(net, bits, _): &&(Ipv4Addr, u32, String)| {
            (net.to_bits() ^ address.to_bits()).checked_shr(32 - bits).unwrap_or_default() == 0
        };
        self.aws.iter().find(is_in).map(|(_, _, region)| region.as_str())
    }
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
                detector = detector.with_lists(Arc::new(Known::of(&text["lists"])));
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
