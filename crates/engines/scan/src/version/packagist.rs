//! Composer's order: a version is made a number of four parts with a stability, then compared as PHP does.
//!
//! Source: Composer documentation, "Versions and constraints"; `VersionParser::normalize` of composer/semver 3 and PHP's
//! `version_compare` for what it leaves open.

use std::cmp::Ordering;
use std::fmt::Write as _;

use super::digits;
use super::error::Why;
use super::scanner::Scanner;

/// Digits of the first number of a version that is no date.
const MAX_MAJOR: usize = 5;

/// What an unnamed part of a branch such as `1.x` counts as.
const WILD: &str = "9999999";

/// `strtol` of a number that does not fit stays at the largest one.
const MAX_NUMBER: u64 = i64::MAX.unsigned_abs();

/// The stabilities that may follow the numbers, in the order in which they are tried.
const STABILITIES: [&str; 8] = ["stable", "beta", "b", "rc", "alpha", "a", "patch", "pl"];

/// A version as Composer normalizes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version(String);

pub(super) fn parse(text: &str) -> Result<Version, Why> {
    let text = text.trim_matches([' ', '\t', '\n', '\r', '\0', '\u{b}']);
    let text = without_alias(text);
    let text = without_stability_flag(text);
    if matches!(text, "master" | "trunk" | "default") {
        return Ok(Version(format!("dev-{text}")));
    }
    let mut branch = Scanner(text);
    if branch.eat_ignoring_case("dev-") {
        return Ok(Version(format!("dev-{}", branch.0)));
    }
    let text = without_build(text);
    classical(text).or_else(|| dated(text)).or_else(|| numeric_branch(text)).map(Version).ok_or(Why::Form)
}

/// `1.0 as 2.0` is `1.0`.
fn without_alias(text: &str) -> &str {
    let plain =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c == ',' || c.is_ascii_whitespace());
    let mut words = text.split(' ').filter(|word| !word.is_empty());
    match (words.next(), words.next(), words.next(), words.next()) {
        (Some(version), Some("as"), Some(alias), None) if plain(version) && plain(alias) => version,
        _ => text,
    }
}

fn without_stability_flag(text: &str) -> &str {
    let known = |flag: &str| {
        ["stable", "rc", "beta", "alpha", "dev"].iter().any(|stability| stability.eq_ignore_ascii_case(flag))
    };
    text.rsplit_once('@').filter(|(_, flag)| known(flag)).map_or(text, |(version, _)| version)
}

fn without_build(text: &str) -> &str {
    let refused = |part: &str| part.is_empty() || part.contains(|c: char| c.is_ascii_whitespace());
    match text.split_once('+') {
        Some((version, build)) if !refused(version) && !version.contains(',') && !refused(build) => version,
        _ => text,
    }
}

/// One to four numbers and a stability.
fn classical(text: &str) -> Option<String> {
    let mut rest = Scanner(text);
    rest.eat_ignoring_case("v");
    let major = rest.digits();
    if major.is_empty() || major.len() > MAX_MAJOR {
        return None;
    }
    let mut version = major.to_owned();
    for _ in 0..3 {
        let mut ahead = rest;
        match ahead.eat(".").then(|| ahead.digits()).filter(|digits| !digits.is_empty()) {
            Some(digits) => {
                _ = write!(version, ".{digits}");
                rest = ahead;
            }
            None => version.push_str(".0"),
        }
    }
    modified(version, rest)
}

/// A year and what follows in pairs of digits, then up to two shorter numbers.
fn dated(text: &str) -> Option<String> {
    let mut rest = Scanner(text);
    rest.eat_ignoring_case("v");
    let (year, after) = rest.0.split_at_checked(4)?;
    if !digits::are_digits(year) {
        return None;
    }
    pairs(year.to_owned(), Scanner(after), 0)
}

/// Takes as many pairs as there may be, and fewer if the rest does not fit otherwise.
fn pairs(so_far: String, rest: Scanner<'_>, taken: usize) -> Option<String> {
    if taken < 6
        && let Some((version, rest)) = group(&so_far, rest, 2)
        && let Some(found) = pairs(version, rest, taken + 1)
    {
        return Some(found);
    }
    if taken == 0 { None } else { shorter(so_far, rest, 0) }
}

/// Up to two numbers of one to three digits.
fn shorter(so_far: String, rest: Scanner<'_>, taken: usize) -> Option<String> {
    if taken < 2 {
        for length in [3, 2, 1] {
            if let Some((version, rest)) = group(&so_far, rest, length)
                && let Some(found) = shorter(version, rest, taken + 1)
            {
                return Some(found);
            }
        }
    }
    modified(so_far, rest)
}

/// So many digits, with a separator or none before them; the separator becomes a dot.
fn group<'a>(so_far: &str, mut rest: Scanner<'a>, length: usize) -> Option<(String, Scanner<'a>)> {
    let separated = rest.eat_any(&['.', ':', '-']);
    let (number, after) = rest.0.split_at_checked(length)?;
    digits::are_digits(number)
        .then(|| (format!("{so_far}{}{number}", if separated { "." } else { "" }), Scanner(after)))
}

