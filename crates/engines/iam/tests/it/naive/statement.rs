//! Whether a statement speaks of the request: principal, action, resource, condition.

use serde_json::Value;

use super::pattern::{self, Piece};
use super::principal::{self, Grant};
use super::question::{Question, note};
use super::{condition, strings};

/// The patterns of one Deny statement that has no condition, for questions that are patterns.
pub(crate) struct Denied {
    not: bool,
    patterns: Vec<Vec<Piece>>,
}

impl Denied {
    fn has_all_of(&self, inner: &[Piece]) -> bool {
        if self.not {
            !self.patterns.iter().any(|pattern| pattern::intersects(pattern, inner))
        } else {
            all_of(&self.patterns, inner)
        }
    }
}

fn all_of(patterns: &[Vec<Piece>], inner: &[Piece]) -> bool {
    pattern::together_cover(&patterns.iter().map(Vec::as_slice).collect::<Vec<_>>(), inner)
}

pub(crate) fn is_allow(statement: &Value) -> bool {
    statement["Effect"] == "Allow"
}

/// What a Deny statement denies without condition to this caller for this action.
pub(crate) fn denied(statement: &Value, variables: bool, question: &Question<'_>) -> Option<Denied> {
    let unconditional = statement["Condition"].as_object().is_none_or(serde_json::Map::is_empty);
    let counts = !is_allow(statement) && unconditional;
    if !counts || principal::applies(statement, question).is_none() || !action(statement, question) {
        return None;
    }
    let (not, patterns) = patterns(statement, variables, question, &mut Vec::new())?;
    Some(Denied { not, patterns })
}

/// How the statement speaks of the caller, if all of it applies.
pub(crate) fn applies(
    statement: &Value,
    variables: bool,
    question: &Question<'_>,
    denied: &[Denied],
    notes: &mut Vec<String>,
) -> Option<Grant> {
    let grant = principal::applies(statement, question)?;
    if !action(statement, question) {
        return None;
    }
    if variables {
        missing_variables(statement, question, notes);
    }
    if !resource(statement, variables, question, denied, &mut Vec::new()) {
        return None;
    }
    condition::holds(statement, variables, question, notes).then_some(grant)
}

/// Notes each variable without a value, where the resource would be taken in by some value of it.
fn missing_variables(statement: &Value, question: &Question<'_>, notes: &mut Vec<String>) {
    for text in strings(&statement["Resource"]).into_iter().chain(strings(&statement["NotResource"])) {
        let mut missing = Vec::new();
        let star = vec![Piece::Many { colon: true }];
        let pieces = pattern::loose_pieces(&text, true, &mut |key, default| {
            let mut new = Vec::new();
            let value = question.variable(key, &mut new);
            let absent = !new.is_empty();
            missing.extend(new);
            if absent {
                return star.clone();
            }
            value.or(default).map_or(star.clone(), |value| value.chars().map(Piece::Char).collect())
        });
        let pieces = pattern::resource(pieces);
        let asked = pattern::resource(pattern::glob(&question.resource));
        let could_match = if question.is_pattern {
            pattern::intersects(&pieces, &asked)
        } else {
            pattern::matches_text(&pieces, &question.resource)
        };
        if could_match {
            missing.into_iter().for_each(|text| note(notes, text));
        }
    }
}

fn action(statement: &Value, question: &Question<'_>) -> bool {
    let asked = question.action.to_ascii_lowercase();
    let any = |element: &str| {
        let patterns = strings(&statement[element]);
        patterns.iter().any(|text| pattern::matches_text(&pattern::glob(&text.to_ascii_lowercase()), &asked))
    };
    if statement.get("Action").is_some() { any("Action") } else { !any("NotAction") }
}

/// Whether the element is NotResource, and the patterns that could be resolved. Nothing, if the statement has
/// neither Resource nor NotResource.
fn patterns(
    statement: &Value,
    variables: bool,
    question: &Question<'_>,
    notes: &mut Vec<String>,
) -> Option<(bool, Vec<Vec<Piece>>)> {
    let (not, element) = match (statement.get("Resource"), statement.get("NotResource")) {
        (Some(element), _) => (false, element),
        (None, Some(element)) => (true, element),
        (None, None) => return None,
    };
    let mut all = Vec::new();
    for text in strings(element) {
        let pieces = pattern::pieces(&text, variables, &mut |key| question.variable(key, notes));
        all.extend(pieces.map(pattern::resource));
    }
    Some((not, all))
}

fn resource(
    statement: &Value,
    variables: bool,
    question: &Question<'_>,
    denied: &[Denied],
    notes: &mut Vec<String>,
) -> bool {
    // Without either element it is the resource that the policy is attached to.
    let Some((not, patterns)) = patterns(statement, variables, question, notes) else { return true };
    if !question.is_pattern {
        return not != patterns.iter().any(|pattern| pattern::matches_text(pattern, &question.resource));
    }
    let asked = pattern::resource(pattern::glob(&question.resource));
    let shared = |pattern: &Vec<Piece>| pattern::intersects(pattern, &asked);
    match (is_allow(statement), not) {
        (true, false) => patterns
            .iter()
            .any(|pattern| shared(pattern) && !denied.iter().any(|denied| denied.has_all_of(pattern))),
        (true, true) => !all_of(&patterns, &asked),
        (false, false) => all_of(&patterns, &asked),
        (false, true) => !patterns.iter().any(shared),
    }
}
