//! Names of clusters, replicas, findings and sinks as tokens of NATS' subjects, and back.
//!
//! A name is anybody's text, and a subject is divided by dots and matched by `*` and `>`: a name with those would be read as another
//! cluster's, or as all of them. So letters, digits, `-` and `_` stay, and every other byte becomes `=XX`.
//! Source: NATS documentation, "Subject-Based Messaging", "Characters allowed for subject names".

use crate::error::StreamError;

/// Longest name in bytes: three times as long in a subject, which is well within a line of the protocol (4 KiB).
/// Source: NATS documentation, server configuration, `max_control_line`.
pub const MAX_NAME: usize = 512;

/// A name as a token.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Token(String);

impl Token {
    pub(crate) fn of(name: &str) -> Result<Self, StreamError> {
        if name.is_empty() || name.len() > MAX_NAME {
            return Err(StreamError::Name(name.chars().take(64).collect()));
        }
        let mut token = String::with_capacity(name.len());
        for byte in name.bytes() {
            if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
                token.push(char::from(byte));
            } else {
                token.push('=');
                token.push_str(&data_encoding::HEXUPPER.encode(&[byte]));
            }
        }
        Ok(Self(token))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name that a token is of; none if it is of none.
pub(crate) fn name_of(token: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(token.len());
    let mut rest = token.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        if byte == b'=' {
            let (digits, after) = after.split_at_checked(2)?;
            bytes.extend(data_encoding::HEXUPPER.decode(digits).ok()?);
            rest = after;
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    let name = String::from_utf8(bytes).ok()?;
    // Others may write to the account: what we would have written otherwise is no name.
    (Token::of(&name).ok()?.as_str() == token).then_some(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn divides_and_matches_nothing() {
        assert_eq!(Token::of("prod.eu-1 *>_").unwrap().as_str(), "prod=2Eeu-1=20=2A=3E_");
        assert!(Token::of("").is_err());
        assert!(Token::of(&"x".repeat(MAX_NAME + 1)).is_err());
        for wrong in ["", "a.b", "=", "=4", "=61", "=2e", "=FF"] {
            assert_eq!(name_of(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn comes_back(name in "\\PC{1,40}|[a-z.*> =]{1,8}") {
            let token = Token::of(&name).unwrap();
            prop_assert!(token.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_=".contains(&byte)));
            prop_assert_eq!(name_of(token.as_str()), Some(name));
        }
    }
}
