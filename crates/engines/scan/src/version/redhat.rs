//! rpm's order: epoch, version, release.
//!
//! Source: rpm's documentation, "Version comparison" (docs/man/rpm-version.7, manual/spec "Dependencies"); `rpmvercmp` for what
//! it leaves open. A version without a release is older than the same with one, whatever it is.

use std::cmp::Ordering;

use super::digits::{self, Number};
use super::error::Why;
use super::scanner::Scanner;

/// A version of rpm: `[EPOCH:]VERSION[-RELEASE]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Version<'a> {
    epoch: Number<'a>,
    version: &'a str,
    release: Option<&'a str>,
}

pub(super) fn parse(text: &str) -> Result<Version<'_>, Why> {
    let (epoch, rest) = match text.split_once(':') {
        Some((epoch, rest)) if epoch.is_empty() || digits::are_digits(epoch) => (epoch, rest),
        _ => ("", text),
    };
    let (version, release) =
        rest.rsplit_once('-').map_or((rest, None), |(version, release)| (version, Some(release)));
    if text.contains(|c: char| c.is_ascii_whitespace()) {
        return Err(Why::Space);
    }
    Ok(Version { epoch: Number::new(epoch), version, release })
}

impl Version<'_> {
    pub(super) fn cmp(&self, other: &Self) -> Ordering {
        let version = || part(self.version, other.version);
        let release = || match (self.release, other.release) {
            (Some(a), Some(b)) => part(a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        self.epoch.cmp(&other.epoch).then_with(version).then_with(release)
    }
}

/// Segments of digits or of letters, whatever stands between them; `~` is before the end, `^` after it and before all else.
fn part(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (Scanner(a), Scanner(b));
    loop {
        for side in [&mut a, &mut b] {
            side.take_while(|c| !c.is_ascii_alphanumeric() && c != '~' && c != '^');
        }
        match (a.eat("~"), b.eat("~")) {
            (true, true) => continue,
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {}
        }
        let ended = (a.is_empty(), b.is_empty());
        match (a.eat("^"), b.eat("^")) {
            (true, true) => continue,
            (true, false) if ended.1 => return Ordering::Greater,
            (true, false) => return Ordering::Less,
            (false, true) if ended.0 => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {}
        }
        match ended {
            (false, false) => {}
            (true, true) => return Ordering::Equal,
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
        }
        let ordering = segment(&mut a, &mut b);
        if ordering.is_ne() {
            return ordering;
        }
    }
}

/// The next segment of each, of the kind that the left one has; a number is newer than letters.
fn segment(a: &mut Scanner<'_>, b: &mut Scanner<'_>) -> Ordering {
    if a.peek().is_some_and(|c| c.is_ascii_digit()) {
        let (left, right) = (a.digits(), b.digits());
        if right.is_empty() {
            return Ordering::Greater;
        }
        return digits::compare(left, right);
    }
    let (left, right) =
        (a.take_while(|c| c.is_ascii_alphabetic()), b.take_while(|c| c.is_ascii_alphabetic()));
    if right.is_empty() { Ordering::Less } else { left.cmp(right) }
}
