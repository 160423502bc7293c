//! The parameters of a presigned request.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::TokenError;
use super::error::shown;
use super::url::Url;

/// The parameters that a token may have, in lower case.
///
/// Source: aws-iam-authenticator 81b1daba, `pkg/token/token.go`, `parameterWhitelist`.
const LISTED: [&str; 9] = [
    ACTION,
    "version",
    "x-amz-algorithm",
    CREDENTIAL,
    DATE,
    EXPIRES,
    "x-amz-security-token",
    "x-amz-signature",
    SIGNED_HEADERS,
];

pub(super) const ACTION: &str = "action";
pub(super) const CREDENTIAL: &str = "x-amz-credential";
pub(super) const DATE: &str = "x-amz-date";
pub(super) const EXPIRES: &str = "x-amz-expires";
pub(super) const SIGNED_HEADERS: &str = "x-amz-signedheaders";

/// Listed parameters, each of them once.
#[derive(Debug)]
pub(super) struct Parameters<'u>(Vec<(&'u str, Cow<'u, str>)>);

impl<'u> Parameters<'u> {
    /// Reads a query string: each parameter is listed and there once, in whatever case its name is written.
    ///
    /// Names stand there as they are, since no client escapes letters; values come out as visible ASCII.
    ///
    /// Source: aws-iam-authenticator 81b1daba, `pkg/token/token.go`, `Verify` and `validateDuplicateParameters`, which came of
    /// CVE-2022-2385.
    pub(super) fn parse(url: &Url<'u>) -> Result<Self, TokenError> {
        url.check_query()?;
        let mut pairs: Vec<(&str, &str)> = Vec::with_capacity(LISTED.len());
        for pair in url.query.split('&') {
            // A token has at most 4 KiB, so at most so many pairs, and reading all of them costs little.
            let (name, value) = pair.split_once('=').ok_or(TokenError::Query("a parameter has no `=`"))?;
            if name.is_empty() {
                return Err(TokenError::Query("a parameter has no name"));
            }
            if name.contains('%') {
                return Err(TokenError::Query("the name of a parameter is escaped"));
            }
            pairs.push((name, value));
        }
        let mut names: Vec<&str> = pairs.iter().map(|(name, _)| *name).collect();
        names.sort_unstable_by_key(|name| name.to_ascii_lowercase());
        let mut neighbours = names.iter().zip(names.iter().skip(1));
        if let Some((_, name)) = neighbours.find(|(one, two)| one != two && one.eq_ignore_ascii_case(two)) {
            return Err(TokenError::Duplicate { name: shown(name) });
        }
        let is_listed = |name: &str| LISTED.iter().any(|listed| listed.eq_ignore_ascii_case(name));
        if let Some((name, _)) = pairs.iter().find(|(name, _)| !is_listed(name)) {
            return Err(TokenError::NotListed { name: shown(name) });
        }
        let mut neighbours = names.iter().zip(names.iter().skip(1));
        if let Some((name, _)) = neighbours.find(|(one, two)| one == two) {
            return Err(TokenError::Several { name: shown(name) });
        }
        let decoded = pairs.into_iter().map(|(name, value)| Ok((name, decode(value)?)));
        decoded.collect::<Result<_, _>>().map(Self)
    }

    /// A parameter's value, by its name in lower case; empty if it isn't there.
    pub(super) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }
}

/// A value as its sender meant it.
fn decode(value: &str) -> Result<Cow<'_, str>, TokenError> {
    let whole = value.split('%').skip(1).all(|after| {
        let mut digits = after.bytes();
        let mut is_digit = || digits.next().is_some_and(|digit| digit.is_ascii_hexdigit());
        is_digit() && is_digit()
    });
    let decoded = percent_decode_str(value).decode_utf8().ok().filter(|_| whole);
    let visible = decoded.filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()));
    visible.ok_or(TokenError::Query("a value is no percent-encoded visible ASCII"))
}
