//! What holds for any bytes that are read as a detector's state. The fuzz target calls it, and a test that replays its corpus.

use ringwall_detect::baseline::with_checksum;
use ringwall_detect::finding::Place;
use ringwall_detect::{Detector, audit};

/// An event that most rules have something to say of.
const EVENT: &str = r#"{"auditID":"a","stage":"ResponseComplete","verb":"get","user":{"username":"system:anonymous"},"requestURI":"/api/v1/secrets",
    "sourceIPs":["203.0.113.66"],"objectRef":{"resource":"secrets"},"responseStatus":{"code":200},"requestReceivedTimestamp":"2026-11-01T10:00:00Z"}"#;

/// Reads the bytes as they are, and with a checksum that holds, since nobody guesses one. What is read is written so that it is read
/// again as the same, and events can be looked at with it.
pub(crate) fn state(bytes: &[u8]) -> bool {
    _ = Detector::from_state(bytes);
    let Ok(mut read) = Detector::from_state(&with_checksum(bytes.to_vec())) else { return false };
    let written = read.state();
    let again = Detector::from_state(&written).map(|again| again.state());
    assert!(matches!(again, Ok(again) if again == written));
    let place = Place { file: "fuzz".into(), line: 1 };
    _ = audit::read(EVENT, &mut |event| read.audit(event, &place));
    let changed = read.take_changed();
    assert!(changed.iter().all(|finding| !finding.evidence().is_empty()));
    true
}
