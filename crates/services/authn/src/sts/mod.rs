//! Who signed a token: STS is asked, once a token.

use std::sync::Arc;
use std::time::Duration;

use ringwall_model::Arn;

use crate::token::TokenError;

/// Who a token is of, as STS answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The ARN as STS has it: `arn:aws:sts::111122223333:assumed-role/admin/alice`.
    pub arn: Arn,
    /// The ARN that mappings name: `arn:aws:iam::111122223333:role/admin`.
    pub canonical_arn: String,
    /// The account's id, twelve digits.
    pub account: String,
    /// The unique id without the session's name: `AROAEXAMPLE`; of a root user the account, of a federated user
    /// `account:name`.
    pub user_id: String,
    /// The name of a role's session; empty for all others.
    pub session_name: String,
    /// Id of the access key that signed.
    pub access_key_id: String,
    /// The host that the token is for, which answered: `sts.eu-central-1.amazonaws.com`.
    pub sts_host: String,
    /// When the token ends, in Unix seconds: 15 minutes after it was signed.
    pub expires: i64,
}

/// Why a token is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// STS was not asked: the token is none, or not for this cluster's STS.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// STS does not believe it.
    #[error("STS refused the token: `{code}`: {message} (status {status})")]
    Denied {
        /// STS's code: `SignatureDoesNotMatch`, `ExpiredToken`, …; empty if it gave none.
        code: String,
        /// STS's words.
        message: String,
        /// The status of its answer.
        status: u16,
    },
    /// STS, or what protects it, takes no more calls just now.
    #[error("STS takes no more calls just now (hint: try again in {} s)", retry_after.as_secs())]
    Throttled {
        /// When to try again; at least a second.
        retry_after: Duration,
    },
    /// STS could not be asked, or its answer was none.
    #[error("STS could not be asked: {why}")]
    Unavailable {
        /// What happened.
        why: String,
    },
}

/// Verifies tokens; clones share what is kept.
#[derive(Clone, Debug)]
pub struct Verifier {}

impl Verifier {
    /// Tells who signed a token; `now` is in Unix seconds.
    ///
    /// # Errors
    ///
    /// A [`VerifyError`].
    pub async fn verify(&self, token: &str, now: i64) -> Result<Arc<Caller>, VerifyError> {
        let _ = (token, now);
        Err(TokenError::Prefix.into())
    }
}
