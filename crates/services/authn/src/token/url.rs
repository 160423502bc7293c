//! A URL in the one form that clients of STS write.

use super::TokenError;

/// A URL taken apart, nothing decoded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Url<'u> {
    pub(super) scheme: &'u str,
    pub(super) authority: &'u str,
    pub(super) path: &'u str,
    /// Without the `?`; empty if there is none.
    pub(super) query: &'u str,
}

/// What stands in a query string as it is: RFC 3986's unreserved characters and those of the reserved that have one meaning.
///
/// `+` is a space to some readers, `;` ends a parameter to some, `#` ends the query, and what is in none of these sets has to be
/// escaped; clients of STS escape all of them.
const QUERY: &[u8] = b"-._~%&=!$'()*,/:?@";

impl<'u> Url<'u> {
    /// Takes a URL apart, strictly: two readers can't see two different ones in it.
    ///
    /// Source: RFC 3986, section 3, without fragment and without what is neither visible nor ASCII.
    pub(super) fn parse(bytes: &'u [u8]) -> Result<Self, TokenError> {
        let text =
            std::str::from_utf8(bytes).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()));
        let text = text.ok_or(TokenError::Url("it has bytes that are no visible ASCII"))?;
        if text.contains('#') {
            return Err(TokenError::Url("it has a fragment"));
        }
        let (scheme, rest) = text.split_once("://").ok_or(TokenError::Url("it has no scheme"))?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        Ok(Self { scheme, authority, path, query })
    }

    /// Refuses a query string with characters that have to be escaped.
    pub(super) fn check_query(&self) -> Result<(), TokenError> {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || QUERY.contains(&byte);
        if self.query.bytes().all(known) {
            return Ok(());
        }
        Err(TokenError::Query("it has a `+`, a `;` or another character that has to be escaped"))
    }
}
