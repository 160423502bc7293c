//! Which repository, and what in it.

use std::fmt;
use std::str::FromStr;

use ringwall_registry::{MAX_REPOSITORY_NAME, MAX_TAG, RepositoryName};

use crate::digest::Digest;
use crate::error::OciError;

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
        let bad = |why| OciError::BadName { name: name.chars().take(MAX_REPOSITORY_NAME).collect(), why };
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(bad("the account is not twelve digits".to_owned()));
        }
        if let Err(error) = RepositoryName::parse(&name) {
            return Err(bad(error.to_string()));
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
        match ringwall_registry::Tag::parse(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(_) => Err(OciError::BadTag(text.chars().take(MAX_TAG).collect())),
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
