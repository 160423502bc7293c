//! What a registry wants to see.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ringwall_model::Secret;
use serde::Deserialize;

/// What stays as it is in a query's values.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'/').remove(b':');

/// A way to prove who calls.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// By user and password.
    Basic,
    /// By a token that is to be had there.
    Bearer {
        /// Where.
        realm: String,
        /// For which service.
        service: Option<String>,
    },
}

impl Challenge {
    /// Reads a `WWW-Authenticate` header with one challenge (RFC 9110, 11.6.1), as registries send it.
    pub(super) fn read(value: &str) -> Option<Self> {
        let (scheme, mut rest) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let (mut realm, mut service) = (None, None);
        while let Some((key, value)) = rest.split_once('=') {
            let (value, after) = match value.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => value.split_once(',').unwrap_or((value, "")),
            };
            match key.trim().to_ascii_lowercase().as_str() {
                "realm" => realm = Some(value.to_owned()),
                "service" => service = Some(value.to_owned()),
                _ => {}
            }
            rest = after.trim_start().trim_start_matches(',');
        }
        Some(Self::Bearer { realm: realm?, service })
    }
}

/// Where a token for all that is done to a repository is to be had.
pub(super) fn token_url(realm: &str, service: Option<&str>, repository: &str) -> String {
    let encode = |text| utf8_percent_encode(text, QUERY);
    let separator = if realm.contains('?') { '&' } else { '?' };
    let service = service.map(|service| format!("service={}&", encode(service))).unwrap_or_default();
    format!("{realm}{separator}{service}scope=repository:{}:pull,push,delete", encode(repository))
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
}

/// The header's value of an answer with a token.
pub(super) fn bearer(answer: &[u8]) -> Option<Secret> {
    let answer: Answer = serde_json::from_slice(answer).ok()?;
    let token = answer.token.or(answer.access_token).filter(|token| !token.is_empty())?;
    Some(Secret::from(format!("Bearer {token}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read() {
        let bearer = |realm: &str, service: Option<&str>| {
            Some(Challenge::Bearer { realm: realm.to_owned(), service: service.map(str::to_owned) })
        };
        for (value, expected) in [
            ("Basic realm=\"x\"", Some(Challenge::Basic)),
            ("Bearer realm=\"https://a/t\",service=\"r\",scope=\"x:y\"", bearer("https://a/t", Some("r"))),
            ("bearer service=r, realm=https://a/t", bearer("https://a/t", Some("r"))),
            ("Bearer service=\"r\"", None),
            ("Bearer realm=\"open", None),
            ("Negotiate", None),
            ("", None),
        ] {
            assert_eq!(Challenge::read(value), expected, "`{value}`");
        }
    }
}
