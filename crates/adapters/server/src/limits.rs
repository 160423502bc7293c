//! What one listener takes on at most.

use std::time::Duration;

/// Connections at once. Each costs some tens of KiB; further ones wait in the kernel's backlog.
pub const MAX_CONNECTIONS: usize = 4096;
/// Requests in hand at once. A request lasts a few milliseconds, so more than this at once means that the machine
/// can't keep up, and a quick 503 serves a client better than a slow answer.
pub const MAX_CONCURRENT_REQUESTS: usize = 1024;
/// Bytes of a request's head. AWS takes 16 KiB; session tokens and presigned queries stay far below.
pub const MAX_HEADER_BYTES: usize = 32 * 1024;
/// Headers of a request. AWS's SDKs send about 15.
pub const MAX_HEADERS: usize = 100;
/// Bytes of a request's body. The largest that AWS's APIs here take are IAM policies and secrets of 64 KiB, escaped
/// to three times that.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;
/// Bytes of all bodies that are in memory at once, so that slow senders can't fill it.
pub const MAX_BUFFERED_BYTES: usize = 256 * 1024 * 1024;
/// Streams of one HTTP/2 connection. SDKs open a connection more rather than many streams.
pub const MAX_STREAMS: u32 = 128;
/// Streams that a client opened and reset before they were looked at. Who exceeds it is after a "rapid reset"
/// (CVE-2023-44487) and loses the connection.
pub const MAX_PENDING_RESETS: usize = 20;
/// Streams that the server itself had to reset because of a client's errors, before it ends the connection.
pub const MAX_ERROR_RESETS: usize = 64;
/// Connections that the kernel keeps for the listener while it is at its limit.
pub const BACKLOG: u32 = 1024;

/// How long a TLS handshake may last. Two round trips and a signature.
pub const TLS_HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a request's head may take to come in.
pub const HEADER_READ: Duration = Duration::from_secs(10);
/// How long a request's body may take to come in: 1 MiB at 56 kbit/s would need 150 s, but an SDK's 4 KiB one second.
pub const BODY_READ: Duration = Duration::from_secs(20);
/// How long an answer may take. SDKs give up after 60 seconds.
pub const REQUEST: Duration = Duration::from_secs(30);
/// How long a connection may be without a request in hand. Above the 60 seconds of the usual load balancers, so
/// that they close first.
pub const IDLE: Duration = Duration::from_secs(75);
/// How long requests in hand may go on once the server stops. Kubernetes kills after 30 seconds.
pub const DRAIN: Duration = Duration::from_secs(25);
/// How often an HTTP/2 client is asked whether it is still there, and how long it has to answer.
pub const PING: Duration = Duration::from_secs(20);

/// The limits of a listener; the defaults are this module's constants.
///
/// They can be replaced while the listener runs ([`crate::Live`]): connections take up the new ones when they are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; see [`MAX_CONNECTIONS`].
    pub max_connections: usize,
    /// Requests in hand at once; see [`MAX_CONCURRENT_REQUESTS`].
    pub max_concurrent_requests: usize,
    /// Bytes of a request's line and headers; see [`MAX_HEADER_BYTES`].
    pub max_header_bytes: usize,
    /// Headers of a request; see [`MAX_HEADERS`].
    pub max_headers: usize,
    /// Bytes of a request's body; see [`MAX_BODY_BYTES`].
    pub max_body_bytes: usize,
    /// Bytes of all bodies in memory; see [`MAX_BUFFERED_BYTES`].
    pub max_buffered_bytes: usize,
    /// Streams of one HTTP/2 connection; see [`MAX_STREAMS`].
    pub max_streams: u32,
    /// Time for a TLS handshake; see [`TLS_HANDSHAKE`].
    pub tls_handshake: Duration,
    /// Time for a request's head; see [`HEADER_READ`].
    pub header_read: Duration,
    /// Time for a request's body; see [`BODY_READ`].
    pub body_read: Duration,
    /// Time for an answer; see [`REQUEST`].
    pub request: Duration,
    /// Time without a request; see [`IDLE`].
    pub idle: Duration,
    /// Time for requests in hand when the server stops; see [`DRAIN`].
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: MAX_CONNECTIONS,
            max_concurrent_requests: MAX_CONCURRENT_REQUESTS,
            max_header_bytes: MAX_HEADER_BYTES,
            max_headers: MAX_HEADERS,
            max_body_bytes: MAX_BODY_BYTES,
            max_buffered_bytes: MAX_BUFFERED_BYTES,
            max_streams: MAX_STREAMS,
            tls_handshake: TLS_HANDSHAKE,
            header_read: HEADER_READ,
            body_read: BODY_READ,
            request: REQUEST,
            idle: IDLE,
            drain: DRAIN,
        }
    }
}
