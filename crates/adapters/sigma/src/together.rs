//! Ringwall's own rules and somebody else's over the same events.

use ringwall_detect::Detector;
use ringwall_detect::audit;
use ringwall_detect::cloudtrail;
use ringwall_detect::finding::Place;

use crate::Sigma;

/// Hands an event of the audit log to a detector and, if it has not come before, to the rules as well; what they match is the
/// detector's finding then. `json` is the event's text, as [`audit::read_with_json`] gives it. Tells whether it is new.
pub fn audit(
    detector: &mut Detector,
    sigma: Option<&mut Sigma>,
    event: &audit::Event<'_>,
    json: &str,
    place: &Place,
) -> bool {
    let judged = detector.counts().judged;
    detector.audit(event, place);
    let is_new = detector.counts().judged > judged;
    if let Some(sigma) = sigma.filter(|_| is_new) {
        sigma.audit(event, json, place, &mut |found| detector.tell(found.signal, found.earlier));
    }
    is_new
}

/// The same for a record of CloudTrail, whose text [`cloudtrail::read_with_json`] gives.
pub fn cloudtrail(
    detector: &mut Detector,
    sigma: Option<&mut Sigma>,
    record: &cloudtrail::Record<'_>,
    json: &str,
    place: &Place,
) -> bool {
    let judged = detector.counts().judged;
    detector.cloudtrail(record, place);
    let is_new = detector.counts().judged > judged;
    if let Some(sigma) = sigma.filter(|_| is_new) {
        sigma.cloudtrail(record, json, place, &mut |found| detector.tell(found.signal, found.earlier));
    }
    is_new
}
