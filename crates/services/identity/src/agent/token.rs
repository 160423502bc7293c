//! The token by which a pod asks: what can be said of it without its issuer's keys.

use aws_lc_rs::digest::{SHA256, digest};
use ringwall_model::Secret;
use ringwall_oidc::Token;

use super::refusal::Refused;

/// SHA-256 of a token: entries are found by it, so that no token lies about as a key of a map.
pub(super) type Key = [u8; 32];

/// A token whose form and times are right. Its signature is not looked at: who hands out the credentials does.
#[derive(Clone, Debug)]
pub(super) struct PodToken {
    pub(super) text: Secret,
    pub(super) key: Key,
    /// Its `exp`, in seconds since 1970.
    pub(super) expires: i64,
}

impl PodToken {
    /// Takes the values of the header `Authorization`: the token alone, without `Bearer`.
    ///
    /// Source: AWS EKS Auth API Reference, *AssumeRoleForPodIdentity*, `token`: three base64url parts joined by dots; the
    /// length is bounded by [`ringwall_oidc::MAX_TOKEN_BYTES`], as STS bounds its own.
    pub(super) fn read<'a>(mut values: impl Iterator<Item = &'a str>, now: i64) -> Result<Self, Refused> {
        let text = match (values.next(), values.next()) {
            (Some(text), None) => text,
            (None, _) => return Err(Refused::token("the header Authorization has to hold the pod's token")),
            (Some(_), Some(_)) => return Err(Refused::token("there is more than one header Authorization")),
        };
        if text.contains(' ') {
            return Err(Refused::token(
                "the header Authorization has to hold the token alone, without a scheme",
            ));
        }
        let refused = |error: ringwall_oidc::TokenError| Refused::token(&error.to_string());
        let expires = Token::parse(text).and_then(|token| token.lifetime(now)).map_err(refused)?.expires;
        let hash = digest(&SHA256, text.as_bytes());
        let mut key = Key::default();
        key.copy_from_slice(hash.as_ref());
        Ok(Self { text: Secret::from(text.to_owned()), key, expires })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{NOW, token, unsigned};
    use super::*;

    fn read(values: &[&str]) -> Result<PodToken, String> {
        PodToken::read(values.iter().copied(), NOW).map_err(|refused| refused.message.to_string())
    }

    #[test]
    fn a_token_is_known_by_its_hash_and_ends_when_it_says() {
        let (one, other) = (token("one", NOW + 60), token("other", NOW + 60));
        let read = |text: &str| read(&[text]).unwrap();
        assert_eq!(read(&one).key, read(&one).key);
        assert_ne!(read(&one).key, read(&other).key);
        assert_eq!(read(&one).expires, NOW + 60);
        assert!(!format!("{:?}", read(&one)).contains(one.rsplit_once('.').unwrap().1));
    }

    #[test]
    fn what_is_no_valid_token_is_refused() {
        let good = token("pod", NOW + 60);
        let scheme = format!("Bearer {good}");
        let long = format!("{good}{}", "A".repeat(ringwall_oidc::MAX_TOKEN_BYTES));
        let claims = |claims: serde_json::Value| unsigned(&claims);
        let base = serde_json::json!({ "iss": "https://k", "sub": "s", "iat": NOW, "exp": NOW + 60 });
        let with = |key: &str, value: serde_json::Value| {
            let mut claims = base.clone();
            claims[key] = value;
            unsigned(&claims)
        };
        let cases: Vec<(Vec<String>, &str)> = vec![
            (vec![], "has to hold the pod's token"),
            (vec![good.clone(), good.clone()], "more than one"),
            (vec![scheme], "without a scheme"),
            (vec![long], "at most 20000"),
            (vec!["a.b".into()], "three parts"),
            (vec![format!("{good}.x")], "three parts"),
            (vec![format!("{good}=")], "base64url"),
            (vec![claims(base["iat"].clone())], "no JSON object"),
            (vec![with("exp", NOW.into())], "expired"),
            (vec![with("exp", "soon".into())], "wrong type"),
            (vec![with("exp", serde_json::Value::Null)], "wrong type"),
            (vec![with("iat", (NOW + 301).into())], "`iat` is in the future"),
            (vec![with("nbf", (NOW + 301).into())], "`nbf` is in the future"),
        ];
        for (values, told) in cases {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let message = read(&values).unwrap_err();
            assert!(message.contains(told), "{message} has no {told}");
        }
        // Clocks drift.
        read(&[&with("nbf", (NOW + 300).into())]).unwrap();
    }
}
