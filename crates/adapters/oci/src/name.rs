//! Which repository, and what in it.

use std::fmt;
use std::str::FromStr;

use crate::digest::Digest;
use crate::error::OciError;

/// The longest name of a repository. Source: botocore's model of ECR, `RepositoryName`.
pub const MAX_REPOSITORY_NAME: usize = 256;

/// The longest tag of an OCI reference. Source: OCI *Distribution Specification*, "Pulling manifests".
pub const MAX_TAG: usize = 128;

/// A repository: the registry that it is in, which is an AWS account, and its name there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepositoryKey {
    account: String,
    name: String,
}

impl RepositoryKey {
    /// Checks account and name.
    ///
    /// # Errors
    ///
    /// [`OciError::BadName`]: the account is not twelve digits, or the name is none by the grammar of OCI's
    /// *Distribution Specification*, which is ECR's too.
    pub fn new(account: impl Into<String>, name: impl Into<String>) -> Result<Self, OciError> {
        let (account, name) = (account.into(), name.into());
        let bad = |why| Err(OciError::BadName { name: name.chars().take(MAX_REPOSITORY_NAME).collect(), why });
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return bad("the account is not twelve digits");
        }
        if name.len() > MAX_REPOSITORY_NAME {
            return bad("it is longer than 256 bytes");
        }
        if !name.split('/').all(is_component) {
            return bad("its parts have to be lower-case letters and digits, joined by one `.`, one or two `_`, or `-`");
        }
        Ok(Self { account, name })
    }

    /// The registry's account: twelve digits.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for RepositoryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of registry {}", self.name, self.account)
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_component(part: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut rest = part;
    loop {
        let after = rest.trim_start_matches(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        if after.len() == rest.len() {
            return false;
        }
        if after.is_empty() {
            return true;
        }
        let next = after.trim_start_matches(|c: char| !(c.is_ascii() && is_word(c as u8)));
        let Some(joint) = after.strip_suffix(next) else { return false };
        if !(matches!(joint, "." | "_" | "__") || joint.bytes().all(|byte| byte == b'-')) {
            return false;
        }
        rest = next;
    }
}

/// A tag: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(String);

impl Tag {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tag {
    type Err = OciError;

    fn from_str(text: &str) -> Result<Self, OciError> {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let mut bytes = text.bytes();
        let is_tag = text.len() <= MAX_TAG
            && bytes.next().is_some_and(is_word)
            && bytes.all(|byte| is_word(byte) || matches!(byte, b'.' | b'-'));
        if is_tag {
            Ok(Self(text.to_owned()))
        } else {
            Err(OciError::BadTag(text.chars().take(MAX_TAG).collect()))
        }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a manifest is asked for by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reference {
    /// By a tag.
    Tag(Tag),
    /// By its digest.
    Digest(Digest),
}

impl FromStr for Reference {
    type Err = OciError;

    /// What has a colon is a digest, since a tag has none.
    fn from_str(text: &str) -> Result<Self, OciError> {
        if text.contains(':') { text.parse().map(Self::Digest) } else { text.parse().map(Self::Tag) }
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
