//! What holds for any bytes that are read as filters. The fuzz target calls it, and a test that replays its corpus.

use std::sync::LazyLock;

use ringwall_detect::Detector;
use ringwall_detect::audit;
use ringwall_detect::filter::{Filters, MAX_FILTERS};
use ringwall_detect::finding::Place;
use ringwall_detect::output::Scope;

const EVENT: &str = r#"{"auditID":"a","stage":"ResponseComplete","verb":"list","user":{"username":"system:anonymous","groups":["system:unauthenticated"]},"requestURI":"/api/v1/secrets","sourceIPs":["198.51.100.7"],"objectRef":{"resource":"secrets"},"responseStatus":{"code":200},"requestReceivedTimestamp":"2026-11-02T09:00:00Z"}"#;

static FOUND: LazyLock<Detector> = LazyLock::new(|| {
    let mut detector = Detector::new();
    let place = Place { file: "fuzz".into(), line: 1 };
    let _ = audit::read(EVENT, &mut |event| detector.audit(event, &place));
    detector
});

/// What is taken is printed as it is taken again, and decides the same. Tells how many filters there are.
pub(crate) fn filters(bytes: &[u8]) -> usize {
    let text = String::from_utf8_lossy(bytes);
    let Ok(filters) = Filters::read(&text) else { return 0 };
    let all = filters.all();
    assert!((1..=MAX_FILTERS).contains(&all.len()));
    let printed: String = all.iter().map(|filter| filter.to_json().to_string()).collect();
    let again = Filters::read(&printed).ok();
    assert_eq!(again.as_ref(), Some(&filters), "{printed}");
    let scope = Scope::default();
    for finding in FOUND.findings() {
        let first = filters.first(finding, &scope);
        assert_eq!(first, again.as_ref().and_then(|again| again.first(finding, &scope)));
        assert!(filters.archiving(finding, &scope).is_none_or(|filter| Some(filter) == first));
    }
    all.len()
}
