//! Cargo's order: Semantic Versioning in 64 bits.
//!
//! Source: the `semver` crate, `Version::cmp_precedence`, which leaves build metadata out as the specification does.

use super::digits::Number;
use super::error::Why;
use super::semver::{self, Form, Version};

/// `u64::MAX`.
const MAX_NUMBER: &str = "18446744073709551615";

pub(super) fn parse(text: &str) -> Result<Version<'_>, Why> {
    let version = semver::parse(text, Form::Strict)?;
    if version.numbers.iter().any(|number| *number > Number::new(MAX_NUMBER)) {
        return Err(Why::TooLarge);
    }
    Ok(version)
}
