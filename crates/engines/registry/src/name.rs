//! What repositories, tags and digests may be called.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Invalid;

/// Bytes of a repository's name (ECR: `RepositoryName`); the least is 2.
pub const MAX_REPOSITORY_NAME: usize = 256;

/// Bytes of a tag: the distribution specification's grammar has no longer one, and Docker no more. ECR's API takes up to 300 in
/// its shape and refuses by this grammar.
pub const MAX_TAG: usize = 128;

const REPOSITORY_PATTERN: &str =
    "must satisfy regular expression '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*'";

/// A repository's name within its registry, `team/shop`.
///
/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`, once or more between slashes, of 2 to 256 bytes (ECR: `RepositoryName`; the
/// distribution specification has the same grammar).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepositoryName(String);

impl RepositoryName {
    /// Takes a name that keeps to the grammar.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Invalid::length("repositoryName", text.len(), 2, MAX_REPOSITORY_NAME)?;
        if !is_path(text) {
            return Err(Invalid::new("repositoryName", REPOSITORY_PATTERN));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether each part between slashes keeps to the grammar of repositories' names.
pub(crate) fn is_path(text: &str) -> bool {
    text.split('/').all(is_part)
}

/// Letters and digits, with `.`, `_`, `__` or any number of `-` between them.
fn is_part(part: &str) -> bool {
    let is_alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut rest = part;
    loop {
        let after =
            rest.trim_start_matches(|letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit());
        if after.len() == rest.len() {
            return false;
        }
        if after.is_empty() {
            return true;
        }
        let end = after.bytes().position(is_alphanumeric).unwrap_or(after.len());
        let (between, next) = after.split_at_checked(end).unwrap_or((after, ""));
        let allowed = matches!(between, "." | "_" | "__") || between.bytes().all(|byte| byte == b'-');
        if !allowed {
            return false;
        }
        rest = next;
    }
}

/// A tag, `v1.2.0`: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}` (distribution specification, "Pulling manifests").
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tag(String);

impl Tag {
    /// Takes a tag that keeps to the grammar.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Invalid::length("imageTag", text.len(), 1, MAX_TAG)?;
        let first = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let other = |byte: u8| first(byte) || byte == b'.' || byte == b'-';
        if !(text.bytes().take(1).all(first) && text.bytes().all(other)) {
            return Err(Invalid::new(
                "imageTag",
                "must satisfy regular expression '[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}'",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The digest of a manifest or a blob, `sha256:` or `sha512:` and lower-case hexadecimal digits of the right number (OCI image
/// specification, "Digests"); no other algorithm is registered there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

impl Digest {
    /// Takes a digest in its one form.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let digits = match text.split_once(':') {
            Some(("sha256", digits)) if digits.len() == 64 => digits,
            Some(("sha512", digits)) if digits.len() == 128 => digits,
            _ => "",
        };
        let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if digits.is_empty() || !digits.bytes().all(lower) {
            return Err(Invalid::new(
                "imageDigest",
                "must satisfy regular expression '(sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})'",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The digest with its algorithm.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// By what a manifest is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reference {
    /// By a tag.
    Tag(Tag),
    /// By its digest.
    Digest(Digest),
}

impl Reference {
    /// What has a colon is a digest: no tag has one.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.contains(':') {
            Digest::parse(text).map(Self::Digest)
        } else {
            Tag::parse(text).map(Self::Tag)
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

macro_rules! text {
    ($($name:ident),*) => {$(
        impl TryFrom<String> for $name {
            type Error = Invalid;

            fn try_from(text: String) -> Result<Self, Invalid> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

text!(RepositoryName, Tag, Digest);

#[cfg(test)]
mod tests;
