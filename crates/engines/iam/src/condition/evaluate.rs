//! Whether a condition holds for a request.
//!
//! Source: AWS IAM User Guide, *IAM JSON policy elements: Condition operators* and *Conditions with multiple context
//! keys or values*.

use std::sync::Arc;

use super::value::{self, Value};
use super::{Comparison, Condition, SetOperator};
use crate::assumption::{Assumption, Notes};
use crate::pattern::{Part, Pattern, Reach, Variable};
use crate::policy::Effect;
use crate::request::{Request, View};
use crate::wildcard::{Piece, PieceList, matches};

/// How a condition came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// It depends on what the question left open.
    Open,
}

/// How one comparison came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Truth {
    Yes,
    No,
    /// It depends on what the question left open.
    Open,
    /// A value is not of the operator's type.
    Broken,
}

impl Truth {
    fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            other => other,
        }
    }

    /// Whether one of several holds: what is certain beats what is open, and that what cannot be told.
    fn any(truths: impl Iterator<Item = Self>) -> Self {
        let mut result = Self::No;
        for truth in truths {
            match (truth, result) {
                (Self::Yes, _) => return Self::Yes,
                (Self::Open, _) | (Self::Broken, Self::No) => result = truth,
                _ => {}
            }
        }
        result
    }

    fn all(truths: impl Iterator<Item = Self>) -> Self {
        Self::any(truths.map(Self::not)).not()
    }
}

/// Judges one condition of a statement that matches otherwise, and notes what it took for granted.
pub(crate) fn evaluate<'p>(
    condition: &'p Condition,
    effect: Effect,
    request: &Request,
    view: View,
    notes: &mut Notes<'p>,
) -> Outcome {
    let judge = Judge { condition, request, view };
    let given = request.context().get(&condition.key);
    if given.is_some() && request.is_assumed_account(&condition.key) {
        notes.add(Assumption::ResourceAccount);
    }
    if !view.is_open() {
        if given.is_none() {
            notes.add(Assumption::Absent(&condition.key));
        }
        for pattern in condition.values.iter().filter_map(Value::pattern) {
            note_variables(pattern, request, notes);
        }
    }
    let truth = match given {
        None if view.is_open() => Truth::Open,
        None | Some([]) => judge.absent(),
        Some(_) if condition.operator.comparison == Comparison::Null => judge.null(false),
        Some(values) => judge.present(values, effect, notes),
    };
    match (truth, effect) {
        (Truth::Yes, _) => Outcome::Holds,
        (Truth::No, _) => Outcome::Fails,
        (Truth::Open, _) => Outcome::Open,
        // What cannot be evaluated never allows, and never keeps a Deny from denying.
        (Truth::Broken, effect) => {
            notes.add(Assumption::WrongType(&condition.key));
            if effect == Effect::Deny { Outcome::Holds } else { Outcome::Fails }
        }
    }
}

struct Judge<'a, 'p> {
    condition: &'p Condition,
    request: &'a Request,
    view: View,
}

