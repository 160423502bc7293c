//! What holds for any bytes that are read as lines of an audit log, with all rules on. A fuzz target calls it, and a test that replays
//! its corpus.

use std::sync::Arc;

use ringwall_detect::finding::{MAX_EVIDENCE, Place};
use ringwall_detect::intel::{Format, Intel, List, Role};
use ringwall_detect::{Detector, audit};

/// A detector with every rule on, and lists of each kind.
pub(crate) fn detector() -> Detector {
    set(Detector::new())
}

/// The same settings for a detector that knows something.
pub(crate) fn set(detector: Detector) -> Detector {
    let mut intel = Intel::default();
    for (role, text) in [
        (Role::Malicious, "203.0.113.0/26\n2001:db8::/32"),
        (Role::Custom, "203.0.113.0/24"),
        (Role::Tor, "203.0.113.66"),
        (Role::Trusted, "198.51.100.0/24"),
    ] {
        intel.add("fuzz", role, List::read(text, Format::Text).0);
    }
    let mut detector = detector.with_retired(true);
    detector.set_intel(Arc::new(intel));
    detector
}

/// Lines give findings that rest on events, the same lines the same findings. Tells how many.
pub(crate) fn line(bytes: &[u8]) -> usize {
    let text = String::from_utf8_lossy(bytes);
    let run = || {
        let mut detector = detector();
        for (line, number) in text.lines().zip(1..) {
            let place = Place { file: "fuzz".into(), line: number };
            // What is no event is said, and none of this target's business.
            let _ = audit::read(line, &mut |event| detector.audit(event, &place));
        }
        detector
    };
    let (one, other) = (run(), run());
    let findings = one.findings();
    assert_eq!(findings, other.findings(), "the same again");
    for finding in &findings {
        assert!((1..=MAX_EVIDENCE).contains(&finding.evidence().len()));
        assert!(finding.count >= 1 && !finding.details.description.is_empty());
    }
    findings.len()
}

/// Any text as a list of addresses gives networks of the right length, or says why not.
pub(crate) fn list(bytes: &[u8]) -> usize {
    let text = String::from_utf8_lossy(bytes);
    let (list, _) = List::read(&text, Format::of(&text));
    for entry in &list.entries {
        assert!(entry.length <= if entry.address.is_ipv4() { 32 } else { 128 });
    }
    let mut intel = Intel::default();
    let entries = list.entries.clone();
    intel.add("fuzz", Role::Custom, list);
    for entry in
        entries.iter().filter(|entry| entry.length >= 64 || (entry.address.is_ipv4() && entry.length >= 24))
    {
        assert!(!intel.find(entry.address).is_empty(), "{entry:?}");
    }
    entries.len()
}
