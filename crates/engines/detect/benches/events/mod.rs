//! Events of a made-up cluster's ordinary days, as long as events are on the average.

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "what the tests have, of which a part is used"
)]
#[path = "../../src/baseline/tests/days.rs"]
mod days;

/// Hours of them.
const HOURS: i64 = 240;
/// Bytes of an event.
const EVENT_BYTES: usize = 1_800;

/// A line each.
pub(crate) fn lines() -> Vec<String> {
    let mut chance = days::Chance(1);
    let requests = (0..HOURS).flat_map(|hour| days::hour(&mut chance, hour));
    requests.map(|request| filled(&request.json())).collect()
}

/// An event with an answer as the apiserver records it at the level RequestResponse, as long as events are on the average.
fn filled(event: &str) -> String {
    let mut fields = String::new();
    let mut number = 0;
    while event.len() + fields.len() + 200 < EVENT_BYTES {
        number += 1;
        fields.push_str(&format!(
            r#"{{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","time":"2026-11-01T10:00:0{}Z","fieldsType":"FieldsV1","fieldsV1":{{"f:metadata":{{"f:labels":{{".":{{}},"f:app":{{}}}}}}}}}},"#,
            number % 10
        ));
    }
    let fields = fields.trim_end_matches(',');
    let body = event.trim_end().strip_suffix('}').unwrap();
    format!(
        r#"{body},"responseObject":{{"kind":"Status","apiVersion":"v1","metadata":{{"managedFields":[{fields}]}}}}}}"#
    )
}
