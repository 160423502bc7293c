//! What holds records, to its records.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Record;
pub use crate::audit::Held;
use crate::audit::{Body, mend};
use crate::field::{Field, Text};
use crate::object::object;

/// Longest text that is read: CloudTrail delivers files of some MiB; lookup results and exports are gathered by hand.
pub const MAX_INPUT: usize = 256 << 20;

/// How often forms may be within each other: a message of a log service holds an event of EventBridge, which holds a record.
const MAX_WITHIN: u8 = 4;

/// Why nothing was read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRead {
    /// It is no JSON.
    #[error("no JSON: {0}")]
    Json(String),
    /// It is longer than files are.
    #[error("there are {0} bytes; at most {MAX_INPUT} are read")]
    TooLong(usize),
    /// It is JSON and holds no record.
    #[error("no CloudTrail record: it has neither `eventName` and `eventSource` nor a list of records")]
    NoRecord,
}

object! {
    /// What records come in.
    struct Wrapped {
        // A delivered file.
        "Records" => records: Items<'a>,
        // `aws cloudtrail lookup-events`.
        "Events" => events: Items<'a>,
        "CloudTrailEvent" => event: Field<Text<'a>>,
        // EventBridge.
        "detail" => detail: Body<'a>,
        // CloudWatch Logs: what a subscription gets, and what `aws logs filter-log-events` prints.
        "logEvents" => log_events: Items<'a>,
        "events" => logged: Items<'a>,
        "message" => message: Field<Text<'a>>,
        "@message" => queried: Field<Text<'a>>,
    }
}

/// The values of a list, unread; none if it is another type.
#[derive(Clone, Debug, Default)]
struct Items<'a>(Option<Vec<&'a RawValue>>);

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Ok(Self(serde_json::from_str(raw.get()).ok()))
    }
}

