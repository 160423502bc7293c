//! What one socket takes on at most.

use std::time::Duration;

/// Connections at once. A kube-apiserver opens one for each of its providers, the CSI driver one; the rest is for people
/// who look. Further ones wait in the kernel's backlog.
pub const MAX_CONNECTIONS: usize = 64;
/// Calls in hand at once. The callers are on the same machine and few; more than this is a loop gone wrong.
pub const MAX_CALLS: usize = 256;
/// Bytes of one message. A Mount's attributes carry a few tokens and a SecretProviderClass, which etcd bounds to 1.5 MiB.
/// Who takes less says so.
pub const MAX_MESSAGE_BYTES: usize = 2 * 1024 * 1024;
/// Bytes of a call's headers: gRPC sends about ten short ones.
pub const MAX_HEADER_BYTES: u32 = 8 * 1024;
/// Streams of one connection, and so its calls at once.
pub const MAX_STREAMS: u32 = 128;
/// Streams that a peer opened and reset before they were looked at, and streams that we had to reset because of its
/// errors. Who exceeds it is after a "rapid reset" (CVE-2023-44487) and loses the connection.
pub const MAX_RESETS: usize = 64;
/// Connections that the kernel keeps for the listener while it is at its limit.
pub const BACKLOG: i32 = 128;

/// How long a call may take, from its headers to its answer. A kube-apiserver waits three seconds for its KMS plugin by
/// default, the CSI driver two minutes at most.
pub const CALL: Duration = Duration::from_secs(30);
/// How long a connection may be without a call. A kube-apiserver calls each minute.
pub const IDLE: Duration = Duration::from_secs(600);
/// How long calls in hand may go on once the listener stops. Kubernetes kills after 30 seconds.
pub const DRAIN: Duration = Duration::from_secs(10);

/// The limits of a listener; the defaults are this module's constants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; see [`MAX_CONNECTIONS`].
    pub max_connections: usize,
    /// Calls in hand at once; see [`MAX_CALLS`].
    pub max_calls: usize,
    /// Bytes of one message; see [`MAX_MESSAGE_BYTES`].
    pub max_message_bytes: usize,
    /// Time for a call; see [`CALL`].
    pub call: Duration,
    /// Time without a call; see [`IDLE`].
    pub idle: Duration,
    /// Time for calls in hand when the listener stops; see [`DRAIN`].
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: MAX_CONNECTIONS,
            max_calls: MAX_CALLS,
            max_message_bytes: MAX_MESSAGE_BYTES,
            call: CALL,
            idle: IDLE,
            drain: DRAIN,
        }
    }
}
