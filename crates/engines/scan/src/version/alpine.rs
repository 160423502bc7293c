//! apk's order: `NUMBER{.NUMBER}[LETTER]{_SUFFIX[NUMBER]}[~HASH][-rNUMBER]`.
//!
//! Source: apk-tools 3, apk-package(5) and `apk version --test`, which refuses what has another form.

use std::cmp::Ordering;

use super::digits::Number;
use super::error::Why;
use super::scanner::Scanner;

/// A part of a version. Where one version has a part of one kind and the other of another, the kind that comes first here is the
/// newer version; the end is a kind as well.
#[derive(Debug, Clone, Copy)]
enum Part<'a> {
    First(Number<'a>),
    /// With the digits as they are written: a zero before them makes a text of both.
    Number(&'a str),
    Letter(char),
    Suffix(Suffix),
    SuffixNumber(Number<'a>),
    Hash(&'a str),
    Revision(Number<'a>),
    End,
}

/// A suffix, from the oldest to the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Suffix {
    Alpha,
    Beta,
    Pre,
    Rc,
    Cvs,
    Svn,
    Git,
    Hg,
    P,
}

impl Suffix {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "alpha" => Self::Alpha,
            "beta" => Self::Beta,
            "pre" => Self::Pre,
            "rc" => Self::Rc,
            "cvs" => Self::Cvs,
            "svn" => Self::Svn,
            "git" => Self::Git,
            "hg" => Self::Hg,
            "p" => Self::P,
            _ => return None,
        })
    }

    fn is_before_release(self) -> bool {
        self <= Self::Rc
    }
}

impl Part<'_> {
    fn rank(&self) -> u8 {
        match self {
            Self::First(_) => 0,
            Self::Number(_) => 1,
            Self::Letter(_) => 2,
            Self::Suffix(_) => 3,
            Self::SuffixNumber(_) => 4,
            Self::Hash(_) => 5,
            Self::Revision(_) => 6,
            Self::End => 7,
        }
    }

    fn is_before_release(&self) -> bool {
        matches!(self, Self::Suffix(suffix) if suffix.is_before_release())
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::First(a), Self::First(b))
            | (Self::SuffixNumber(a), Self::SuffixNumber(b))
            | (Self::Revision(a), Self::Revision(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) if a.starts_with('0') || b.starts_with('0') => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => Number::new(a).cmp(&Number::new(b)),
            (Self::Letter(a), Self::Letter(b)) => a.cmp(b),
            (Self::Suffix(a), Self::Suffix(b)) => a.cmp(b),
            (Self::Hash(a), Self::Hash(b)) => a.cmp(b),
            (a, _) if a.is_before_release() => Ordering::Less,
            (_, b) if b.is_before_release() => Ordering::Greater,
            (a, b) => b.rank().cmp(&a.rank()),
        }
    }
}

/// A version of apk.
#[derive(Debug)]
pub(super) struct Version<'a>(Vec<Part<'a>>);

pub(super) fn parse(text: &str) -> Result<Version<'_>, Why> {
    let mut rest = Scanner(text);
    let number = |rest: &mut Scanner<'_>| rest.peek().is_some_and(|c| c.is_ascii_digit());
    if !number(&mut rest) {
        return Err(Why::NoNumber);
    }
    let mut parts = vec![Part::First(Number::new(rest.digits()))];
    while rest.eat(".") {
        if !number(&mut rest) {
            return Err(Why::Form);
        }
        parts.push(Part::Number(rest.digits()));
    }
    if let Some(letter) = rest.peek().filter(char::is_ascii_lowercase) {
        rest.0 = rest.0.strip_prefix(letter).unwrap_or_default();
        parts.push(Part::Letter(letter));
    }
    while rest.eat("_") {
        let name = rest.take_while(|c| c.is_ascii_lowercase());
        parts.push(Part::Suffix(Suffix::named(name).ok_or(Why::Form)?));
        if number(&mut rest) {
            parts.push(Part::SuffixNumber(Number::new(rest.digits())));
        }
    }
    if rest.eat("~") {
        let hash = rest.take_while(|c| matches!(c, '0'..='9' | 'a'..='f'));
        if hash.is_empty() {
            return Err(Why::Form);
        }
        parts.push(Part::Hash(hash));
    }
    if rest.eat("-r") {
        if !number(&mut rest) {
            return Err(Why::Revision);
        }
        parts.push(Part::Revision(Number::new(rest.digits())));
    }
    if !rest.is_empty() {
        return Err(Why::Form);
    }
    parts.push(Part::End);
    Ok(Version(parts))
}

impl Version<'_> {
    pub(super) fn cmp(&self, other: &Self) -> Ordering {
        let unequal =
            self.0.iter().zip(&other.0).map(|(a, b)| a.compare(b)).find(|ordering| ordering.is_ne());
        unequal.unwrap_or(Ordering::Equal)
    }
}
