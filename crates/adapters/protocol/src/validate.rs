//! The model's constraints, and AWS's words for what breaks them.
//!
//! Source: Smithy, *Constraint traits*, for what they mean; the messages are those that AWS's servers answer with.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::error::{Target, WireError};
use crate::limits::MAX_VIOLATIONS;
use crate::model::{Kind, Member, Protocol, Shape};
use crate::shown;

/// Holds an input to its shape, which is a structure.
pub(crate) fn check(target: Target, shape: &Shape, input: &Value) -> Result<(), WireError> {
    let mut checker = Checker { violations: Vec::new(), path: Vec::new() };
    checker.check(shape, input);
    let Some(first) = checker.violations.first() else { return Ok(()) };
    if target.protocol == Protocol::Ec2 {
        return Err(first.of_ec2(target));
    }
    let count = checker.violations.len();
    let plural = if count == 1 { "" } else { "s" };
    let mut message = format!("{count} validation error{plural} detected: ");
    for (at, violation) in checker.violations.iter().enumerate() {
        let separator = if at > 0 { "; " } else { "" };
        // Writing to a String does not fail.
        let _ = write!(
            message,
            "{separator}Value{} at '{}' failed to satisfy constraint: {}",
            violation.shown, violation.path, violation.constraint
        );
    }
    Err(target.invalid(message))
}

/// A constraint that is not met.
struct Violation {
    /// The place, as AWS writes it: `tags.1.member.key`.
    path: String,
    /// The same in the names of EC2's parameters: `Tag.1.Key`.
    parameter: String,
    /// The value with a blank before it, or nothing if it may not be told.
    shown: String,
    constraint: String,
    is_missing: bool,
}

impl Violation {
    /// Source: AWS, *EC2 API error codes*, MissingParameter and InvalidParameterValue.
    fn of_ec2(&self, target: Target) -> WireError {
        if self.is_missing {
            let message = format!("The request must contain the parameter {}", self.parameter);
            return target.error("MissingParameter", 400, message);
        }
        target.invalid(format!(
            "Value{} for parameter {} is invalid. {}",
            self.shown.replacen('\'', "(", 1).replace('\'', ")"),
            self.parameter,
            self.constraint
        ))
    }
}

/// A step down from the input.
enum Step<'a> {
    Member(&'a Member),
    /// The place of an element, from 1.
    Element(usize),
    Key(&'a str),
}

struct Checker<'a> {
    violations: Vec<Violation>,
    path: Vec<Step<'a>>,
}

impl<'a> Checker<'a> {
    fn check(&mut self, shape: &'a Shape, value: &'a Value) {
        if self.violations.len() >= MAX_VIOLATIONS {
            return;
        }
        match (&shape.kind, value) {
            (_, Value::Null) => self.missing(),
            (Kind::Structure { members, is_union }, Value::Object(object)) => {
                if *is_union && object.len() != 1 {
                    self.add(shape, value, "Member must have exactly one member set".to_owned());
                }
                self.members(members, object);
            }
            (Kind::List { element, .. }, Value::Array(items)) => self.list(shape, element, value, items),
            (Kind::Map { key, value: inner }, Value::Object(entries)) => {
                self.map(shape, (key, inner), value, entries);
            }
            _ => {
                for constraint in broken(shape, value) {
                    self.add(shape, value, constraint);
                }
            }
        }
    }

    fn members(&mut self, members: &'a [Member], object: &'a Map<String, Value>) {
        for member in members {
            self.path.push(Step::Member(member));
            match object.get(member.name) {
                Some(value) => self.check(member.shape, value),
                None if member.is_required => self.missing(),
                None => {}
            }
            self.path.pop();
        }
    }

    fn list(&mut self, shape: &Shape, element: &'a Shape, value: &'a Value, items: &'a [Value]) {
        for constraint in size(shape, items.len()) {
            self.add(shape, value, constraint);
        }
        // Elements that have no inside are judged together.
        if is_scalar(element) && !items.iter().any(Value::is_null) {
            if items.iter().any(|item| breaks(element, item)) {
                self.add(shape, value, format!("Member must satisfy constraint: [{}]", all(element)));
            }
            return;
        }
        for (at, item) in items.iter().enumerate() {
            self.path.push(Step::Element(at + 1));
            self.check(element, item);
            self.path.pop();
        }
    }

    fn map(
        &mut self,
        shape: &Shape,
        (key, inner): (&'a Shape, &'a Shape),
        value: &'a Value,
        entries: &'a Map<String, Value>,
    ) {
        for constraint in size(shape, entries.len()) {
            self.add(shape, value, constraint);
        }
        if entries.keys().any(|name| breaks_text(key, name)) {
            self.add(shape, value, format!("Map keys must satisfy constraint: [{}]", all(key)));
        }
        if is_scalar(inner) && !entries.values().any(Value::is_null) {
            if entries.values().any(|entry| breaks(inner, entry)) {
                self.add(shape, value, format!("Map value must satisfy constraint: [{}]", all(inner)));
            }
            return;
        }
        for (name, entry) in entries {
            self.path.push(Step::Key(if key.hides { "" } else { name }));
            self.check(inner, entry);
            self.path.pop();
        }
    }

