//! Python's order.
//!
//! Source: PyPA specifications, "Version specifiers" (PEP 440), with its appendix on parsing.

use std::cmp::Ordering;

use super::digits::{self, Number};
use super::error::Why;
use super::scanner::Scanner;

const SEPARATORS: [char; 3] = ['-', '_', '.'];

/// The spellings of each kind of pre-release, in the order in which they are tried.
const PRE: [(&str, Pre); 8] = [
    ("alpha", Pre::Alpha),
    ("a", Pre::Alpha),
    ("beta", Pre::Beta),
    ("b", Pre::Beta),
    ("preview", Pre::Candidate),
    ("pre", Pre::Candidate),
    ("c", Pre::Candidate),
    ("rc", Pre::Candidate),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Pre {
    Alpha,
    Beta,
    Candidate,
}

/// What decides between two of the same release: what is missing has a place of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage<'a> {
    /// A development release of the release itself.
    Development,
    Pre(Pre, Number<'a>),
    Release,
}

/// A version of PEP 440.
#[derive(Debug, Clone)]
pub(super) struct Version<'a> {
    epoch: Number<'a>,
    /// Without zeros at its end.
    release: Vec<Number<'a>>,
    stage: Stage<'a>,
    post: Option<Number<'a>>,
    development: Option<Number<'a>>,
    local: Option<&'a str>,
}

pub(super) fn parse(text: &str) -> Result<Version<'_>, Why> {
    let mut rest = Scanner(text.trim());
    rest.eat_ignoring_case("v");
    let mut first = rest.digits();
    if first.is_empty() {
        return Err(Why::NoNumber);
    }
    let mut epoch = Number::ZERO;
    if rest.eat("!") {
        epoch = Number::new(first);
        first = rest.digits();
        if first.is_empty() {
            return Err(Why::NoNumber);
        }
    }
    let mut release = vec![Number::new(first)];
    while let Some(number) = after_dot(&mut rest) {
        release.push(number);
    }
    while release.last().is_some_and(|number| number.is_zero()) {
        release.pop();
    }
    let pre = tagged(&mut rest, &PRE);
    let post = implicit_post(&mut rest)
        .or_else(|| tagged(&mut rest, &[("post", ()), ("rev", ()), ("r", ())]).map(|((), number)| number));
    let development = tagged(&mut rest, &[("dev", ())]).map(|((), number)| number);
    let local = local(&mut rest)?;
    if !rest.is_empty() {
        return Err(Why::Form);
    }
    let stage = match pre {
        Some((kind, number)) => Stage::Pre(kind, number),
        None if post.is_none() && development.is_some() => Stage::Development,
        None => Stage::Release,
    };
    Ok(Version { epoch, release, stage, post, development, local })
}

fn after_dot<'a>(rest: &mut Scanner<'a>) -> Option<Number<'a>> {
    let mut ahead = *rest;
    let number = ahead.eat(".").then(|| ahead.digits()).filter(|digits| !digits.is_empty())?;
    *rest = ahead;
    Some(Number::new(number))
}

/// `1.0-1` is `1.0.post1`.
fn implicit_post<'a>(rest: &mut Scanner<'a>) -> Option<Number<'a>> {
    let mut ahead = *rest;
    let number = ahead.eat("-").then(|| ahead.digits()).filter(|digits| !digits.is_empty())?;
    *rest = ahead;
    Some(Number::new(number))
}

/// A word with a separator or none on both sides, and a number, which is zero if there is none.
fn tagged<'a, T: Copy>(rest: &mut Scanner<'a>, words: &[(&str, T)]) -> Option<(T, Number<'a>)> {
    let mut ahead = *rest;
    ahead.eat_any(&SEPARATORS);
    let (_, kind) = words.iter().find(|(word, _)| ahead.eat_ignoring_case(word))?;
    ahead.eat_any(&SEPARATORS);
    let number = Number::new(ahead.digits());
    *rest = ahead;
    Some((*kind, number))
}

fn local<'a>(rest: &mut Scanner<'a>) -> Result<Option<&'a str>, Why> {
    if !rest.eat("+") {
        return Ok(None);
    }
    let local = std::mem::take(&mut rest.0);
    let segment = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if local.split(SEPARATORS).all(segment) { Ok(Some(local)) } else { Err(Why::Form) }
}

impl Version<'_> {
    pub(super) fn cmp(&self, other: &Self) -> Ordering {
        let development = || match (self.development, other.development) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => a.cmp(&b),
        };
        let local = || match (self.local, other.local) {
            (Some(a), Some(b)) => locals(a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| self.release.cmp(&other.release))
            .then_with(|| self.stage.cmp(&other.stage))
            .then_with(|| self.post.cmp(&other.post))
            .then_with(development)
            .then_with(local)
    }
}

/// Segments in turn: a number is newer than letters, and more segments than fewer.
fn locals(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split(SEPARATORS), b.split(SEPARATORS));
    loop {
        let ordering = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(a), Some(b)) => match (digits::are_digits(a), digits::are_digits(b)) {
                (true, true) => digits::compare(a, b),
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => a.to_ascii_lowercase().cmp(&b.to_ascii_lowercase()),
            },
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
}
