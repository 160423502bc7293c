//! Sets of texts that patterns stand for: whether two have a text in common, and whether some cover another.

use std::cell::Cell;

use hashbrown::HashSet;

use crate::limits::{MAX_COMPARE_STEPS, MAX_COVER_STATES};
use crate::pattern::Reach;
use crate::wildcard::{Piece, Pieces};

/// What the comparisons of one decision may still cost.
#[derive(Debug)]
pub(crate) struct Budget(Cell<usize>);

impl Budget {
    pub(crate) fn new() -> Self {
        Self(Cell::new(MAX_COMPARE_STEPS))
    }

    /// Takes some steps; `None` once they are spent.
    fn take(&self, steps: usize) -> Option<()> {
        let left = self.0.get().checked_sub(steps)?;
        self.0.set(left);
        Some(())
    }
}

/// A pattern, character by character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Char(char),
    One(Reach),
    Many(Reach),
}

/// A pattern as steps, of which each is a state: "the text up to here matches the steps before this one".
#[derive(Debug)]
pub(crate) struct Steps(Vec<Step>);

impl Steps {
    pub(crate) fn of<P: Pieces + ?Sized>(pieces: &P) -> Self {
        let mut steps = Vec::new();
        let mut at = 0;
        while let Some(piece) = pieces.piece(at) {
            match piece {
                Piece::Text(text) => steps.extend(text.chars().map(Step::Char)),
                Piece::One(reach) => steps.push(Step::One(reach)),
                Piece::Many(reach) => steps.push(Step::Many(reach)),
            }
            at += 1;
        }
        Self(steps)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, at: usize) -> Option<Step> {
        self.0.get(at).copied()
    }

    /// Whether nothing more is needed from this state on.
    fn accepts(&self, at: usize) -> bool {
        self.0.get(at..).is_some_and(|rest| rest.iter().all(|step| matches!(step, Step::Many(_))))
    }

    /// The state after a character, for each way that leads on from a state.
    fn follow(&self, at: usize, c: char, reached: &mut Vec<usize>) {
        let mut at = at;
        loop {
            match self.get(at) {
                Some(Step::Char(expected)) if expected == c => reached.push(at + 1),
                Some(Step::One(reach)) if takes(reach, c) => reached.push(at + 1),
                Some(Step::Many(reach)) => {
                    if takes(reach, c) {
                        reached.push(at);
                    }
                    at += 1;
                    continue;
                }
                _ => {}
            }
            return;
        }
    }

    fn chars(&self) -> impl Iterator<Item = char> {
        self.0.iter().filter_map(|step| match step {
            Step::Char(c) => Some(*c),
            _ => None,
        })
    }
}

fn takes(reach: Reach, c: char) -> bool {
    reach == Reach::Anything || c != ':'
}

/// Characters that tell the patterns apart: all that one of them names, a colon, and one for all others.
fn alphabet<'s>(patterns: impl Iterator<Item = &'s Steps>) -> Vec<char> {
    let mut chars: Vec<char> = patterns.flat_map(Steps::chars).chain([':']).collect();
    chars.sort_unstable();
    chars.dedup();
    // Some character is left over: patterns are far shorter than Unicode.
    let other = ('a'..='\u{10FFFF}').find(|c| chars.binary_search(c).is_err());
    chars.extend(other);
    chars
}

/// Whether some text matches both; `None` if that takes too long to tell.
pub(crate) fn intersects(one: &Steps, other: &Steps, budget: &Budget) -> Option<bool> {
    let alphabet = alphabet([one, other].into_iter());
    let mut seen = HashSet::new();
    let mut open = vec![(0, 0)];
    let (mut ones, mut others) = (Vec::new(), Vec::new());
    while let Some((a, b)) = open.pop() {
        if one.accepts(a) && other.accepts(b) {
            return Some(true);
        }
        if !seen.insert((a, b)) {
            continue;
        }
        budget.take(alphabet.len())?;
        for c in &alphabet {
            ones.clear();
            others.clear();
            one.follow(a, *c, &mut ones);
            other.follow(b, *c, &mut others);
            open.extend(ones.iter().flat_map(|a| others.iter().map(move |b| (*a, *b))));
        }
    }
    Some(false)
}

/// Whether every text that matches the first matches one of the others; `None` if that takes too long to tell.
pub(crate) fn covers(covered: &Steps, by: &[Steps], budget: &Budget) -> Option<bool> {
    let alphabet = alphabet(by.iter().chain([covered]));
    let begin: Vec<(usize, usize)> = (0..by.len()).map(|pattern| (pattern, 0)).collect();
    let mut seen = HashSet::new();
    let mut open = vec![(0, begin)];
    let (mut reached, mut states) = (Vec::new(), Vec::new());
    while let Some((at, set)) = open.pop() {
        let accepts =
            |(pattern, at): &(usize, usize)| by.get(*pattern).is_some_and(|steps| steps.accepts(*at));
        if covered.accepts(at) && !set.iter().any(accepts) {
            return Some(false);
        }
        if seen.contains(&(at, set.clone())) {
            continue;
        }
        if seen.len() >= MAX_COVER_STATES {
            return None;
        }
        budget.take(alphabet.len().saturating_mul(set.len() + 1))?;
        for c in &alphabet {
            reached.clear();
            covered.follow(at, *c, &mut reached);
            if reached.is_empty() {
                continue;
            }
            let mut next: Vec<(usize, usize)> = Vec::new();
            for (pattern, at) in &set {
                states.clear();
                if let Some(steps) = by.get(*pattern) {
                    steps.follow(*at, *c, &mut states);
                }
                next.extend(states.iter().map(|state| (*pattern, *state)));
            }
            next.sort_unstable();
            next.dedup();
            open.extend(reached.iter().map(|at| (*at, next.clone())));
        }
        seen.insert((at, set));
    }
    Some(true)
}