    fn missing(&mut self) {
        self.push(" null".to_owned(), "Member must not be null".to_owned(), true);
    }

    fn add(&mut self, shape: &Shape, value: &Value, constraint: String) {
        // AWS tells neither what is sensitive nor bytes.
        let is_told = !shape.hides && !matches!(shape.kind, Kind::Blob);
        let shown = if is_told { format!(" '{}'", shown::value(value)) } else { String::new() };
        self.push(shown, constraint, false);
    }

    fn push(&mut self, shown: String, constraint: String, is_missing: bool) {
        if self.violations.len() < MAX_VIOLATIONS {
            let (path, parameter) = (self.path(), self.parameter());
            self.violations.push(Violation { path, parameter, shown, constraint, is_missing });
        }
    }

    fn path(&self) -> String {
        let mut path = String::new();
        for step in &self.path {
            if !path.is_empty() {
                path.push('.');
            }
            match step {
                Step::Member(member) => lower_first(member.name, &mut path),
                Step::Element(at) => {
                    let _ = write!(path, "{at}.member");
                }
                Step::Key(key) => path.push_str(&shown::bounded(key)),
            }
        }
        path
    }

    fn parameter(&self) -> String {
        let part = |step: &Step<'_>| match step {
            Step::Member(member) => member.request_name.clone(),
            Step::Element(at) => at.to_string(),
            Step::Key(key) => shown::bounded(key),
        };
        self.path.iter().map(part).collect::<Vec<_>>().join(".")
    }
}

/// AWS writes the first letter small, and it alone: `openIDConnectProviderArn`, `sAMLProviderArn`.
fn lower_first(name: &str, out: &mut String) {
    let mut characters = name.chars();
    out.extend(characters.next().map(|first| first.to_ascii_lowercase()));
    out.push_str(characters.as_str());
}

fn is_scalar(shape: &Shape) -> bool {
    !matches!(shape.kind, Kind::Structure { .. } | Kind::List { .. } | Kind::Map { .. })
}

fn breaks(shape: &Shape, value: &Value) -> bool {
    !broken(shape, value).is_empty()
}

fn breaks_text(shape: &Shape, text: &str) -> bool {
    !broken_text(shape, text).is_empty()
}

/// The constraints that a value without an inside breaks.
fn broken(shape: &Shape, value: &Value) -> Vec<String> {
    match (&shape.kind, value) {
        (Kind::String, Value::String(text)) => broken_text(shape, text),
        (Kind::Blob, Value::String(text)) => size(shape, decoded_len(text)),
        (Kind::Integer | Kind::Long, Value::Number(number)) => {
            let number = number.as_i64().unwrap_or(i64::MAX);
            let mut broken = Vec::new();
            if shape.max.is_some_and(|max| number > max) {
                broken.extend(at_most(shape));
            }
            if shape.min.is_some_and(|min| number < min) {
                broken.extend(at_least(shape));
            }
            broken
        }
        _ => Vec::new(),
    }
}

fn broken_text(shape: &Shape, text: &str) -> Vec<String> {
    let mut broken = size(shape, text.chars().count());
    if shape.pattern.as_ref().is_some_and(|pattern| !pattern.matches(text)) {
        broken.extend(pattern(shape));
    }
    if !shape.values.is_empty() && !shape.values.contains(&text) {
        broken.extend(value_set(shape));
    }
    broken
}

/// The bounds of a length that it is outside of.
fn size(shape: &Shape, length: usize) -> Vec<String> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let mut broken = Vec::new();
    if shape.max.is_some_and(|max| length > max) {
        broken.extend(at_most(shape));
    }
    if shape.min.is_some_and(|min| length < min) {
        broken.extend(at_least(shape));
    }
    broken
}

/// Every constraint of a shape, for messages on its elements.
fn all(shape: &Shape) -> String {
    let constraints = [at_most(shape), at_least(shape), pattern(shape), value_set(shape)];
    constraints.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn measure(shape: &Shape) -> &'static str {
    if matches!(shape.kind, Kind::Integer | Kind::Long) { "value" } else { "length" }
}

fn at_most(shape: &Shape) -> Option<String> {
    shape.max.map(|max| format!("Member must have {} less than or equal to {max}", measure(shape)))
}

fn at_least(shape: &Shape) -> Option<String> {
    shape.min.map(|min| format!("Member must have {} greater than or equal to {min}", measure(shape)))
}

fn pattern(shape: &Shape) -> Option<String> {
    let pattern = shape.pattern.as_ref()?;
    Some(format!("Member must satisfy regular expression pattern: {}", pattern.shown))
}

fn value_set(shape: &Shape) -> Option<String> {
    (!shape.values.is_empty())
        .then(|| format!("Member must satisfy enum value set: [{}]", shape.values.join(", ")))
}

/// The bytes that base64 text stands for.
fn decoded_len(text: &str) -> usize {
    let padding = text.bytes().rev().take_while(|byte| *byte == b'=').count();
    (text.len() / 4 * 3).saturating_sub(padding)
}
