//! RubyGems' order: segments of digits and of letters.
//!
//! Source: the documentation of `Gem::Version`, and its comparison for what that leaves open.

use std::cmp::Ordering;

use super::digits::Number;
use super::error::Why;
use super::scanner::Scanner;

/// A segment: letters are before any number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Segment<'a> {
    Letters(&'a str),
    Number(Number<'a>),
}

impl Segment<'_> {
    const ZERO: Self = Self::Number(Number::ZERO);
}

/// A version of a gem: what is before its first letters, and the rest, each without zeros at its end.
#[derive(Debug, Clone)]
pub(super) struct Version<'a>(Vec<Segment<'a>>);

pub(super) fn parse(text: &str) -> Result<Version<'_>, Why> {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
    // What is blank is version 0.
    let text = if text.is_empty() { "0" } else { text };
    check(text)?;
    let mut rest = Scanner(text);
    let (mut numbers, mut others) = (Vec::new(), Vec::new());
    while let Some(next) = rest.peek() {
        let segment = match next {
            '0'..='9' => Segment::Number(Number::new(rest.digits())),
            // A hyphen is written for `.pre.`.
            '-' => {
                rest.eat("-");
                Segment::Letters("pre")
            }
            '.' => {
                rest.eat(".");
                continue;
            }
            _ => Segment::Letters(rest.take_while(|c| c.is_ascii_alphabetic())),
        };
        match segment {
            Segment::Number(_) if others.is_empty() => numbers.push(segment),
            _ => others.push(segment),
        }
    }
    for part in [&mut numbers, &mut others] {
        while part.last().is_some_and(|segment| *segment == Segment::ZERO) {
            part.pop();
        }
    }
    numbers.append(&mut others);
    Ok(Version(numbers))
}

/// A number, then parts of letters and digits after dots; after a hyphen they have hyphens too.
fn check(text: &str) -> Result<(), Why> {
    let (release, pre) = text.split_once('-').map_or((text, None), |(release, pre)| (release, Some(pre)));
    let mut parts = release.split('.');
    let first = parts.next().unwrap_or_default();
    if first.is_empty() || !first.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Why::NoNumber);
    }
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let hyphened = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if parts.all(plain) && pre.is_none_or(|pre| pre.split('.').all(hyphened)) {
        Ok(())
    } else {
        Err(Why::Form)
    }
}

impl Version<'_> {
    pub(super) fn cmp(&self, other: &Self) -> Ordering {
        (0..self.0.len().max(other.0.len()))
            .find_map(|place| {
                let left = self.0.get(place).unwrap_or(&Segment::ZERO);
                let right = other.0.get(place).unwrap_or(&Segment::ZERO);
                Some(left.cmp(right)).filter(|ordering| ordering.is_ne())
            })
            .unwrap_or(Ordering::Equal)
    }
}