impl<'p> Judge<'_, 'p> {
    /// The key is not in the request, or has no value there.
    fn absent(&self) -> Truth {
        let operator = self.condition.operator;
        if operator.comparison == Comparison::Null {
            return self.null(true);
        }
        Truth::of(match operator.set {
            _ if operator.if_exists => true,
            Some(SetOperator::ForAllValues) => true,
            Some(SetOperator::ForAnyValue) => false,
            None => operator.negated,
        })
    }

    /// `Null` with `true` asks whether the key is absent, with `false` whether it is there.
    fn null(&self, absent: bool) -> Truth {
        Truth::any(self.condition.values.iter().map(|value| match value {
            Value::Bool(wanted) => Truth::of(*wanted == absent),
            _ => Truth::Broken,
        }))
    }

    fn present(&self, values: &[Arc<str>], effect: Effect, notes: &mut Notes<'p>) -> Truth {
        // AWS: a key that "resolves to a null data set, such as an empty string" is as good as absent to a set operator.
        let is_empty = matches!(values, [only] if only.is_empty());
        match self.condition.operator.set {
            Some(SetOperator::ForAllValues) if is_empty => Truth::Yes,
            Some(SetOperator::ForAnyValue) if is_empty => Truth::No,
            Some(SetOperator::ForAllValues) => Truth::all(values.iter().map(|value| self.compare(value))),
            Some(SetOperator::ForAnyValue) => Truth::any(values.iter().map(|value| self.compare(value))),
            None => match values {
                [value] if !self.condition.key.is_multi_valued() => self.compare(value),
                // A key of several values cannot be compared without a set operator.
                _ => {
                    notes.add(Assumption::SeveralValues(&self.condition.key));
                    match effect {
                        Effect::Allow => Truth::No,
                        Effect::Deny => match Truth::any(values.iter().map(|value| self.compare(value))) {
                            Truth::Broken => Truth::Yes,
                            truth => truth,
                        },
                    }
                }
            },
        }
    }

    /// Compares one value of the request with those of the policy: one is enough, and for a negated operator one is too
    /// many.
    fn compare(&self, given: &str) -> Truth {
        let truth = Truth::any(self.condition.values.iter().map(|value| self.compare_one(value, given)));
        if self.condition.operator.negated { truth.not() } else { truth }
    }

    fn compare_one(&self, value: &Value, given: &str) -> Truth {
        use Comparison as C;
        let or_broken = |truth: Option<bool>| truth.map_or(Truth::Broken, Truth::of);
        let comparison = self.condition.operator.comparison;
        match value {
            Value::Unreadable(_) => Truth::Broken,
            Value::Text(pattern) => match self.settle(pattern) {
                Settled::Replaced => Truth::of(match comparison {
                    C::StringEqualsIgnoreCase => self.equals_ignoring_case(pattern, given),
                    _ => self.matches(pattern, given),
                }),
                Settled::Never => Truth::No,
                Settled::Open => Truth::Open,
            },
            Value::Arn(arn) => match self.settle(arn.pattern()) {
                Settled::Replaced => or_broken(arn.matches(given, &|part| self.value_of(part))),
                Settled::Never => Truth::No,
                Settled::Open => Truth::Open,
            },
            Value::Number(wanted) => or_broken(value::number(given).map(|given| match comparison {
                C::NumericLessThan => given < *wanted,
                C::NumericLessThanEquals => given <= *wanted,
                C::NumericGreaterThan => given > *wanted,
                C::NumericGreaterThanEquals => given >= *wanted,
                _ => given == *wanted,
            })),
            Value::Date(wanted) => or_broken(value::date(given).map(|given| match comparison {
                C::DateLessThan => given < *wanted,
                C::DateLessThanEquals => given <= *wanted,
                C::DateGreaterThan => given > *wanted,
                C::DateGreaterThanEquals => given >= *wanted,
                _ => given == *wanted,
            })),
            Value::Bool(wanted) => or_broken(value::boolean(given).map(|given| given == *wanted)),
            Value::Binary(wanted) => or_broken(value::binary(given).map(|given| given == *wanted)),
            Value::Network(network) => {
                or_broken(value::address(given).map(|address| network.contains(address)))
            }
        }
    }

    /// Whether all variables of a text have a value.
    fn settle(&self, pattern: &Pattern) -> Settled {
        if pattern.has_variables() { settle(pattern, self.request, self.view) } else { Settled::Replaced }
    }

    fn value_of<'v>(&'v self, part: &'v Part) -> Option<&'v str> {
        match part {
            Part::Variable(variable) => variable_value(variable, self.request),
            _ => None,
        }
    }

    fn matches(&self, pattern: &Pattern, given: &str) -> bool {
        if let Some(literal) = pattern.literal() {
            return literal == given;
        }
        if !pattern.has_variables() {
            return matches(&*pattern.parts, given);
        }
        replaced(pattern, self.request).is_some_and(|pieces| matches(pieces.as_slice(), given))
    }

    fn equals_ignoring_case(&self, pattern: &Pattern, given: &str) -> bool {
        let Some(pieces) = replaced(pattern, self.request) else { return false };
        let texts = pieces.as_slice().iter().filter_map(|piece| match piece {
            Piece::Text(text) => Some(*text),
            _ => None,
        });
        let fold = |c: char| c.to_lowercase();
        texts.flat_map(str::chars).flat_map(fold).eq(given.chars().flat_map(fold))
    }
}

/// Whether a pattern's variables could be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// All of them have a value.
    Replaced,
    /// One has none and no default, so that the text equals nothing.
    Never,
    /// One depends on what the question left open.
    Open,
}

/// Looks for the value of each variable.
pub(crate) fn settle(pattern: &Pattern, request: &Request, view: View) -> Settled {
    let mut settled = Settled::Replaced;
    for variable in pattern.variables() {
        if view.is_open() && request.context().get(&variable.key).is_none() {
            return Settled::Open;
        }
        if variable_value(variable, request).is_none() {
            settled = Settled::Never;
        }
    }
    settled
}

/// Notes the variables that the request does not give.
pub(crate) fn note_variables<'p>(pattern: &'p Pattern, request: &Request, notes: &mut Notes<'p>) {
    for variable in pattern.variables() {
        if request.is_assumed_account(&variable.key) {
            notes.add(Assumption::ResourceAccount);
        }
        if request.context().get(&variable.key).is_none() {
            notes.add(Assumption::Absent(&variable.key));
        }
    }
}

/// What a variable stands for: the one value of its key, else its default if it has one.
///
/// Source: AWS IAM User Guide, *IAM policy elements: variables and tags*: a variable takes a single-valued key.
fn variable_value<'v>(variable: &'v Variable, request: &'v Request) -> Option<&'v str> {
    match request.context().get(&variable.key) {
        Some([value]) if !variable.key.is_multi_valued() => Some(value),
        _ => variable.default.as_deref(),
    }
}

/// A pattern with its variables replaced; `None` if one has no value.
pub(crate) fn replaced<'v>(pattern: &'v Pattern, request: &'v Request) -> Option<PieceList<'v>> {
    let value = |part: &'v Part| match part {
        Part::Variable(variable) => variable_value(variable, request).map(Piece::Text),
        part => Piece::of(part),
    };
    PieceList::collect(pattern.parts.len(), pattern.parts.iter().map(value))
}

/// Whether the request gives all variables of a pattern.
pub(crate) fn gives_all(pattern: &Pattern, request: &Request) -> bool {
    pattern.variables().all(|variable| {
        request.context().get(&variable.key).is_some() && !request.is_assumed_account(&variable.key)
    })
}

/// A pattern with a star for each variable that the request does not give.
pub(crate) fn loosened<'v>(pattern: &'v Pattern, request: &'v Request) -> Vec<Piece<'v>> {
    let value = |part: &'v Part| match part {
        Part::Variable(variable) => match request.context().get(&variable.key) {
            None => Piece::Many(Reach::Anything),
            Some(_) => variable_value(variable, request).map_or(Piece::Many(Reach::Anything), Piece::Text),
        },
        part => Piece::of(part).unwrap_or(Piece::Many(Reach::Anything)),
    };
    pattern.parts.iter().map(value).collect()
}
