//! Which events no rule can match, told by the few fields that are read anyway.
//!
//! Of each rule is kept what an event must have in these fields for the rule to match: never more than the rule asks for, so that
//! nothing is lost. What can't be told cheaply asks for nothing.

use hashbrown::HashMap;
use rsigma_parser::{
    ConditionExpr, Detection, DetectionItem, Detections, Quantifier, SelectorPattern, SigmaRule, SigmaValue,
    detection_name_matches,
};

/// Fields of audit events, the one that tells most apart first.
pub(crate) const AUDIT: [&str; 3] = ["objectRef.resource", "verb", "objectRef.subresource"];
/// Fields of CloudTrail records.
pub(crate) const CLOUDTRAIL: [&str; 3] = ["eventName", "eventSource", "errorCode"];

const FIELDS: usize = 3;

/// What an event has in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen<'e> {
    /// Nothing.
    Absent,
    /// A text.
    Text(&'e str),
    /// Something else.
    Other,
}

/// The texts, in lower case, one of which a field must have; `None` asks for nothing.
type Asked = Option<Vec<Box<str>>>;

/// What a rule asks of all fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Needs([Asked; FIELDS]);

/// What the rules of one log ask for.
#[derive(Debug, Default)]
pub(crate) struct Prefilter {
    by_first: HashMap<Box<str>, Vec<Needs>>,
    others: Vec<Needs>,
}

impl Prefilter {
    /// Adds a rule; `fields` are those of its log.
    pub(crate) fn add(&mut self, rule: &SigmaRule, fields: &[&str; FIELDS]) {
        // A rule may have several conditions, each of which is enough.
        let needs =
            rule.detection.conditions.iter().map(|condition| expression(condition, &rule.detection, fields));
        let Some(needs) = needs.reduce(either) else { return };
        let Some(first) = needs.0.first().cloned().flatten() else { return self.others.push(needs) };
        for text in first {
            let of_text = self.by_first.entry(text).or_default();
            if !of_text.contains(&needs) {
                of_text.push(needs.clone());
            }
        }
    }

    /// Whether any rule could match an event with these fields.
    pub(crate) fn may_match(&self, seen: [Seen<'_>; FIELDS]) -> bool {
        let all = |needs: &Needs| needs.0.iter().zip(seen).all(|(asked, seen)| is_met(asked, seen));
        let of_first = match seen.first() {
            Some(Seen::Text(text)) if is_plain(text) => {
                self.by_first.get(*text).is_some_and(|of_text| of_text.iter().any(all))
            }
            Some(Seen::Absent) => false,
            _ => !self.by_first.is_empty(),
        };
        of_first || self.others.iter().any(all)
    }
}

fn is_met(asked: &Asked, seen: Seen<'_>) -> bool {
    match (asked, seen) {
        (None, _) | (_, Seen::Other) => true,
        (_, Seen::Absent) => false,
        (Some(texts), Seen::Text(text)) if text.is_ascii() => {
            texts.iter().any(|asked| asked.eq_ignore_ascii_case(text))
        }
        (_, Seen::Text(_)) => true,
    }
}

/// Whether a text is found by its own bytes: anything else is left to the engine.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase())
}

fn expression(condition: &ConditionExpr, all: &Detections, fields: &[&str; FIELDS]) -> Needs {
    match condition {
        ConditionExpr::And(parts) => {
            parts.iter().map(|part| expression(part, all, fields)).fold(Needs::default(), both)
        }
        ConditionExpr::Or(parts) => {
            parts.iter().map(|part| expression(part, all, fields)).reduce(either).unwrap_or_default()
        }
        ConditionExpr::Not(_) => Needs::default(),
        ConditionExpr::Identifier(name) => {
            all.named.get(name).map(|named| detection(named, fields)).unwrap_or_default()
        }
        ConditionExpr::Selector { quantifier, pattern } => {
            let named = all.named.iter().filter(|(name, _)| match pattern {
                SelectorPattern::Them => !name.starts_with('_'),
                SelectorPattern::Pattern(pattern) => detection_name_matches(pattern, name),
            });
            let needs = named.map(|(_, named)| detection(named, fields));
            match quantifier {
                Quantifier::All => needs.fold(Needs::default(), both),
                Quantifier::Any => needs.reduce(either).unwrap_or_default(),
                Quantifier::Count(_) => Needs::default(),
            }
        }
    }
}

fn detection(detection: &Detection, fields: &[&str; FIELDS]) -> Needs {
    match detection {
        Detection::AllOf(items) => items.iter().map(|one| item(one, fields)).fold(Needs::default(), both),
        Detection::And(parts) => {
            parts.iter().map(|part| self::detection(part, fields)).fold(Needs::default(), both)
        }
        Detection::AnyOf(parts) => {
            parts.iter().map(|part| self::detection(part, fields)).reduce(either).unwrap_or_default()
        }
        Detection::Keywords(_) | Detection::ArrayMatch { .. } | Detection::Conditional { .. } => {
            Needs::default()
        }
    }
}

/// Plain texts without a modifier; anything else is left to the engine.
fn item(item: &DetectionItem, fields: &[&str; FIELDS]) -> Needs {
    let mut needs = Needs::default();
    let at = fields.iter().position(|field| item.field.name.as_deref() == Some(*field));
    let Some(asked) = at.and_then(|at| needs.0.get_mut(at)) else { return needs };
    if !item.field.modifiers.is_empty() {
        return needs;
    }
    let texts = item.values.iter().map(|value| match value {
        // An empty text is met by what is not there, too.
        SigmaValue::String(text) => text.as_plain().filter(|text| text.is_ascii() && !text.is_empty()),
        _ => None,
    });
    *asked = texts.map(|text| Some(text?.to_ascii_lowercase().into_boxed_str())).collect();
    needs
}

/// What both ask for.
fn both(one: Needs, other: Needs) -> Needs {
    join(one, other, |one, other| match (one, other) {
        (Some(one), Some(other)) => Some(one.into_iter().filter(|text| other.contains(text)).collect()),
        (one, other) => one.or(other),
    })
}

/// What either is content with.
fn either(one: Needs, other: Needs) -> Needs {
    join(one, other, |one, other| match (one, other) {
        (Some(mut one), Some(other)) => {
            one.extend(other);
            one.sort_unstable();
            one.dedup();
            Some(one)
        }
        _ => None,
    })
}

fn join(one: Needs, other: Needs, by: fn(Asked, Asked) -> Asked) -> Needs {
    let mut others = other.0.into_iter();
    Needs(one.0.map(|asked| by(asked, others.next().flatten())))
}
