//! apk's order: `NUMBER{.NUMBER}[LETTER]{_SUFFIX[NUMBER]}[~HASH][-rNUMBER]`.
//!
//! Source: apk-tools 3, apk-package(5) and `apk_version_compare`. A version of another form is compared as long as what stands
//! before that decides, as apk does with packages that are installed.

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
    /// What has none of the forms that there are.
    Unread,
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
            Self::Unread => 8,
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
    let Some(first) = number(&mut rest) else { return Err(Why::NoNumber) };
    let mut parts = vec![Part::First(Number::new(first))];
    let is_read = others(&mut rest, &mut parts).is_some() && rest.is_empty();
    parts.push(if is_read { Part::End } else { Part::Unread });
    Ok(Version(parts))
}

/// Digits, one at least.
fn number<'a>(rest: &mut Scanner<'a>) -> Option<&'a str> {
    Some(rest.digits()).filter(|digits| !digits.is_empty())
}

/// What follows the first number, up to what has another form.
fn others<'a>(rest: &mut Scanner<'a>, parts: &mut Vec<Part<'a>>) -> Option<()> {
    while rest.eat(".") {
        parts.push(Part::Number(number(rest)?));
    }
    if let Some(letter) = rest.peek().filter(char::is_ascii_lowercase) {
        rest.0 = rest.0.strip_prefix(letter).unwrap_or_default();
        parts.push(Part::Letter(letter));
    }
    while rest.eat("_") {
        let name = rest.take_while(|c| c.is_ascii_lowercase());
        parts.push(Part::Suffix(Suffix::named(name)?));
        parts.extend(number(rest).map(|digits| Part::SuffixNumber(Number::new(digits))));
    }
    if rest.eat("~") {
        let hash = rest.take_while(|c| matches!(c, '0'..='9' | 'a'..='f'));
        parts.push(Some(hash).filter(|hash| !hash.is_empty()).map(Part::Hash)?);
    }
    if rest.eat("-r") {
        parts.push(Part::Revision(Number::new(number(rest)?)));
    }
    Some(())
}

impl Version<'_> {
    /// Compares two, unless it is what could not be read of one that decides.
    pub(super) fn compare(&self, other: &Self) -> Result<Ordering, Why> {
        for (a, b) in self.0.iter().zip(&other.0) {
            if matches!(a, Part::Unread) || matches!(b, Part::Unread) {
                return Err(Why::Form);
            }
            let ordering = a.compare(b);
            if ordering.is_ne() {
                return Ok(ordering);
            }
        }
        Ok(Ordering::Equal)
    }

    /// Whether all of it could be read.
    pub(super) fn is_read(&self) -> bool {
        !self.0.iter().any(|part| matches!(part, Part::Unread))
    }
}
