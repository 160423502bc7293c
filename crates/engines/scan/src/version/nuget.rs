//! NuGet's order: up to four numbers, then labels in capitals or not.
//!
//! Source: NuGet documentation, "Package versioning"; `NuGetVersion.TryParse` and `VersionComparer.Default` for what it leaves
//! open. Build metadata has no say.

use std::cmp::Ordering;

use super::digits;
use super::error::Why;

/// A version of NuGet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Version<'a> {
    numbers: [i32; 4],
    labels: Option<&'a str>,
}

pub(super) fn parse(text: &str) -> Result<Version<'_>, Why> {
    let text = text.trim();
    let (text, metadata) = text.split_once('+').map_or((text, None), |(text, meta)| (text, Some(meta)));
    let (core, labels) = text.split_once('-').map_or((text, None), |(core, labels)| (core, Some(labels)));
    let mut numbers = [0; 4];
    let mut parts = core.split('.');
    for (place, part) in numbers.iter_mut().zip(parts.by_ref()) {
        if !digits::are_digits(part) {
            return Err(Why::NoNumber);
        }
        *place = part.parse().map_err(|_| Why::TooLarge)?;
    }
    if parts.next().is_some() {
        return Err(Why::MoreThanFour);
    }
    let labels = labels.map(|labels| valid(labels, false)).transpose()?;
    metadata.map(|metadata| valid(metadata, true)).transpose()?;
    Ok(Version { numbers, labels })
}

/// The labels, if each is one.
fn valid(labels: &str, zeros: bool) -> Result<&str, Why> {
    for label in labels.split('.') {
        if label.is_empty() || !label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(Why::Identifier);
        }
        if !zeros && label.len() > 1 && label.starts_with('0') && digits::are_digits(label) {
            return Err(Why::LeadingZero);
        }
    }
    Ok(labels)
}

impl Version<'_> {
    pub(super) fn cmp(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| match (self.labels, other.labels) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => compare_labels(a, b),
        })
    }
}

fn compare_labels(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let ordering = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            // As a number is what fits into 32 bits, with its sign: a longer one is a text.
            (Some(a), Some(b)) => match (a.parse::<i32>(), b.parse::<i32>()) {
                (Ok(a), Ok(b)) => a.cmp(&b),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                // The comparison without case that .NET calls ordinal makes capitals of both.
                (Err(_), Err(_)) => a.to_ascii_uppercase().cmp(&b.to_ascii_uppercase()),
            },
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
}
