//! Who hands out the credentials.

use std::future::Future;

use ringwall_model::Secret;

use super::answer::PodCredentials;
use super::refusal::Refused;

/// Gives credentials for a pod's token, after it has verified it.
pub trait Upstream: Send + Sync + 'static {
    /// Exchanges a token. It takes no longer than a client of its own would wait.
    fn assume(&self, token: &Secret) -> impl Future<Output = Result<PodCredentials, Refused>> + Send;
}
