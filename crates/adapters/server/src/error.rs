use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a listener can't begin, or a certificate can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The address can't be listened on.
    #[error("`{address}` can't be listened on: {source}")]
    Bind {
        /// Address and port.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// A file can't be read or written.
    #[error("`{}` can't be {action}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// `read`, `written` and the like.
        action: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// A file is not what it has to be.
    #[error("`{}` {problem}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, as the end of a sentence.
        problem: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// A name that no certificate can be made for.
    #[error("`{0}` is neither a DNS name nor an IP address")]
    Name(String),
    /// A name that no client's certificate is made for.
    #[error("`{0}` is no name for a client")]
    ClientName(String),
    /// A certificate can't be made.
    #[error("a certificate can't be made: {0}")]
    Issue(#[from] rcgen::Error),
    /// TLS can't be set up.
    #[error("TLS can't be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// Client certificates can't be verified.
    #[error("client certificates can't be verified: {0}")]
    ClientVerifier(#[from] rustls::server::VerifierBuilderError),
    /// The system refuses what keeps secrets out of core dumps.
    #[error("core dumps can't be turned off: {0}")]
    Harden(io::Error),
    /// Signals can't be listened for.
    #[error("signals can't be listened for: {0}")]
    Signal(io::Error),
}

impl ServerError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Bind { source, .. } => match source.kind() {
                io::ErrorKind::AddrInUse => Some("another program listens there; choose another port"),
                io::ErrorKind::PermissionDenied => Some("ports below 1024 need CAP_NET_BIND_SERVICE"),
                io::ErrorKind::AddrNotAvailable => Some("the machine has no such address"),
                _ => None,
            },
            Self::Content { hint, .. } => Some(hint),
            Self::ClientName(_) => Some("1 to 64 letters, digits and any of -_.:/@"),
            Self::Name(_) => Some("as in ringwall.example.com, *.example.com or 10.0.0.7"),
            _ => None,
        }
    }
}
