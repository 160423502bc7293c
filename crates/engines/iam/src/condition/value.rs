//! A policy's value of a condition, read once for its operator.

use std::net::IpAddr;
use std::sync::Arc;

use ringwall_model::time::milliseconds;

use super::operator::Comparison;
use super::{arn, network};
use crate::pattern::{Pattern, Syntax};
use crate::policy::Version;

/// A value that a condition compares with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// Compared as text; wildcards count for `StringLike` alone.
    Text(Pattern),
    Number(f64),
    /// Milliseconds since 1970.
    Date(i64),
    Bool(bool),
    Binary(Box<[u8]>),
    Network(network::Network),
    Arn(arn::ArnPattern),
    /// Not of the operator's type: what it would match cannot be told.
    Unreadable(Arc<str>),
}

impl Value {
    pub(crate) fn new(text: &Arc<str>, comparison: Comparison, version: Version) -> Self {
        use Comparison as C;
        let variables = version == Version::V2012 && comparison.takes_variables();
        let syntax = |wildcards| Syntax { wildcards, variables, arn: false };
        let or_unreadable = |value: Option<Self>| value.unwrap_or_else(|| Self::Unreadable(Arc::clone(text)));
        match comparison {
            C::StringEquals | C::StringEqualsIgnoreCase => Self::Text(Pattern::new(text, syntax(false))),
            C::StringLike => Self::Text(Pattern::new(text, syntax(true))),
            C::NumericEquals
            | C::NumericLessThan
            | C::NumericLessThanEquals
            | C::NumericGreaterThan
            | C::NumericGreaterThanEquals => or_unreadable(number(text).map(Self::Number)),
            C::DateEquals
            | C::DateLessThan
            | C::DateLessThanEquals
            | C::DateGreaterThan
            | C::DateGreaterThanEquals => or_unreadable(date(text).map(Self::Date)),
            C::Bool | C::Null => or_unreadable(boolean(text).map(Self::Bool)),
            C::BinaryEquals => or_unreadable(binary(text).map(Self::Binary)),
            C::IpAddress => or_unreadable(network::Network::parse(text).map(Self::Network)),
            C::ArnLike => {
                let arn = arn::ArnPattern::new(text, variables);
                or_unreadable(arn.is_arn().then_some(Self::Arn(arn)))
            }
        }
    }

    /// The text with its variables, for what may have some.
    pub(crate) fn pattern(&self) -> Option<&Pattern> {
        match self {
            Self::Text(pattern) => Some(pattern),
            Self::Arn(arn) => Some(arn.pattern()),
            _ => None,
        }
    }
}

/// A decimal number.
pub(crate) fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    // `inf` and `nan`, which Rust reads too, are no numbers in a policy.
    let plain =
        text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
    if !plain {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A date of the W3C profile of ISO 8601, or seconds since 1970, as milliseconds since 1970.
///
/// Source: AWS IAM User Guide, *Date condition operators*.
pub(crate) fn date(text: &str) -> Option<i64> {
    let text = text.trim();
    // A year, a month and a day stand for their first moment; ten digits are seconds.
    let rest = match text.len() {
        4 if text.bytes().all(|byte| byte.is_ascii_digit()) => "-01-01T00:00:00Z",
        7 if text.contains('-') => "-01T00:00:00Z",
        10 if text.contains('-') => "T00:00:00Z",
        _ if text.contains(['T', 't']) || text.bytes().all(|byte| byte.is_ascii_digit()) => {
            return milliseconds(text);
        }
        _ => return None,
    };
    milliseconds(&format!("{text}{rest}"))
}

pub(crate) fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else {
        text.eq_ignore_ascii_case("false").then_some(false)
    }
}

pub(crate) fn address(text: &str) -> Option<IpAddr> {
    text.trim().parse().ok()
}

/// Bytes from base64, with its padding.
///
/// Source: RFC 4648, section 4; AWS IAM User Guide, *Binary condition operators*.
pub(crate) fn binary(text: &str) -> Option<Box<[u8]>> {
    let text = text.trim();
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let digits = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(text);
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in digits.bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xFF).ok()?);
            bits &= (1 << count) - 1;
        }
    }
    // What is left over must be zero, or two texts would stand for the same bytes.
    (bits == 0).then(|| bytes.into())
}
