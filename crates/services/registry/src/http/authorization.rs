//! The `Authorization` header.

use data_encoding::BASE64;
use jiff::Timestamp;
use ringwall_model::Secret;
use zeroize::Zeroizing;

use crate::gate::Credentials;
use crate::token::{Scope, Tokens};

/// What a client shows, and what it is good for at most.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) credentials: Credentials,
    /// The scopes of a token; `None` if it is none, which is good for all that its owner may do.
    pub(crate) scopes: Option<Vec<Scope>>,
}

/// Reads the header. `None` if it is there and no good.
///
/// Source: RFC 7617, 2; RFC 6750, 2.1.
pub(crate) fn shown(header: Option<&str>, tokens: &Tokens, now: Timestamp) -> Option<Shown> {
    let Some(header) = header else {
        return Some(Shown { credentials: Credentials::Anonymous, scopes: None });
    };
    let (scheme, rest) = header.trim().split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        let read = tokens.open(rest, now)?;
        return Some(Shown { credentials: read.credentials, scopes: Some(read.scopes) });
    }
    if scheme.eq_ignore_ascii_case("basic") {
        return Some(Shown { credentials: basic(rest)?, scopes: None });
    }
    None
}

fn basic(encoded: &str) -> Option<Credentials> {
    let bytes = Zeroizing::new(BASE64.decode(encoded.as_bytes()).ok()?);
    let text = std::str::from_utf8(&bytes).ok()?;
    let (user, password) = text.split_once(':')?;
    // `docker login` with nothing filled in.
    if user.is_empty() && password.is_empty() {
        return Some(Credentials::Anonymous);
    }
    Some(Credentials::Password { user: user.to_owned(), password: Secret::from(password.to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user_of(header: &str) -> Option<Option<String>> {
        let tokens = Tokens::new(&Secret::new(vec![7; 32])).unwrap();
        let shown = shown(Some(header), &tokens, Timestamp::UNIX_EPOCH)?;
        Some(match shown.credentials {
            Credentials::Anonymous => None,
            Credentials::Password { user, .. } => Some(user),
        })
    }

    #[test]
    fn a_header_is_good_or_no_good() {
        let basic = |text: &str| format!("basic {}", BASE64.encode(text.as_bytes()));
        assert_eq!(user_of(&basic("AWS:a:b")), Some(Some("AWS".to_owned())));
        assert_eq!(user_of(&basic(":")), Some(None));
        for bad in ["", "Basic", "Basic ***", "Basic QQ==", "Bearer x", "Negotiate x"] {
            assert_eq!(user_of(bad), None, "{bad}");
        }
    }
}
