//! The story under `cases/detect/story`: its findings, and its timeline.

use std::fmt::Write;

use proptest::prelude::*;
use ringwall_detect::finding::{Finding, Log, Place};
use ringwall_detect::timeline::{Identities, Story};
use ringwall_detect::{Detector, audit, cloudtrail};

use crate::cloudtrail::cases;

/// The lines of the audit log with their places, and the trail's file.
pub(crate) fn logs() -> (Vec<(String, Place)>, String) {
    let read = |name: &str| String::from_utf8(std::fs::read(cases("story").join(name)).unwrap()).unwrap();
    let lines = read("audit.jsonl");
    let place = |line| Place { file: "audit.jsonl".into(), line };
    (lines.lines().map(str::to_owned).zip((1..).map(place)).collect(), read("cloudtrail.json"))
}

pub(crate) fn each_record(trail: &str, mut each: impl FnMut(&cloudtrail::Record<'_>, &Place)) {
    let mut line = 0;
    cloudtrail::read(trail, &mut |record| {
        line += 1;
        each(record, &Place { file: "cloudtrail.json".into(), line });
    })
    .unwrap();
}

/// By log after log, as `detect FILE FILE` reads them, or the other way round.
fn detect(trail_first: bool) -> Detector {
    let (events, trail) = logs();
    let mut detector = Detector::new();
    if trail_first {
        each_record(&trail, |record, place| detector.cloudtrail(record, place));
    }
    for (line, place) in &events {
        audit::read(line, &mut |event| detector.audit(event, place)).unwrap();
    }
    if !trail_first {
        each_record(&trail, |record, place| detector.cloudtrail(record, place));
    }
    detector
}

fn told(finding: &Finding) -> String {
    let mut files: Vec<&str> = finding.evidence().iter().map(|one| &*one.place.file).collect();
    files.sort_unstable();
    files.dedup();
    let severity = format!("{:?}", finding.severity).to_lowercase();
    format!(
        "{} ({severity}, {} times, {})\n  {}",
        finding.kind.name,
        finding.count,
        files.join(" and "),
        finding.details.description
    )
}

#[test]
fn the_intrusion_is_found() {
    let detector = detect(false);
    let findings = detector.findings();
    let of_trail = findings.iter().filter(|finding| finding.kind.log != Log::Audit);
    insta::assert_snapshot!(of_trail.map(|finding| told(finding)).collect::<Vec<_>>().join("\n"));
    let sequence =
        findings.iter().find(|one| one.kind.name == "AttackSequence:EKS/CompromisedCluster").unwrap();
    let parts = sequence.details.sequence.as_ref().unwrap();
    let signals = parts.signals.iter().map(|one| format!("{} {} {}", one.stage, one.name, one.count));
    let indicators = parts.indicators.iter().map(|(key, values)| format!("{key}: {}", values.join(", ")));
    insta::assert_snapshot!(signals.chain(indicators).collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_order_of_files_is_no_matter_for_what_is_told() {
    let names = |detector: &Detector| {
        let mut names: Vec<&str> = detector.findings().iter().map(|finding| finding.kind.name).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names(&detect(true)), names(&detect(false)));
}

fn timeline(who: &str) -> Story {
    let (events, trail) = logs();
    let mut identities = Identities::default();
    each_record(&trail, |record, place| identities.cloudtrail(record, place));
    for (line, place) in &events {
        audit::read(line, &mut |event| identities.audit(event, place)).unwrap();
    }
    let mut followed = identities.follow(who);
    for (line, place) in &events {
        audit::read(line, &mut |event| followed.audit(event, place)).unwrap();
    }
    each_record(&trail, |record, place| followed.cloudtrail(record, place));
    followed.story(&detect(false).findings())
}

fn text(story: &Story) -> String {
    let mut text = String::new();
    for known in &story.identities {
        writeln!(text, "{known}").unwrap();
    }
    for entry in &story.entries {
        let seconds = entry.time.unwrap() / 1000 % 86_400;
        let (hour, minute) = (seconds / 3600, seconds / 60 % 60);
        writeln!(text, "{hour:02}:{minute:02}:{:02} {entry}", seconds % 60).unwrap();
    }
    text
}

#[test]
fn one_timeline_tells_it_all() {
    insta::assert_snapshot!(text(&timeline("AKIAIOSFODNN7LEGACY1")));
}

#[test]
fn each_name_of_somebody_leads_to_his_story() {
    let session = "arn:aws:sts::111122223333:assumed-role/StorefrontDeveloper/dev-07";
    let of_session = text(&timeline(session));
    assert!(of_session.contains("secretsmanager:GetSecretValue storefront/payments-db"), "{of_session}");
    for who in ["dev-07", "ASIAIOSFODNN7DEV007"] {
        let same = timeline(who);
        assert_eq!(same.entries.len(), timeline(session).entries.len(), "{who}");
    }
    let role = text(&timeline("arn:aws:iam::111122223333:role/StorefrontDeveloper"));
    assert!(role.contains("dev-03") && role.contains("dev-07"), "{role}");
    let pod = text(&timeline("data/backup-6d9f7b5c8-x2x4q"));
    assert!(pod.contains("08:05:04") && !pod.contains("StopLogging"), "{pod}");
    let token = text(&timeline("5f0e7a44-9b1d-4f4b-8a57-3d2b6c1e0b11"));
    assert!(token.contains("list secrets data"), "{token}");
    assert!(timeline("nobody").entries.is_empty());
}

#[test]
fn what_others_did_stays_out() {
    let story = text(&timeline("dev-07"));
    for other in ["dev-03", "kube-state-metrics", "system:node", "08:05", "52.18.0.10 from"] {
        assert!(!story.contains(other), "{other} in\n{story}");
    }
}

/// An event or record, as it stands in its log.
enum Logged {
    Audit(String, Place),
    Record(String, Place),
}

fn all() -> Vec<Logged> {
    let (events, trail) = logs();
    let records: serde_json::Value = serde_json::from_str(&trail).unwrap();
    let records = records["Records"].as_array().unwrap().iter().zip(1..).map(|(record, line)| {
        Logged::Record(record.to_string(), Place { file: "cloudtrail.json".into(), line })
    });
    events.into_iter().map(|(event, place)| Logged::Audit(event, place)).chain(records).collect()
}

/// By one order in the first pass and another in the second.
fn told_in(who: &str, first: &[usize], second: &[usize]) -> Story {
    let all = all();
    let mut identities = Identities::default();
    for at in first {
        match &all[*at] {
            Logged::Audit(text, place) => {
                audit::read(text, &mut |event| identities.audit(event, place)).unwrap();
            }
            Logged::Record(text, place) => {
                cloudtrail::read(text, &mut |record| identities.cloudtrail(record, place)).unwrap();
            }
        }
    }
    let mut followed = identities.follow(who);
    for at in second {
        match &all[*at] {
            Logged::Audit(text, place) => {
                audit::read(text, &mut |event| followed.audit(event, place)).unwrap();
            }
            Logged::Record(text, place) => {
                cloudtrail::read(text, &mut |record| followed.cloudtrail(record, place)).unwrap();
            }
        }
    }
    followed.story(&[])
}

fn orders() -> impl Strategy<Value = (Vec<usize>, Vec<usize>)> {
    let order: Vec<usize> = (0..all().len()).collect();
    (Just(order.clone()).prop_shuffle(), Just(order).prop_shuffle())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Files come in any order, and events of several apiservers too.
    #[test]
    fn a_timeline_is_the_same_in_any_order_of_events((first, second) in orders()) {
        for who in ["AKIAIOSFODNN7LEGACY1", "StorefrontDeveloper", "data/backup"] {
            let sorted: Vec<usize> = (0..first.len()).collect();
            let story = told_in(who, &first, &second);
            prop_assert!(!story.entries.is_empty());
            prop_assert_eq!(story, told_in(who, &sorted, &sorted));
        }
    }
}
