//! dpkg's order: epoch, upstream version, revision.
//!
//! Source: deb-version(7); Debian Policy Manual, 5.6.12. What `dpkg --compare-versions` only warns of (a version that does not
//! begin with a digit, unusual characters) is compared; what it refuses is refused.

use std::cmp::Ordering;

use super::digits;
use super::error::Why;
use super::scanner::Scanner;

/// Largest epoch that dpkg reads.
const MAX_EPOCH: u32 = i32::MAX.unsigned_abs();

/// A version of dpkg.
#[derive(Debug, Clone, Copy)]
pub(super) struct Version<'a> {
    epoch: u32,
    upstream: &'a str,
    revision: &'a str,
}

pub(super) fn parse(text: &str) -> Result<Version<'_>, Why> {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
    if text.is_empty() {
        return Err(Why::Empty);
    }
    if text.contains(|c: char| c.is_ascii_whitespace()) {
        return Err(Why::Space);
    }
    let (epoch, rest) = match text.split_once(':') {
        Some((epoch, _)) if !digits::are_digits(epoch) => return Err(Why::Epoch),
        Some((epoch, rest)) => {
            (epoch.parse().ok().filter(|epoch| *epoch <= MAX_EPOCH).ok_or(Why::Epoch)?, rest)
        }
        None => (0, text),
    };
    if rest.is_empty() {
        return Err(Why::AfterColon);
    }
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, "0"));
    match (upstream, revision) {
        (_, "") => Err(Why::Revision),
        ("", _) => Err(Why::Empty),
        _ => Ok(Version { epoch, upstream, revision }),
    }
}

impl Version<'_> {
    pub(super) fn cmp(&self, other: &Self) -> Ordering {
        let upstream = || part(self.upstream, other.upstream);
        self.epoch.cmp(&other.epoch).then_with(upstream).then_with(|| part(self.revision, other.revision))
    }
}

/// Compares what is no digit and what is in turns, from the left.
fn part(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (Scanner(a), Scanner(b));
    while !(a.is_empty() && b.is_empty()) {
        let (left, right) = (a.take_while(no_digit), b.take_while(no_digit));
        let ordering = text(left, right).then_with(|| digits::compare(a.digits(), b.digits()));
        if ordering.is_ne() {
            return ordering;
        }
    }
    Ordering::Equal
}

fn no_digit(c: char) -> bool {
    !c.is_ascii_digit()
}

/// `~` before the end, the end before letters, letters before all else.
fn text(a: &str, b: &str) -> Ordering {
    let weight = |byte: Option<u8>| match byte {
        Some(b'~') => -1,
        None => 0,
        Some(letter) if letter.is_ascii_alphabetic() => i32::from(letter),
        Some(other) => i32::from(other) + 256,
    };
    let (mut a, mut b) = (a.bytes(), b.bytes());
    loop {
        let (left, right) = (a.next(), b.next());
        let ordering = weight(left).cmp(&weight(right));
        if ordering.is_ne() || (left.is_none() && right.is_none()) {
            return ordering;
        }
    }
}