/// The numbers with their stability, if the rest is one.
fn modified(numbers: String, rest: Scanner<'_>) -> Option<String> {
    let mut separated = rest;
    let found = separated.eat_any(&['.', '_', '-']).then(|| modifier(separated)).flatten();
    let (stability, number, dev) = found.or_else(|| modifier(rest))?;
    let mut version = numbers;
    if stability == "stable" {
        return Some(version);
    }
    if !stability.is_empty() {
        let lower = stability.to_ascii_lowercase();
        let full = match lower.as_str() {
            "a" => "alpha",
            "b" => "beta",
            "p" | "pl" => "patch",
            "rc" => "RC",
            other => other,
        };
        _ = write!(version, "-{full}{}", number.trim_start_matches(['.', '-']));
    }
    if dev {
        version.push_str("-dev");
    }
    Some(version)
}

/// A stability, its number and `dev`, each or none, to the end of the text.
fn modifier(rest: Scanner<'_>) -> Option<(&str, &str, bool)> {
    for name in STABILITIES.into_iter().chain(["p"]) {
        let mut after = rest;
        if after.eat_ignoring_case(name) {
            let stability = rest.0.get(..name.len()).unwrap_or_default();
            let number = numbers(&mut after);
            if let Some(dev) = development(after) {
                return Some((stability, number, dev));
            }
        }
    }
    development(rest).map(|dev| ("", "", dev))
}

/// Numbers, each with a dot, a hyphen or nothing before it.
fn numbers<'a>(rest: &mut Scanner<'a>) -> &'a str {
    let begin = rest.0;
    loop {
        let mut ahead = *rest;
        ahead.eat_any(&['.', '-']);
        if ahead.digits().is_empty() {
            return begin.get(..begin.len() - rest.0.len()).unwrap_or_default();
        }
        *rest = ahead;
    }
}

/// Whether the rest is `dev` (true), or nothing (false).
fn development(mut rest: Scanner<'_>) -> Option<bool> {
    if rest.is_empty() {
        return Some(false);
    }
    rest.eat_any(&['.', '-']);
    (rest.eat_ignoring_case("dev") && rest.is_empty()).then_some(true)
}

/// `1.x-dev`: a branch whose name is a number.
fn numeric_branch(text: &str) -> Option<String> {
    let end = text.len().checked_sub(3)?;
    let (name, dev) = text.split_at_checked(end)?;
    if !dev.eq_ignore_ascii_case("dev") {
        return None;
    }
    // As few characters as will do are the name, so that one separator is not part of it.
    let name = name.strip_suffix(['.', '-']).unwrap_or(name).trim();
    let mut rest = Scanner(name);
    rest.eat_ignoring_case("v");
    let mut version = rest.digits().to_owned();
    if version.is_empty() {
        return None;
    }
    for _ in 0..3 {
        let part = if rest.eat(".") {
            let digits = rest.digits();
            if digits.is_empty() && !rest.eat_any(&['x', 'X', '*']) {
                return None;
            }
            digits
        } else {
            ""
        };
        _ = write!(version, ".{}", if part.is_empty() { WILD } else { part });
    }
    rest.is_empty().then(|| version + "-dev")
}

impl Version {
    /// Compares two; branches are equal or can't be compared.
    pub(super) fn compare(&self, other: &Self) -> Result<Ordering, Why> {
        if self.0.starts_with("dev-") && other.0.starts_with("dev-") {
            return if self == other { Ok(Ordering::Equal) } else { Err(Why::Branches) };
        }
        Ok(php(&self.0, &other.0))
    }
}

/// PHP's `version_compare`.
fn php(a: &str, b: &str) -> Ordering {
    let (left, right) = (canonical(a), canonical(b));
    let (mut a, mut b) = (left.split('.'), right.split('.'));
    loop {
        let ordering = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (Some(left), Some(right)) => parts(left, right),
            (Some(left), None) if is_number(left) => Ordering::Greater,
            (None, Some(right)) if is_number(right) => Ordering::Less,
            // What is longer by a word is compared with a number, which stands between the words.
            (Some(left), None) => form(left).cmp(&NUMBER),
            (None, Some(right)) => NUMBER.cmp(&form(right)),
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
}

/// Where a number is among the words.
const NUMBER: i8 = 4;

fn is_number(part: &str) -> bool {
    part.starts_with(|c: char| c.is_ascii_digit())
}

fn parts(a: &str, b: &str) -> Ordering {
    let number = |part: &str| part.parse().unwrap_or(MAX_NUMBER).min(MAX_NUMBER);
    match (is_number(a), is_number(b)) {
        (true, true) => number(a).cmp(&number(b)),
        (true, false) => NUMBER.cmp(&form(b)),
        (false, true) => form(a).cmp(&NUMBER),
        (false, false) => form(a).cmp(&form(b)),
    }
}

/// The place of a word, by its beginning; an unknown one is before all.
fn form(word: &str) -> i8 {
    const FORMS: [(&str, i8); 9] = [
        ("dev", 0),
        ("alpha", 1),
        ("a", 1),
        ("beta", 2),
        ("b", 2),
        ("RC", 3),
        ("rc", 3),
        ("pl", 5),
        ("p", 5),
    ];
    FORMS.iter().find(|(known, _)| word.starts_with(known)).map_or(-1, |(_, place)| *place)
}

/// Dots for all that separates, and between digits and letters.
fn canonical(version: &str) -> String {
    let mut out = String::with_capacity(version.len() * 2);
    let mut last: Option<char> = None;
    for c in version.chars() {
        let turn = last
            .is_some_and(|last| last.is_ascii_digit() != c.is_ascii_digit() && last.is_ascii_alphanumeric());
        if last.is_some() && (!c.is_ascii_alphanumeric() || turn) && !out.ends_with('.') {
            out.push('.');
        }
        if c.is_ascii_alphanumeric() || last.is_none() {
            out.push(c);
        }
        last = Some(c);
    }
    out
}
