//! Semantic Versioning, and what its kin share.
//!
//! Source: Semantic Versioning 2.0.0, 9 to 11. Build metadata has no say in the order.

use std::cmp::Ordering;

use super::digits::{self, Number};
use super::error::Why;

/// `MAJOR.MINOR.PATCH[-PRE.RELEASE][+BUILD]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Version<'a> {
    pub(super) numbers: [Number<'a>; 3],
    pub(super) pre: Option<&'a str>,
}

/// How much of the specification's form is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// All of it.
    Strict,
    /// Fewer numbers, if nothing follows them, as Go has them.
    Short,
    /// Fewer numbers, zeros before numbers.
    Lenient,
}

/// As people write it: `v1.2`, `01.2.3-rc.1`.
pub(super) fn parse_lenient(text: &str) -> Result<Version<'_>, Why> {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
    parse(text.strip_prefix(['v', 'V']).unwrap_or(text), Form::Lenient)
}

/// Reads a version in this form.
pub(super) fn parse(text: &str, form: Form) -> Result<Version<'_>, Why> {
    let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
    let (core, pre) = text.split_once('-').map_or((text, None), |(core, pre)| (core, Some(pre)));
    let mut numbers = [Number::ZERO; 3];
    let mut parts = core.split('.');
    let mut missing = numbers.len();
    for (place, part) in numbers.iter_mut().zip(parts.by_ref()) {
        if !digits::are_digits(part) {
            return Err(Why::NotThree);
        }
        if form != Form::Lenient && leading_zero(part) {
            return Err(Why::LeadingZero);
        }
        *place = Number::new(part);
        missing -= 1;
    }
    let short = match form {
        Form::Strict => missing > 0,
        Form::Short => missing > 0 && (pre.is_some() || build.is_some()),
        Form::Lenient => false,
    };
    if short || parts.next().is_some() {
        return Err(Why::NotThree);
    }
    for identifier in pre.into_iter().chain(build).flat_map(|text| text.split('.')) {
        if identifier.is_empty()
            || !identifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        {
            return Err(Why::Identifier);
        }
    }
    let zeros = |identifier: &str| digits::are_digits(identifier) && leading_zero(identifier);
    if form != Form::Lenient && pre.is_some_and(|pre| pre.split('.').any(zeros)) {
        return Err(Why::LeadingZero);
    }
    Ok(Version { numbers, pre })
}

fn leading_zero(digits: &str) -> bool {
    digits.len() > 1 && digits.starts_with('0')
}

impl Version<'_> {
    pub(super) fn cmp(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| match (self.pre, other.pre) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => pre_release(a, b),
        })
    }
}

/// Identifiers in turn; the longer list is the newer one if the other is its beginning.
fn pre_release(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let ordering = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(a), Some(b)) => match (digits::are_digits(a), digits::are_digits(b)) {
                (true, true) => digits::compare(a, b),
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => a.cmp(b),
            },
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
}
