//! Comparing patterns of a policy with each other.

use super::findings::Findings;
use crate::limits::MAX_COVER_STATES;
use crate::pattern::{Part, Pattern, Reach};
use crate::pattern_set::{Budget, Steps, covers};
use crate::wildcard::{Piece, matches};

/// A pattern in which a variable may be any text.
pub(super) fn steps(pattern: &Pattern) -> Steps {
    let pieces: Vec<Piece<'_>> = pattern.parts.iter().map(piece).collect();
    Steps::of(pieces.as_slice())
}

fn piece(part: &Part) -> Piece<'_> {
    Piece::of(part).unwrap_or(Piece::Many(Reach::Anything))
}

/// The text with a star for each variable: what can be told of it without a request.
pub(super) fn flat(pattern: &Pattern) -> String {
    let mut text = String::new();
    for part in &pattern.parts {
        match part {
            Part::Text(part) => text.push_str(part),
            Part::One(_) => text.push('?'),
            Part::Many(_) | Part::Variable(_) => text.push('*'),
        }
    }
    text
}

/// Whether every text that matches one pattern matches another, as far as that can be told.
pub(super) fn is_covered(one: &Pattern, by: &Pattern, out: &mut Findings) -> bool {
    if by.is_everything() {
        return true;
    }
    if one.has_variables() || by.has_variables() {
        return one.written() == by.written();
    }
    match one.literal() {
        Some(text) => out.spend(text.len()) && matches(&*by.parts, text),
        // Text without wildcards covers no pattern that has some.
        None if by.literal().is_some() => false,
        None => {
            out.spend(MAX_COVER_STATES) && covers(&steps(one), &[steps(by)], &Budget::new()) == Some(true)
        }
    }
}
