//! A finding as filters look at it: its form in GuardDuty's schema, and what that has no room for.

use ringwall_model::time;
use serde_json::Value;

use super::attribute::{Attribute, Form};
use crate::finding::Finding;
use crate::output::{Scope, guardduty, user_name};

/// A value that a finding has of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    /// A text, or a flag by its word.
    Text(String),
    /// A number, or a time in Unix milliseconds.
    Number(f64),
}

impl Found {
    /// Whether it is what somebody wrote. Numbers are compared as such: 8 is 8.0.
    pub(super) fn is(&self, written: &str, form: Form) -> bool {
        match self {
            Self::Text(text) => text == written,
            Self::Number(number) => self::number(written, form).is_some_and(|written| written == *number),
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(_) => None,
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Text(_) => None,
            Self::Number(number) => Some(*number),
        }
    }
}

/// The number that a text stands for.
pub(super) fn number(text: &str, form: Form) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "times in milliseconds are exact for 285,000 years")]
    let of_time = || time::milliseconds(text).map(|time| time as f64);
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    match form {
        Form::Text => None,
        Form::Number => number,
        Form::Time => number.or_else(of_time),
    }
}

/// A finding, rendered once for all filters.
#[derive(Debug)]
pub(super) struct Subject<'f> {
    finding: &'f Finding,
    rendered: Value,
    /// What `service.additionalInfo.value` holds as a text.
    additional: Value,
}

impl<'f> Subject<'f> {
    pub(super) fn of(finding: &'f Finding, scope: &Scope) -> Self {
        let rendered = guardduty(finding, scope);
        let additional = rendered.pointer("/service/additionalInfo/value").and_then(Value::as_str);
        let additional = additional.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        Self { finding, rendered, additional }
    }

    /// All values of an attribute; none if the finding has none.
    pub(super) fn values(&self, attribute: Attribute) -> Vec<Found> {
        let mut found = Vec::new();
        let name = attribute.name;
        if let Some(member) = name.strip_prefix("resource.accessKeyDetails.userIdentity.") {
            // `AccessKeyDetails` has no such member; that what it would be is known all the same.
            let actor = &self.finding.details.actor;
            let text = match member {
                "accessKeyId" => &actor.access_key_id,
                "accountId" => actor.arn.split(':').nth(4).unwrap_or_default(),
                "arn" => &actor.arn,
                "principalId" => &actor.principal_id,
                "type" => &actor.kind,
                "userName" => user_name(&actor.arn),
                _ => "",
            };
            if !text.is_empty() {
                found.push(Found::Text(text.to_owned()));
            }
            return found;
        }
        let (from, path) = match name.strip_prefix("service.additionalInfo.") {
            Some(member) if !matches!(member, "type" | "value") => (&self.additional, member),
            _ => (&self.rendered, name),
        };
        walk(from, path, attribute.form, &mut found);
        found
    }
}

/// Follows a path; of a list it goes into each element.
fn walk(value: &Value, path: &str, form: Form, found: &mut Vec<Found>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| walk(element, path, form, found)),
        _ if path.is_empty() => leaves(value, form, found),
        Value::Object(members) => {
            let (member, rest) = path.split_once('.').unwrap_or((path, ""));
            // Attributes have these two in other letters than findings.
            let member = match member {
                "hostIpc" => "hostIPC",
                "hostPid" => "hostPID",
                member => member,
            };
            if let Some(inner) = members.get(member) {
                walk(inner, rest, form, found);
            }
        }
        _ => {}
    }
}

/// What a value holds; of an attribute that is an object, as the unusual behaviour is, all that is in it.
fn leaves(value: &Value, form: Form, found: &mut Vec<Found>) {
    match value {
        Value::Null => {}
        Value::Object(members) => members.values().for_each(|inner| leaves(inner, form, found)),
        Value::Array(elements) => elements.iter().for_each(|inner| leaves(inner, form, found)),
        Value::Bool(flag) => found.push(Found::Text(flag.to_string())),
        Value::String(text) => {
            let number = number(text, form).map(Found::Number);
            found.push(number.unwrap_or_else(|| Found::Text(text.clone())));
        }
        Value::Number(number) if form == Form::Text => found.push(Found::Text(number.to_string())),
        Value::Number(number) => found.extend(number.as_f64().map(Found::Number)),
    }
}
