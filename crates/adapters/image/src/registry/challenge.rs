//! What registries want to see, and what they give for it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ringwall_model::Secret;
use serde::Deserialize;

/// What stays as it is in a query's values.
const QUERY: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/').remove(b':');

/// A way to prove who calls.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// By user and password.
    Basic,
    /// By a token that is to be had there.
    Bearer { realm: String, service: Option<String> },
}

impl Challenge {
    /// Reads the value of a `WWW-Authenticate` header with one challenge, as registries send it.
    ///
    /// Source: RFC 9110, 11.6.1.
    pub(super) fn read(value: &str) -> Option<Self> {
        let (scheme, rest) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let (mut realm, mut service) = (None, None);
        let mut rest = rest.trim_start();
        while let Some((key, value)) = rest.split_once('=') {
            let (value, after) = parameter(value)?;
            match key.trim().to_ascii_lowercase().as_str() {
                "realm" => realm = Some(value),
                "service" => service = Some(value),
                _ => {}
            }
            rest = after.trim_start().trim_start_matches(',').trim_start();
        }
        Some(Self::Bearer { realm: realm?, service })
    }
}

/// A token or a quoted string, and what follows.
fn parameter(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(',').unwrap_or(text.len());
        let (value, rest) = text.split_at_checked(end)?;
        return Some((value.trim_end().to_owned(), rest));
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, quoted.get(at + 1..)?)),
            '\\' => value.push(letters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

/// Where a token to pull from a repository is to be had.
pub(super) fn token_url(realm: &str, service: Option<&str>, repository: &str) -> String {
    let encode = |text| utf8_percent_encode(text, QUERY);
    let separator = if realm.contains('?') { '&' } else { '?' };
    let service = service.map(|service| format!("service={}&", encode(service))).unwrap_or_default();
    format!("{realm}{separator}{service}scope=repository:{}:pull", encode(repository))
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
        for (value, challenge) in [
            ("Basic realm=\"x\"", Some(Challenge::Basic)),
            ("basic", Some(Challenge::Basic)),
            (
                "Bearer realm=\"https://auth.example/token\",service=\"registry.example\",scope=\"repository:a/b:pull\"",
                bearer("https://auth.example/token", Some("registry.example")),
            ),
            ("Bearer service=plain, realm=\"a\\\"b\"", bearer("a\"b", Some("plain"))),
            ("Bearer realm=\"open", None),
            ("Bearer service=\"x\"", None),
            ("Negotiate", None),
            ("", None),
        ] {
            assert_eq!(Challenge::read(value), challenge, "{value}");
        }
    }

    #[test]
    fn a_token_is_asked_for_one_repository() {
        assert_eq!(
            token_url("https://auth.example/t", Some("a b"), "shop/web"),
            "https://auth.example/t?service=a%20b&scope=repository:shop/web:pull"
        );
        assert_eq!(token_url("https://a/t?x=1", None, "b"), "https://a/t?x=1&scope=repository:b:pull");
        assert_eq!(bearer(b"{\"token\":\"t\"}").unwrap().expose(), b"Bearer t");
        assert_eq!(bearer(b"{\"access_token\":\"t\"}").unwrap().expose(), b"Bearer t");
        assert!(bearer(b"{\"token\":\"\"}").is_none() && bearer(b"[]").is_none());
    }
}
