//! What holds for any bytes that are read as CloudTrail. The fuzz target calls it, and a test that replays its corpus.

use ringwall_detect::Detector;
use ringwall_detect::cloudtrail;
use ringwall_detect::finding::Place;
use ringwall_detect::timeline::Identities;

/// How many records the bytes held. Each is judged and put into a timeline; whatever is told leads back to a record.
pub(crate) fn read(bytes: &[u8]) -> u64 {
    let Ok(text) = std::str::from_utf8(bytes) else { return 0 };
    let place = Place { file: "fuzz".into(), line: 1 };
    let (mut detector, mut identities, mut seen) = (Detector::new(), Identities::default(), 0);
    let held = cloudtrail::read(text, &mut |record| {
        seen += 1;
        detector.cloudtrail(record, &place);
        identities.cloudtrail(record, &place);
    });
    match &held {
        Ok(held) => assert_eq!(held.events, seen),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    let counts = detector.counts();
    assert_eq!(counts.judged + counts.repeated, seen);
    for finding in detector.findings() {
        assert!(finding.count > 0 && !finding.evidence().is_empty(), "{}", finding.kind.name);
    }
    let mut followed = identities.follow("arn:aws:iam::111122223333:user/build-legacy");
    _ = cloudtrail::read(text, &mut |record| followed.cloudtrail(record, &place));
    assert!(followed.story(&[]).entries.len() as u64 <= seen);
    seen
}
