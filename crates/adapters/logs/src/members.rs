//! What an object is, told by the members that it has.

use std::fmt;

use ringwall_detect::{Field, Text};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::scan;

/// The members of an object that tell what it is. Of a member that stands there twice the last counts.
#[derive(Debug, Default)]
pub(crate) struct Members<'a> {
    has_audit_id: bool,
    has_verb: bool,
    has_user: bool,
    has_source: bool,
    has_event_name: bool,
    /// A list of entries.
    pub(crate) has_list: bool,
    /// CloudWatch's log events have their text here.
    pub(crate) message: Option<&'a str>,
    /// And here the log stream.
    pub(crate) stream: Option<&'a str>,
    /// `lookup-events` of CloudTrail has its records here, as texts.
    pub(crate) record: Option<&'a str>,
    /// What Kinesis and Firehose give a function.
    pub(crate) data: Option<&'a str>,
    /// What is in here has `data`.
    pub(crate) kinesis: Option<&'a str>,
    /// What EventBridge delivers.
    pub(crate) detail: Option<&'a str>,
}

impl<'a> Members<'a> {
    /// `None`: it is no object, or no JSON.
    pub(crate) fn of(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// Exports that leave out kind and version still have these.
    pub(crate) fn is_audit(&self) -> bool {
        self.has_audit_id || (self.has_verb && self.has_user)
    }

    pub(crate) fn is_record(&self) -> bool {
        self.has_source && self.has_event_name
    }
}

/// A text as JSON has it.
pub(crate) fn text(json: &str) -> Option<Text<'_>> {
    match serde_json::from_str(json) {
        Ok(Field::Is(text)) => Some(text),
        Ok(Field::Absent | Field::Wrong) | Err(_) => None,
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ReadMembers)
    }
}

struct ReadMembers;

impl<'de> Visitor<'de> for ReadMembers {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Members<'de>, M::Error> {
        let mut members = Members::default();
        while let Some(name) = map.next_key::<Field<Text<'de>>>()? {
            let kept = match name.text() {
                "auditID" => flag(&mut members.has_audit_id, &mut map)?,
                "verb" => flag(&mut members.has_verb, &mut map)?,
                "user" => flag(&mut members.has_user, &mut map)?,
                "eventSource" => flag(&mut members.has_source, &mut map)?,
                "eventName" => flag(&mut members.has_event_name, &mut map)?,
                "message" => Some(&mut members.message),
                "logStreamName" => Some(&mut members.stream),
                "CloudTrailEvent" => Some(&mut members.record),
                "data" => Some(&mut members.data),
                "kinesis" => Some(&mut members.kinesis),
                "detail" => Some(&mut members.detail),
                name if scan::is_list(name) => {
                    members.has_list |= map.next_value::<&RawValue>()?.get().starts_with('[');
                    None
                }
                _ => flag(&mut false, &mut map)?,
            };
            if let Some(kept) = kept {
                *kept = Some(map.next_value::<&RawValue>()?.get());
            }
        }
        Ok(members)
    }
}

fn flag<'m, 'de, M: MapAccess<'de>>(
    flag: &mut bool,
    map: &mut M,
) -> Result<Option<&'m mut Option<&'de str>>, M::Error> {
    map.next_value::<IgnoredAny>()?;
    *flag = true;
    Ok(None)
}
