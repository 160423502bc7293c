use std::error::Error;
use std::io;
use std::sync::Arc;

/// Why a request has no answer.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The host's name has no address.
    #[error("`{host}` can't be resolved")]
    Resolve {
        /// The host.
        host: String,
        /// Why.
        source: Arc<io::Error>,
    },
    /// The name has addresses, but none that may be called.
    #[error(
        "`{host}:{port}` has no address that may be called, and is not on the list of those that may have any"
    )]
    Address {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// `http://` to where that is not allowed.
    #[error("`{host}` is not of this machine, so it is spoken to by https alone")]
    Plain {
        /// The host.
        host: String,
    },
    /// Nothing answers there.
    #[error("`{host}:{port}` can't be connected to")]
    Connect {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// Why.
        source: Arc<io::Error>,
    },
    /// The host is no name that a certificate could have.
    #[error("`{host}` is no name of a host")]
    Name {
        /// The host.
        host: String,
    },
    /// TLS failed: the certificate is by no trusted authority, of another name, or expired; or there is no TLS.
    #[error("TLS with `{host}` failed")]
    Tls {
        /// The host.
        host: String,
        /// Why.
        source: Arc<io::Error>,
    },
    /// The time for it is over.
    #[error("there was no answer in time")]
    Timeout,
    /// The answer's body is longer than allowed.
    #[error("the answer of `{host}` is longer than {limit} bytes")]
    TooLong {
        /// The host.
        host: String,
        /// How many are taken.
        limit: usize,
    },
    /// The answer is compressed, which was not asked for.
    #[error("the answer of `{host}` is compressed")]
    Encoded {
        /// The host.
        host: String,
    },
    /// The connection broke, or what came is no HTTP.
    #[error("the connection with `{host}` broke")]
    Broken {
        /// The host.
        host: String,
        /// Why.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The request is none: a header or the URL has characters that it can't have.
    #[error("the request can't be made: {0}")]
    Request(&'static str),
}

impl HttpError {
    /// Whether asking again may help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Resolve { .. } | Self::Connect { .. } | Self::Timeout | Self::Broken { .. } => true,
            // A certificate stays as it is, but a handshake that breaks off is a connection that broke.
            Self::Tls { source, .. } => source.get_ref().is_none_or(|cause| !cause.is::<rustls::Error>()),
            Self::Address { .. }
            | Self::Plain { .. }
            | Self::Name { .. }
            | Self::TooLong { .. }
            | Self::Encoded { .. }
            | Self::Request(_) => false,
        }
    }
}

/// Why a client can't be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The extra certificates can't be used.
    #[error(transparent)]
    Roots(#[from] ringwall_roots::RootsError),
    /// TLS can't be set up.
    #[error("TLS can't be set up")]
    Tls(#[source] rustls::Error),
}
