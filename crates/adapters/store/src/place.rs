//! Where a record is, and what may be kept there.

use std::fmt;

/// The longest name, in bytes. AWS's longest are parameters of 1,011 characters and ARNs of 2,048; a key of PostgreSQL's
/// B-tree ends at 2,704 bytes, and the other parts of a place take up to 140.
pub const MAX_NAME: usize = 2_048;

/// The longest kind, in bytes: kinds are constants of the code.
pub const MAX_KIND: usize = 64;

/// The longest region, in bytes: AWS's longest has 15.
pub const MAX_REGION: usize = 32;

/// The largest body, in bytes. The largest records are secrets of 64 KiB and policies, sealed and as JSON.
pub const MAX_BODY: usize = 1 << 20;

/// Closes the range of the names that begin with a prefix: no name holds it, so it is past each of them.
const PAST_ALL: char = '\u{10FFFF}';

/// The first character that a name may hold; those below are control characters, which no AWS name has.
const FIRST: char = '\u{20}';

/// Where a record is. Names are unique in their account, region and kind, and ordered bytewise.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// What sort of record it is, for example `iam/role`: lower-case letters, digits, `-` and `/`.
    pub kind: String,
    /// Twelve digits, or nothing for what belongs to the whole installation.
    pub account: String,
    /// A region's name, or nothing for global services.
    pub region: String,
    /// Anything of 1 to [`MAX_NAME`] bytes but control characters below U+0020 and U+10FFFF.
    pub name: String,
}

impl Place {
    /// A place, in the order in which an ARN names its parts.
    pub fn new(
        account: impl Into<String>,
        region: impl Into<String>,
        kind: impl Into<String>,
        name: impl Into<String>,
    ) -> Self {
        Self { kind: kind.into(), account: account.into(), region: region.into(), name: name.into() }
    }

    /// What is wrong with the place, if something is.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let account = self.account.as_bytes();
        let word = |text: &str, more: &[u8]| {
            text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || more.contains(&b))
        };
        if !(account.is_empty() || account.len() == 12 && account.iter().all(u8::is_ascii_digit)) {
            Some("an account is twelve digits, or nothing")
        } else if self.region.len() > MAX_REGION || !word(&self.region, b"-") {
            Some("a region is at most 32 lower-case letters, digits and `-`, or nothing")
        } else if self.kind.is_empty() || self.kind.len() > MAX_KIND || !word(&self.kind, b"-/") {
            Some("a kind is 1 to 64 lower-case letters, digits, `-` and `/`")
        } else if !is_name(&self.name) {
            Some("a name is 1 to 2,048 bytes without control characters")
        } else {
            None
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind, self.name.escape_debug())?;
        if !self.account.is_empty() {
            write!(f, " of account {}", self.account.escape_debug())?;
        }
        if !self.region.is_empty() {
            write!(f, " in {}", self.region.escape_debug())?;
        }
        Ok(())
    }
}

/// What is kept at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it is.
    pub place: Place,
    /// What the service wrote, at most [`MAX_BODY`] bytes.
    pub body: Vec<u8>,
    /// The generation of the commit that wrote it. No two writes of a place have the same.
    pub revision: i64,
}

/// Whether a record may have this name; no record is found under any other.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= MAX_NAME && is_text(name)
}

/// Whether the database takes the text as a name or a part of one.
fn is_text(text: &str) -> bool {
    text.chars().all(|c| (FIRST..PAST_ALL).contains(&c))
}

/// Names from the first bound on and before the second: those that begin with `prefix` and come after `after`.
/// None if no name can.
pub(crate) fn range(prefix: &str, after: Option<&str>) -> Option<(String, String)> {
    if prefix.len() > MAX_NAME || !is_text(prefix) || !after.is_none_or(is_text) {
        return None;
    }
    let end = format!("{prefix}{PAST_ALL}");
    let start = match after {
        // The next text after a name, since names hold no lower character.
        Some(after) if after >= prefix => format!("{after}\u{1}"),
        _ => prefix.to_owned(),
    };
    (start < end).then_some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(account: &str, region: &str, kind: &str, name: &str) -> Place {
        Place::new(account, region, kind, name)
    }

    #[test]
    fn places_are_checked() {
        let good = [
            place("", "", "installation", "keyring"),
            place("123456789012", "eu-central-1", "kms/key", "0f"),
            place("123456789012", "", "iam/role", &"é".repeat(MAX_NAME / 2)),
        ];
        assert!(good.iter().all(|place| place.fault().is_none()));
        let bad = [
            place("12345678901", "", "iam/role", "a"),
            place("12345678901x", "", "iam/role", "a"),
            place("", "eu central", "iam/role", "a"),
            place("", &"a".repeat(MAX_REGION + 1), "iam/role", "a"),
            place("", "", "", "a"),
            place("", "", "IAM", "a"),
            place("", "", &"a".repeat(MAX_KIND + 1), "a"),
            place("", "", "iam/role", ""),
            place("", "", "iam/role", "a\0b"),
            place("", "", "iam/role", "a\tb"),
            place("", "", "iam/role", "\u{10FFFF}"),
            place("", "", "iam/role", &"a".repeat(MAX_NAME + 1)),
        ];
        assert!(bad.iter().all(|place| place.fault().is_some()));
    }

    #[test]
    fn ranges_hold_what_begins_so_and_comes_after() {
        let names = ["a", "a!", "a/", "a/b", "a/é", "a0", "ab", "b", "é", "\u{FFFF}", "\u{10FFFE}"];
        for prefix in ["", "a", "a/", "é", "c"] {
            for after in [None, Some(""), Some("a"), Some("a/"), Some("a/é"), Some("b"), Some("\u{10FFFE}")]
            {
                let expected: Vec<_> = names
                    .iter()
                    .filter(|name| name.starts_with(prefix) && after.is_none_or(|after| **name > after))
                    .collect();
                let found: Vec<_> = match range(prefix, after) {
                    None => Vec::new(),
                    Some((start, end)) => {
                        names.iter().filter(|name| ***name >= *start && ***name < *end).collect()
                    }
                };
                assert_eq!(found, expected, "prefix {prefix:?} after {after:?}");
            }
        }
    }

    #[test]
    fn no_range_holds_what_no_name_has() {
        assert_eq!(range("a\0", None), None);
        assert_eq!(range("", Some("\u{10FFFF}")), None);
        assert_eq!(range(&"a".repeat(MAX_NAME + 1), None), None);
    }

    #[test]
    fn places_are_told_in_words() {
        let place = place("123456789012", "eu-west-1", "kms/key", "a\nb");
        assert_eq!(place.to_string(), "kms/key `a\\nb` of account 123456789012 in eu-west-1");
    }
}
