//! npm's order: Semantic Versioning within the bounds of JavaScript's numbers.
//!
//! Source: `semver` of npm, 7.x, `semver.compare` in its strict form: an optional `v`, 256 characters, numbers up to 2^53 - 1.

use super::digits::Number;
use super::error::Why;
use super::semver::{self, Form, Version};

/// Characters that `semver` reads at most.
const MAX_LENGTH: usize = 256;

/// `Number.MAX_SAFE_INTEGER`.
const MAX_NUMBER: &str = "9007199254740991";

pub(super) fn parse(text: &str) -> Result<Version<'_>, Why> {
    if text.len() > MAX_LENGTH {
        return Err(Why::Form);
    }
    let text = text.trim();
    let version = semver::parse(text.strip_prefix('v').unwrap_or(text), Form::Strict)?;
    if version.numbers.iter().any(|number| *number > Number::new(MAX_NUMBER)) {
        return Err(Why::TooLarge);
    }
    Ok(version)
}