/// Hands over each record of a text: a delivered file, one record, a list of them, an event of EventBridge, an answer of
/// `lookup-events`, or messages of CloudWatch Logs with one of those.
///
/// # Errors
///
/// [`NotRead`]: no record could be made of it.
pub fn read(text: &str, each: &mut dyn FnMut(&Record<'_>)) -> Result<Held, NotRead> {
    read_with_json(text, &mut |record, _| each(record))
}

/// The same, with the JSON text of each record; where its end was missing, the text as it was mended.
///
/// # Errors
///
/// As [`read`] has them.
pub fn read_with_json(text: &str, each: &mut dyn FnMut(&Record<'_>, &str)) -> Result<Held, NotRead> {
    if text.len() > MAX_INPUT {
        return Err(NotRead::TooLong(text.len()));
    }
    let mut held = Held::default();
    match take(text, 0, &mut held, each) {
        Ok(true) => Ok(held),
        Ok(false) => Err(NotRead::NoRecord),
        Err(error) => {
            let error = NotRead::Json(error.to_string());
            let mended = mend(text).ok_or_else(|| error.clone())?;
            match take(&mended, 0, &mut held, each) {
                Ok(true) => Ok(Held { cut: true, ..held }),
                _ => Err(error),
            }
        }
    }
}

/// Whether there was a record, or a list that may have held some.
fn take(
    text: &str,
    within: u8,
    held: &mut Held,
    each: &mut dyn FnMut(&Record<'_>, &str),
) -> Result<bool, serde_json::Error> {
    if text.trim_start().starts_with('[') {
        let items: Vec<&RawValue> = serde_json::from_str(text)?;
        return Ok(take_all(&items, within, held, each));
    }
    match serde_json::from_str(text)? {
        Field::Is(record) if is_record(&record) => {
            held.events = held.events.saturating_add(1);
            each(&record, text);
            return Ok(true);
        }
        Field::Is(_) => {}
        Field::Absent | Field::Wrong => return Ok(false),
    }
    let Field::Is(wrapped) = serde_json::from_str::<Field<Wrapped<'_>>>(text)? else { return Ok(false) };
    let mut found = false;
    for Items(items) in [wrapped.records, wrapped.events, wrapped.log_events, wrapped.logged] {
        found |= items.is_some_and(|items| take_all(&items, within, held, each));
    }
    for inner in [
        wrapped.detail.json(),
        wrapped.event.get().map(|text| &**text),
        wrapped.message.get().map(|text| &**text),
        wrapped.queried.get().map(|text| &**text),
    ] {
        found |= inner.is_some_and(|inner| take_one(inner, within, held, each));
    }
    Ok(found)
}

fn take_all(
    items: &[&RawValue],
    within: u8,
    held: &mut Held,
    each: &mut dyn FnMut(&Record<'_>, &str),
) -> bool {
    for item in items {
        if !take_one(item.get(), within, held, each) {
            held.others = held.others.saturating_add(1);
        }
    }
    true
}

fn take_one(text: &str, within: u8, held: &mut Held, each: &mut dyn FnMut(&Record<'_>, &str)) -> bool {
    within < MAX_WITHIN && take(text, within.saturating_add(1), held, each).unwrap_or(false)
}

fn is_record(record: &Record<'_>) -> bool {
    record.name.get().is_some() && record.source.get().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = r#"{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/Ops/ann",
        "sessionContext":{"attributes":{"mfaAuthenticated":"true"},"assumedRoot":true}},"eventTime":"2026-10-11T07:55:18Z",
        "eventSource":"eks.amazonaws.com","eventName":"DescribeCluster","sourceIPAddress":"198.51.100.24",
        "requestParameters":{"name":"shop"},"responseElements":null,"eventID":"e-1","readOnly":"true"}"#;

    fn all(text: &str) -> (Result<Held, NotRead>, Vec<String>) {
        let mut seen = Vec::new();
        let held = read(text, &mut |record| {
            let arn =
                record.identity.get().map(|identity| identity.arn.text().to_owned()).unwrap_or_default();
            seen.push(format!("{} {} {arn}", record.id.text(), record.name.text()));
        });
        (held, seen)
    }

    #[test]
    fn each_form_has_its_records() {
        let text = serde_json::to_string(RECORD).unwrap();
        for (form, events, others) in [
            (RECORD.to_owned(), 1, 0),
            (format!(r#"{{"Records":[{RECORD},{RECORD},7,{{"a":1}}]}}"#), 2, 2),
            (format!("[{RECORD},{RECORD}]"), 2, 0),
            (
                format!(
                    r#"{{"detail-type":"AWS API Call via CloudTrail","source":"aws.eks","detail":{RECORD}}}"#
                ),
                1,
                0,
            ),
            (
                format!(
                    r#"{{"Events":[{{"EventId":"e","CloudTrailEvent":{text}}},{{"CloudTrailEvent":"no"}}]}}"#
                ),
                1,
                1,
            ),
            (format!(r#"{{"events":[{{"timestamp":1,"message":{text}}}]}}"#), 1, 0),
            (format!(r#"{{"logGroup":"trail","logEvents":[{{"id":"1","message":{text}}}]}}"#), 1, 0),
            (r#"{"Records":[]}"#.to_owned(), 0, 0),
        ] {
            let (held, seen) = all(&form);
            assert_eq!(held, Ok(Held { events, others, cut: false }), "{form}");
            assert_eq!(seen.len() as u64, events);
            assert!(seen.iter().all(|one| one.starts_with("e-1 DescribeCluster arn:aws:sts")), "{seen:?}");
        }
    }

    #[test]
    fn what_was_cut_is_read_as_far_as_it_goes() {
        let file = format!(r#"{{"Records":[{RECORD},{RECORD}]}}"#);
        let cut = file.get(..file.len() - 40).unwrap();
        let (held, seen) = all(cut);
        assert_eq!((held, seen.len()), (Ok(Held { events: 2, others: 0, cut: true }), 2));
    }

    #[test]
    fn wrong_types_and_second_members_hide_nothing() {
        let odd = RECORD
            .replace(r#""eventID":"e-1""#, r#""eventID":7,"eventID":"e-2","awsRegion":["x"],"tlsDetails":3"#)
            .replace(
                r#""requestParameters":{"name":"shop"}"#,
                r#""requestParameters":"shop","resources":{"ARN":"x"}"#,
            );
        assert_eq!(all(&odd).1.first().unwrap().split(' ').next(), Some("e-2"));
        let mut flags = (false, false, false);
        read(RECORD, &mut |record| {
            let session = record.identity.get().unwrap().session.get().unwrap();
            flags = (
                record.read_only.is_set(),
                session.assumed_root.is_set(),
                session.attributes.get().unwrap().mfa.is_set(),
            );
        })
        .unwrap();
        assert_eq!(flags, (true, true, true));
    }

    #[test]
    fn what_is_no_record_is_said() {
        for text in [r#"{"a":1}"#, "null", "7", r#"{"auditID":"a","verb":"get","message":"x"}"#] {
            assert_eq!(all(text).0, Err(NotRead::NoRecord), "{text}");
        }
        for text in ["", "hello", r#"{"a" 1}"#] {
            assert!(matches!(all(text).0, Err(NotRead::Json(_))), "{text}");
        }
        let mut nested = RECORD.to_owned();
        for _ in 0..8 {
            nested = format!(r#"{{"detail":{nested}}}"#);
        }
        assert_eq!(all(&nested).0, Err(NotRead::NoRecord), "it is too deep");
    }
}
