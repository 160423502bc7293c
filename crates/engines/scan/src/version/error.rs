//! Why a version can't be read.

use super::{Ecosystem, MAX_VERSION};

/// Bytes of a version that a message shows: enough to find it by.
const SHOWN: usize = 80;

/// A version that its ecosystem's tool would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{version}` can't be read as a version of {ecosystem}: {why}")]
pub struct VersionError {
    version: String,
    ecosystem: Ecosystem,
    why: Why,
}

impl VersionError {
    pub(super) fn new(ecosystem: Ecosystem, version: &str, why: Why) -> Self {
        let mut shown: String = version.escape_debug().take(SHOWN + 1).collect();
        if shown.chars().count() > SHOWN {
            shown.pop();
            shown.push('…');
        }
        Self { version: shown, ecosystem, why }
    }
}

/// What a reader has against a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Why {
    #[error("it is empty")]
    Empty,
    #[error("it is longer than {MAX_VERSION} bytes")]
    TooLong,
    #[error("there is a space in it")]
    Space,
    #[error("what stands before the colon is no epoch, a number up to 2147483647")]
    Epoch,
    #[error("nothing follows the colon")]
    AfterColon,
    #[error("nothing follows the last hyphen, where the revision is")]
    Revision,
    #[error("it does not begin with a number")]
    NoNumber,
    #[error("a number of it is too large")]
    TooLarge,
    #[error("a number of it begins with zero")]
    LeadingZero,
    #[error("it does not have the three numbers MAJOR.MINOR.PATCH")]
    NotThree,
    #[error("it has more than four numbers")]
    MoreThanFour,
    #[error(
        "a part of the pre-release or of the build is empty or has other characters than 0-9, A-Z, a-z and `-`"
    )]
    Identifier,
    #[error("what follows its numbers is none of the forms that there are")]
    Form,
    #[error("branches have no order")]
    Branches,
}
