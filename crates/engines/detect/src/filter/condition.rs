//! What a condition says of an attribute's values.

use super::attribute::Form;
use super::subject::Found;

/// What is said of one attribute: all tests hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    pub(super) form: Form,
    pub(super) tests: Vec<Test>,
}

/// One operator with what it compares to.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// One of the attribute's values is one of these.
    Equals(Vec<String>),
    /// None is.
    NotEquals(Vec<String>),
    /// One of the attribute's values is as one of these patterns.
    Matches(Vec<String>),
    /// None is.
    NotMatches(Vec<String>),
    /// One of the attribute's values is greater.
    GreaterThan(i64),
    /// One is not less.
    GreaterThanOrEqual(i64),
    /// One is less.
    LessThan(i64),
    /// One is not greater.
    LessThanOrEqual(i64),
}

impl Condition {
    /// Its tests: one at least.
    pub fn tests(&self) -> &[Test] {
        &self.tests
    }

    /// Whether it is true of an attribute with these values.
    pub(super) fn holds(&self, found: &[Found]) -> bool {
        self.tests.iter().all(|test| test.holds(found, self.form))
    }
}

impl Test {
    /// GuardDuty's name of the operator.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Equals(_) => "Equals",
            Self::NotEquals(_) => "NotEquals",
            Self::Matches(_) => "Matches",
            Self::NotMatches(_) => "NotMatches",
            Self::GreaterThan(_) => "GreaterThan",
            Self::GreaterThanOrEqual(_) => "GreaterThanOrEqual",
            Self::LessThan(_) => "LessThan",
            Self::LessThanOrEqual(_) => "LessThanOrEqual",
        }
    }

    fn holds(&self, found: &[Found], form: Form) -> bool {
        let any =
            |values: &[String]| found.iter().any(|found| values.iter().any(|value| found.is(value, form)));
        let any_like = |patterns: &[String]| {
            let like = |text: &str| patterns.iter().any(|pattern| wildcard(pattern, text));
            found.iter().any(|found| found.text().is_some_and(like))
        };
        let any_number = |compare: fn(&f64, &f64) -> bool, bound: i64| {
            #[expect(
                clippy::cast_precision_loss,
                reason = "times in milliseconds are exact for 285,000 years"
            )]
            let bound = bound as f64;
            found.iter().filter_map(Found::number).any(|number| compare(&number, &bound))
        };
        match self {
            Self::Equals(values) => any(values),
            Self::NotEquals(values) => !any(values),
            Self::Matches(patterns) => any_like(patterns),
            Self::NotMatches(patterns) => !any_like(patterns),
            Self::GreaterThan(bound) => any_number(f64::gt, *bound),
            Self::GreaterThanOrEqual(bound) => any_number(f64::ge, *bound),
            Self::LessThan(bound) => any_number(f64::lt, *bound),
            Self::LessThanOrEqual(bound) => any_number(f64::le, *bound),
        }
    }
}

/// Whether a text is as a pattern, in time proportional to the product of their lengths.
fn wildcard(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // Where the latest `*` stands, and what it stands for ends: another character is its if what follows does not fit.
    let mut star = None;
    loop {
        let rest = (pattern.clone(), text.clone());
        match (pattern.next(), text.next()) {
            (Some('*'), _) => {
                text = rest.1;
                star = Some((pattern.clone(), text.clone()));
                continue;
            }
            (Some('?'), Some(_)) => continue,
            (Some(expected), Some(letter)) if expected == letter => continue,
            (None, None) => return true,
            _ => {}
        }
        let Some((after, mut its)) = star.take() else { return false };
        if its.next().is_none() {
            return false;
        }
        (pattern, text) = (after.clone(), its.clone());
        star = Some((after, its));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The twin: by what the characters mean, whatever it costs.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), None) => naive(rest, text),
            (Some(('*', rest)), Some((_, after))) => naive(rest, text) || naive(pattern, after),
            (Some(('?', rest)), Some((_, after))) => naive(rest, after),
            (Some((expected, rest)), Some((letter, after))) => expected == letter && naive(rest, after),
            _ => false,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn wildcards_are_as_their_twin_says(pattern in "[abé*?]{0,8}", text in "[abé*?]{0,10}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(wildcard(&pattern, &text), naive(&chars(&pattern), &chars(&text)));
        }
    }

    #[test]
    fn many_stars_cost_little() {
        let pattern = "*a".repeat(500);
        let text = "a".repeat(499) + &"b".repeat(10_000);
        assert!(!wildcard(&pattern, &text));
    }
}
