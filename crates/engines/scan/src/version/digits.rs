//! Numbers of any size, as the digits that they are written with.

use std::cmp::Ordering;

/// Compares two runs of ASCII digits as numbers; an empty run is zero.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (significant(a), significant(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// The digits without the zeros before them: nothing for zero.
pub(super) fn significant(digits: &str) -> &str {
    digits.trim_start_matches('0')
}

/// A number by its digits, equal and ordered as numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number<'a>(&'a str);

impl<'a> Number<'a> {
    /// The number that these ASCII digits are; nothing is zero.
    pub(super) fn new(digits: &'a str) -> Self {
        Self(significant(digits))
    }

    pub(super) const ZERO: Self = Self("");

    pub(super) fn is_zero(self) -> bool {
        self.0.is_empty()
    }
}

impl PartialOrd for Number<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(self.0, other.0)
    }
}

/// Whether these are ASCII digits, one at least.
pub(super) fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
