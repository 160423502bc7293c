//! The order of Go modules, and of Go itself.
//!
//! Source: `golang.org/x/mod/semver`; the Go vulnerability database leaves the `v` out and writes `go1.21rc2` as `1.21.0-rc.2`
//! (go.dev/doc/security/vuln/database), so both are read.

use std::cmp::Ordering;

use super::digits::{self, Number};
use super::error::Why;
use super::scanner::Scanner;
use super::semver::{self, Form};

/// A module's version, or that of a toolchain.
#[derive(Debug, Clone, Copy)]
pub(super) enum Version<'a> {
    Module(semver::Version<'a>),
    Toolchain { numbers: [Number<'a>; 3], pre: Option<(&'a str, &'a str)> },
}

pub(super) fn parse(text: &str) -> Result<Version<'_>, Why> {
    match text.strip_prefix("go") {
        Some(toolchain) => parse_toolchain(toolchain),
        None => Ok(Version::Module(semver::parse(text.strip_prefix('v').unwrap_or(text), Form::Short)?)),
    }
}

/// `1.21`, `1.21.3`, `1.22rc1`; what a vendor adds after a space or a hyphen has no say.
fn parse_toolchain(text: &str) -> Result<Version<'_>, Why> {
    let text =
        text.find([' ', '-']).and_then(|end| text.split_at_checked(end)).map_or(text, |(head, _)| head);
    let mut rest = Scanner(text);
    let core = rest.take_while(|c| c.is_ascii_digit() || c == '.');
    let numbers = semver::parse(core, Form::Lenient)?.numbers;
    if rest.is_empty() {
        return Ok(Version::Toolchain { numbers, pre: None });
    }
    let kind = rest.take_while(|c| c.is_ascii_lowercase());
    if !matches!(kind, "alpha" | "beta" | "rc") || !digits::are_digits(rest.0) {
        return Err(Why::Form);
    }
    Ok(Version::Toolchain { numbers, pre: Some((kind, rest.0)) })
}

impl Version<'_> {
    pub(super) fn cmp(&self, other: &Self) -> Ordering {
        let (left, right) = (self.pre(), other.pre());
        let left = semver::Version { numbers: self.numbers(), pre: left.as_deref() };
        left.cmp(&semver::Version { numbers: other.numbers(), pre: right.as_deref() })
    }

    fn numbers(&self) -> [Number<'_>; 3] {
        match self {
            Self::Module(semver::Version { numbers, .. }) | Self::Toolchain { numbers, .. } => *numbers,
        }
    }

    fn pre(&self) -> Option<String> {
        match self {
            Self::Module(version) => version.pre.map(str::to_owned),
            Self::Toolchain { pre, .. } => pre.map(|(kind, number)| format!("{kind}.{number}")),
        }
    }
}
