//! Condition elements: true, false, or not possible to tell (`None`).

use serde_json::Value;

use super::pattern::{self, Piece};
use super::question::{Question, note};
use super::{strings, values};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    No,
    All,
    Any,
}

struct Operator {
    set: Set,
    base: String,
    negated: bool,
    if_exists: bool,
}

const POSITIVE: &[&str] = &[
    "StringEquals",
    "StringEqualsIgnoreCase",
    "StringLike",
    "NumericEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "ArnEquals",
    "ArnLike",
    "Null",
];

/// Each negated operator, and the one it negates.
const NEGATED: &[(&str, &str)] = &[
    ("StringNotEquals", "StringEquals"),
    ("StringNotEqualsIgnoreCase", "StringEqualsIgnoreCase"),
    ("StringNotLike", "StringLike"),
    ("NumericNotEquals", "NumericEquals"),
    ("DateNotEquals", "DateEquals"),
    ("NotIpAddress", "IpAddress"),
    ("ArnNotEquals", "ArnEquals"),
    ("ArnNotLike", "ArnLike"),
];

fn operator(name: &str) -> Option<Operator> {
    let (set, rest) = match name.split_once(':') {
        Some(("ForAllValues", rest)) => (Set::All, rest),
        Some(("ForAnyValue", rest)) => (Set::Any, rest),
        Some(_) => return None,
        None => (Set::No, name),
    };
    let (word, if_exists) = match rest.strip_suffix("IfExists") {
        Some(word) => (word, true),
        None => (rest, false),
    };
    if word == "Null" && (if_exists || set != Set::No) {
        return None;
    }
    if POSITIVE.contains(&word) {
        return Some(Operator { set, base: word.to_owned(), negated: false, if_exists });
    }
    let (_, base) = NEGATED.iter().find(|(negated, _)| *negated == word)?;
    Some(Operator { set, base: (*base).to_owned(), negated: true, if_exists })
}

pub(crate) fn is_operator(name: &str) -> bool {
    operator(name).is_some()
}

fn any(all: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let all: Vec<_> = all.into_iter().collect();
    if all.contains(&Some(true)) {
        Some(true)
    } else if all.contains(&None) {
        None
    } else {
        Some(false)
    }
}

fn all(all: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    any(all.into_iter().map(|one| one.map(|truth| !truth))).map(|truth| !truth)
}

/// Whether the statement's condition holds. What cannot be told holds for a Deny alone.
pub(crate) fn holds(
    statement: &Value,
    variables: bool,
    question: &Question<'_>,
    notes: &mut Vec<String>,
) -> bool {
    let allow = statement["Effect"] == "Allow";
    let mut truths = Vec::new();
    for (name, keys) in statement["Condition"].as_object().into_iter().flatten() {
        let operator = operator(name).unwrap();
        for (key, wanted) in keys.as_object().unwrap() {
            truths.push(test(&operator, key, &strings(wanted), allow, variables, question, notes));
        }
    }
    all(truths).unwrap_or(!allow)
}

fn test(
    operator: &Operator,
    key: &str,
    wanted: &[String],
    allow: bool,
    variables: bool,
    question: &Question<'_>,
    notes: &mut Vec<String>,
) -> Option<bool> {
    let given = question.ask(key, notes);
    if operator.base == "Null" {
        let truth = any(wanted.iter().map(|text| Some(values::boolean(text)? == given.is_none())));
        return noted(truth, key, notes);
    }
    let substitutes = variables && (operator.base.starts_with("String") || operator.base.starts_with("Arn"));
    let mut patterns = Vec::new();
    for text in wanted {
        patterns.push(pattern::pieces(text, substitutes, &mut |key| question.variable(key, notes)));
    }
    let Some(given) = given else {
        return Some(match operator.set {
            _ if operator.if_exists => true,
            Set::All => true,
            Set::Any => false,
            Set::No => operator.negated,
        });
    };
    let one = |value: &String| {
        let same = any(patterns.iter().map(|pattern| match pattern {
            Some(pattern) => compare(&operator.base, pattern, value),
            // A variable without value equals nothing.
            None => Some(false),
        }));
        if operator.negated { same.map(|same| !same) } else { same }
    };
    let empty = given.iter().all(|value| value.is_empty()) && given.len() < 2;
    let truth = match operator.set {
        Set::All if empty => Some(true),
        Set::All => all(given.iter().map(one)),
        Set::Any if empty => Some(false),
        Set::Any => any(given.iter().map(one)),
        Set::No if given.len() == 1 && !(question.facts.multi_valued)(key) => one(&given[0]),
        Set::No => {
            note(notes, format!("{key} cannot be compared"));
            if allow { Some(false) } else { any(given.iter().map(one)) }
        }
    };
    noted(truth, key, notes)
}

fn noted(truth: Option<bool>, key: &str, notes: &mut Vec<String>) -> Option<bool> {
    if truth.is_none() {
        note(notes, format!("{key} cannot be compared"));
    }
    truth
}

/// The text of a pattern whose wildcards mean nothing.
fn plain(pattern: &[Piece]) -> String {
    let character = |piece: &Piece| match piece {
        Piece::Char(character) => *character,
        Piece::One { .. } => '?',
        Piece::Many { .. } => '*',
    };
    pattern.iter().map(character).collect()
}

fn compare(base: &str, pattern: &[Piece], value: &str) -> Option<bool> {
    let text = plain(pattern);
    if let Some(order) = base.strip_prefix("Numeric") {
        let (given, wanted) = (values::number(value)?, values::number(&text)?);
        return Some(ordered(order, given, wanted));
    }
    if let Some(order) = base.strip_prefix("Date") {
        return Some(ordered(order, values::date(value)?, values::date(&text)?));
    }
    match base {
        "StringEquals" => Some(text == value),
        "StringEqualsIgnoreCase" => Some(text.to_lowercase() == value.to_lowercase()),
        "StringLike" => Some(pattern::matches_text(pattern, value)),
        "Bool" => Some(values::boolean(value)? == values::boolean(&text)?),
        "BinaryEquals" => Some(values::base64(value)? == values::base64(&text)?),
        "IpAddress" => Some(values::in_range(&values::address(value)?, &values::range(&text)?)),
        _ => arn(pattern, value),
    }
}

fn ordered<T: PartialOrd>(order: &str, given: T, wanted: T) -> bool {
    match order {
        "Equals" => given == wanted,
        "LessThan" => given < wanted,
        "LessThanEquals" => given <= wanted,
        "GreaterThan" => given > wanted,
        _ => given >= wanted,
    }
}

/// Six components, each matched on its own.
fn arn(pattern: &[Piece], value: &str) -> Option<bool> {
    let wanted: Vec<&[Piece]> = pattern.splitn(6, |piece| *piece == Piece::Char(':')).collect();
    let given: Vec<&str> = value.splitn(6, ':').collect();
    let comparable = wanted.len() == 6 && given.len() == 6 && given[0] == "arn";
    comparable.then(|| wanted.iter().zip(&given).all(|(wanted, given)| pattern::matches_text(wanted, given)))
}
