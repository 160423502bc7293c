//! Bearer tokens: a credential, sealed for this registry, with an end and scopes.
//!
//! Source: CNCF distribution, *Token Authentication Specification* and *Token Scope Documentation*.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, RandomizedNonceKey};
use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use ringwall_model::Secret;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::gate::{Action, Credentials};

/// How long a token is good. Long enough for a large push by several requests, short enough to be of little use to who finds
/// one; clients get a new one when it is over.
pub const TOKEN_LIFETIME: Duration = Duration::from_secs(300);

/// Scopes of one token. A client asks for one or two.
const MAX_SCOPES: usize = 32;

/// Bytes of a token. A password of `GetAuthorizationToken` has some hundreds to 2,600.
const MAX_TOKEN: usize = 16 * 1024;

/// Bytes of a nonce of AES-GCM.
const NONCE: usize = 12;

/// What tells these tokens from anything else that the key may seal, and one form of them from a later one.
const FORM: &[u8] = b"ringwall registry token 1";

/// What a token is good for: actions on a repository, `*` for all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// `repository` or `registry`.
    pub kind: String,
    /// The repository's name, or `catalog`.
    pub name: String,
    /// `pull`, `push`, `delete`, `*`.
    pub actions: Vec<String>,
}

/// Makes tokens and reads them, with one key. Replicas with the same key take each other's.
pub struct Tokens {
    key: RandomizedNonceKey,
}

/// What is in a token.
#[derive(Serialize, Deserialize)]
struct Sealed {
    /// The user; `None` of an anonymous one.
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<Zeroizing<String>>,
    scopes: Vec<Scope>,
    /// Seconds since 1970 at which it ends.
    ends: i64,
}

/// A token that was read.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) credentials: Credentials,
    pub(crate) scopes: Vec<Scope>,
}

impl Tokens {
    /// With a key of 32 bytes; `None` if it has another length.
    pub fn new(key: &Secret) -> Option<Self> {
        RandomizedNonceKey::new(&AES_256_GCM, key.expose()).ok().map(|key| Self { key })
    }

    /// Makes a token for credentials that were found to be good.
    pub(crate) fn seal(&self, credentials: &Credentials, scopes: &[Scope], now: Timestamp) -> Option<String> {
        let (user, password) = match credentials {
            Credentials::Anonymous => (None, None),
            Credentials::Password { user, password } => {
                (Some(user.clone()), Some(Zeroizing::new(password.expose_text()?.to_owned())))
            }
        };
        let lifetime = i64::try_from(TOKEN_LIFETIME.as_secs()).ok()?;
        let ends = now.as_second().checked_add(lifetime)?;
        let sealed = Sealed { user, password, scopes: scopes.to_vec(), ends };
        let mut text = Zeroizing::new(serde_json::to_vec(&sealed).ok()?);
        let nonce = self.key.seal_in_place_append_tag(Aad::from(FORM), &mut *text).ok()?;
        let mut token = nonce.as_ref().to_vec();
        token.extend_from_slice(&text);
        Some(BASE64URL_NOPAD.encode(&token))
    }

    /// Reads a token; `None` if it is none of this key's or is over.
    pub(crate) fn open(&self, token: &str, now: Timestamp) -> Option<Read> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
        let (nonce, text) = bytes.split_first_chunk::<NONCE>()?;
        let mut text = Zeroizing::new(text.to_vec());
        let nonce = aws_lc_rs::aead::Nonce::from(nonce);
        let opened = self.key.open_in_place(nonce, Aad::from(FORM), &mut text).ok()?;
        let sealed: Sealed = serde_json::from_slice(opened).ok()?;
        if sealed.ends <= now.as_second() {
            return None;
        }
        let credentials = match (sealed.user, sealed.password) {
            (Some(user), Some(password)) => {
                Credentials::Password { user, password: Secret::new(password.as_bytes().to_vec()) }
            }
            (None, None) => Credentials::Anonymous,
            _ => return None,
        };
        Some(Read { credentials, scopes: sealed.scopes })
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

impl Scope {
    /// Reads scopes, parted by spaces: `repository:NAME:pull,push`. What is none is left out, as the specification has it: a
    /// client gets a token for what is understood, and less than it asked for.
    pub fn read(text: &str) -> Vec<Self> {
        text.split_ascii_whitespace().take(MAX_SCOPES).filter_map(Self::one).collect()
    }

