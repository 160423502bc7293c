//! Whose calls they are.

mod cached;
mod container;
mod document;
mod instance;
pub(crate) mod process;
mod role;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use ringwall_model::Secret;

pub use self::cached::{Cached, REFRESH_BEFORE_SECONDS};
pub use self::container::Container;
pub use self::instance::Instance;
pub use self::role::{AssumeRole, TokenSource, WebIdentity};
use crate::{CallError, ErrorKind};

/// A future that is boxed, as `futures` has it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An access key, of a user or of a session.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The access key's id, which is no secret.
    pub access_key_id: String,
    /// The secret access key.
    pub secret: Secret,
    /// The token that belongs to a session's keys.
    pub session_token: Option<Secret>,
    /// When a session ends, in seconds since 1970.
    pub expires: Option<i64>,
    /// The account that they are of, if their source tells.
    pub account: Option<String>,
}

/// Gives credentials, as often as it is asked.
pub trait ProvideCredentials: Send + Sync + fmt::Debug {
    /// Credentials that are valid now. An implementation keeps what it can keep: it is asked at each call.
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialsError>>;
}

impl<P: ProvideCredentials + ?Sized> ProvideCredentials for Arc<P> {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialsError>> {
        (**self).credentials()
    }
}

/// Why there are no credentials.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// No source has any.
    #[error(
        "there are no AWS credentials: not in the environment, the shared files, a web identity token, a container or an instance"
    )]
    None,
    /// A source that is configured has failed; no other is asked instead, as none was meant.
    #[error("no credentials from {origin}: {message}")]
    Failed {
        /// The source, as ``the profile `x` ``.
        origin: String,
        /// What kind of failure: whether asking again may help.
        kind: ErrorKind,
        /// Why.
        message: String,
    },
}

impl CredentialsError {
    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::None => ErrorKind::NoCredentials,
            Self::Failed { kind, .. } => *kind,
        }
    }

    pub(crate) fn failed(origin: impl Into<String>, kind: ErrorKind, message: impl fmt::Display) -> Self {
        Self::Failed { origin: origin.into(), kind, message: message.to_string() }
    }

    /// What is configured, or what a source answers, is wrong.
    pub(crate) fn invalid(origin: impl Into<String>, message: impl fmt::Display) -> Self {
        Self::failed(origin, ErrorKind::Invalid, message)
    }

    pub(crate) fn of_call(origin: &str, error: &CallError) -> Self {
        Self::failed(origin, error.kind, error)
    }
}

/// Credentials that never change.
#[derive(Debug, Clone)]
pub struct Static(pub Credentials);

impl Static {
    /// An access key of a user.
    pub fn key(access_key_id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        Self(Credentials {
            access_key_id: access_key_id.into(),
            secret: secret.into(),
            session_token: None,
            expires: None,
            account: None,
        })
    }
}

impl ProvideCredentials for Static {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialsError>> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}
