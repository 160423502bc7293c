//! Patterns: what they match, whether they share a text, whether one has all texts of the other.

use std::collections::BTreeSet;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Char(char),
    /// `?`, and whether it may be a colon.
    One {
        colon: bool,
    },
    /// `*`, and whether it goes past colons.
    Many {
        colon: bool,
    },
}

impl Piece {
    fn takes(self, character: char) -> bool {
        match self {
            Self::Char(own) => own == character,
            Self::One { colon } | Self::Many { colon } => colon || character != ':',
        }
    }
}

/// A text with its wildcards, and with its variables replaced if the policy's version has variables. What
/// `value_of` gives is text without wildcards. Nothing, if a variable has neither value nor default.
pub(crate) fn pieces(
    text: &str,
    variables: bool,
    value_of: &mut dyn FnMut(&str) -> Option<String>,
) -> Option<Vec<Piece>> {
    let mut resolved = true;
    let pieces = loose_pieces(text, variables, &mut |key, default| match value_of(key).or(default) {
        Some(value) => value.chars().map(Piece::Char).collect(),
        None => {
            resolved = false;
            Vec::new()
        }
    });
    resolved.then_some(pieces)
}

/// The same, with whatever `pieces_of` puts in the place of a variable and its default.
pub(crate) fn loose_pieces(
    text: &str,
    variables: bool,
    pieces_of: &mut dyn FnMut(&str, Option<String>) -> Vec<Piece>,
) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let variable = rest.strip_prefix("${").and_then(|after| after.split_once('}'));
        if let Some((inside, after)) = variable.filter(|_| variables) {
            rest = after;
            if ["*", "?", "$"].contains(&inside) {
                pieces.extend(inside.chars().map(Piece::Char));
                continue;
            }
            let (key, default) = match inside.split_once(',') {
                Some((key, default)) => (key.trim(), Some(default.trim().trim_matches('\'').to_owned())),
                None => (inside.trim(), None),
            };
            pieces.extend(pieces_of(key, default));
            continue;
        }
        pieces.push(match first {
            '*' => Piece::Many { colon: true },
            '?' => Piece::One { colon: true },
            other => Piece::Char(other),
        });
        rest = rest.strip_prefix(first).unwrap();
    }
    pieces
}

/// A text without variables.
pub(crate) fn glob(text: &str) -> Vec<Piece> {
    pieces(text, false, &mut |_| None).unwrap()
}

/// The pattern of a Resource element: wildcards of the first five segments stay in their segment, unless a `*` is
/// the last character of it.
pub(crate) fn resource(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut colons = 0;
    let mut confined = Vec::new();
    for (place, piece) in pieces.iter().enumerate() {
        let last = matches!(pieces.get(place + 1), None | Some(Piece::Char(':')));
        let free = colons >= 5;
        confined.push(match piece {
            Piece::Char(character) => {
                colons += usize::from(*character == ':');
                *piece
            }
            Piece::One { .. } => Piece::One { colon: free },
            Piece::Many { .. } => Piece::Many { colon: free || last },
        });
    }
    confined
}

pub(crate) fn matches(pattern: &[Piece], text: &[char]) -> bool {
    match (pattern, text) {
        ([], _) => text.is_empty(),
        ([Piece::Many { .. }, after @ ..], []) => matches(after, text),
        ([star @ Piece::Many { .. }, after @ ..], [first, rest @ ..]) => {
            matches(after, text) || (star.takes(*first) && matches(pattern, rest))
        }
        ([piece, after @ ..], [first, rest @ ..]) => piece.takes(*first) && matches(after, rest),
        (_, []) => false,
    }
}

pub(crate) fn matches_text(pattern: &[Piece], text: &str) -> bool {
    matches(pattern, &text.chars().collect::<Vec<_>>())
}

/// The places in a pattern that can be reached without a character.
fn rest_at(pattern: &[Piece], places: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
    let mut all = BTreeSet::new();
    for mut place in places {
        all.insert(place);
        while matches!(pattern.get(place), Some(Piece::Many { .. })) {
            place += 1;
            all.insert(place);
        }
    }
    all
}

fn step(pattern: &[Piece], places: &BTreeSet<usize>, character: char) -> BTreeSet<usize> {
    let next = places.iter().filter_map(|&place| {
        let piece = pattern.get(place).filter(|piece| piece.takes(character))?;
        Some(if matches!(piece, Piece::Many { .. }) { place } else { place + 1 })
    });
    rest_at(pattern, next.collect::<Vec<_>>())
}

/// All characters that patterns tell apart: their own, the colon, and one that neither has.
fn alphabet(one: &[Piece], other: &[Piece]) -> BTreeSet<char> {
    let own = one.iter().chain(other).filter_map(|piece| match piece {
        Piece::Char(character) => Some(*character),
        _ => None,
    });
    own.chain([':', '\u{1}']).collect()
}

/// Walks some patterns and another one over all texts at once, until `found` says so of the ends that one of the
/// former and the latter have reached.
fn walk(some: &[&[Piece]], other: &[Piece], found: impl Fn(bool, bool) -> bool) -> bool {
    let alphabet: BTreeSet<char> = some.iter().chain([&other]).flat_map(|one| alphabet(one, other)).collect();
    let mut todo = vec![(some.iter().map(|one| rest_at(one, [0])).collect::<Vec<_>>(), rest_at(other, [0]))];
    let mut seen = BTreeSet::new();
    while let Some((in_some, in_other)) = todo.pop() {
        if !seen.insert((in_some.clone(), in_other.clone())) {
            continue;
        }
        let at_end = some.iter().zip(&in_some).any(|(one, places)| places.contains(&one.len()));
        if found(at_end, in_other.contains(&other.len())) {
            return true;
        }
        for &character in &alphabet {
            let next_some =
                some.iter().zip(&in_some).map(|(one, places)| step(one, places, character)).collect();
            let next_other = step(other, &in_other, character);
            if !next_other.is_empty() {
                todo.push((next_some, next_other));
            }
        }
    }
    false
}

/// Whether a text exists that both match.
pub(crate) fn intersects(one: &[Piece], other: &[Piece]) -> bool {
    walk(&[one], other, |in_one, in_other| in_one && in_other)
}

/// Whether each text that `inner` matches is matched by one of the others.
pub(crate) fn together_cover(outer: &[&[Piece]], inner: &[Piece]) -> bool {
    !walk(outer, inner, |in_outer, in_inner| in_inner && !in_outer)
}