    fn one(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        // A name may have a port in front of it in this grammar, so the actions are after the last colon.
        let (name, actions) = rest.rsplit_once(':')?;
        // `repository(class)` is as good as `repository`.
        let kind = kind.split('(').next()?;
        if !matches!(kind, "repository" | "registry") || name.is_empty() {
            return None;
        }
        let is_action = |action: &&str| matches!(*action, "pull" | "push" | "delete" | "*");
        let actions: Vec<String> = actions.split(',').filter(is_action).map(str::to_owned).collect();
        (!actions.is_empty()).then(|| Self { kind: kind.to_owned(), name: name.to_owned(), actions })
    }

    /// Whether one of the scopes covers an action on a repository, or on the registry without one.
    pub(crate) fn cover(scopes: &[Self], action: Action, repository: Option<&str>) -> bool {
        let (kind, name) = match repository {
            Some(name) => ("repository", name),
            None => ("registry", "catalog"),
        };
        scopes
            .iter()
            .filter(|scope| scope.kind == kind && scope.name == name)
            .any(|scope| scope.actions.iter().any(|given| action.scopes().contains(&given.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(byte: u8) -> Tokens {
        Tokens::new(&Secret::new(vec![byte; 32])).unwrap()
    }

    fn password() -> Credentials {
        Credentials::Password { user: "AWS".into(), password: Secret::from("hunter2".to_owned()) }
    }

    #[test]
    fn a_token_is_good_for_its_scopes_until_its_end() {
        let now = Timestamp::UNIX_EPOCH;
        let scopes = Scope::read("repository:a/b:pull,push registry:catalog:*");
        let token = tokens(1).seal(&password(), &scopes, now).unwrap();
        assert!(!token.contains("hunter2"));
        let read = tokens(1).open(&token, now).unwrap();
        assert_eq!(read.scopes, scopes);
        let Credentials::Password { user, password } = read.credentials else { panic!("it is anonymous") };
        assert_eq!((user.as_str(), password.expose_text()), ("AWS", Some("hunter2")));
        assert!(tokens(2).open(&token, now).is_none());
        assert!(tokens(1).open(&token, now + TOKEN_LIFETIME).is_none());
        let mut other = token.into_bytes();
        let last = other.pop().unwrap();
        other.push(if last == b'A' { b'B' } else { b'A' });
        assert!(tokens(1).open(std::str::from_utf8(&other).unwrap(), now).is_none());
        assert!(tokens(1).open("", now).is_none());
        assert!(Tokens::new(&Secret::new(vec![1; 31])).is_none());
    }

    #[test]
    fn scopes_cover_what_they_say_and_no_more() {
        let pull = Scope::read("repository:a:pull");
        assert!(Scope::cover(&pull, Action::BatchGetImage, Some("a")));
        assert!(!Scope::cover(&pull, Action::BatchGetImage, Some("b")));
        assert!(!Scope::cover(&pull, Action::PutImage, Some("a")));
        assert!(!Scope::cover(&pull, Action::DescribeRepositories, None));
        let push = Scope::read("repository:a:push");
        assert!(Scope::cover(&push, Action::BatchGetImage, Some("a")));
        assert!(!Scope::cover(&push, Action::BatchDeleteImage, Some("a")));
        let all = Scope::read("repository(plugin):a:*");
        assert!(Scope::cover(&all, Action::BatchDeleteImage, Some("a")));
        assert!(Scope::read("repository:a repository::pull repository:a:fly image:a:pull").is_empty());
        assert_eq!(Scope::read(&"repository:a:pull ".repeat(99)).len(), MAX_SCOPES);
    }
}
