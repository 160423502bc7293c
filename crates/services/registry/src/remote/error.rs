use http::StatusCode;
use ringwall_http::{HttpError, UrlError};

/// Why another registry did not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// It could not be asked.
    #[error("the registry can't be asked")]
    Http(#[from] HttpError),
    /// Its address, or one that it named, is none.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// It doesn't let us.
    #[error("the registry `{host}` refuses `{what}`")]
    Denied {
        /// The registry.
        host: String,
        /// What was asked for.
        what: String,
    },
    /// It answered something else than what was asked for.
    #[error("the registry `{host}` answered {status} for `{what}`: {says}")]
    Status {
        /// The registry.
        host: String,
        /// Its answer.
        status: StatusCode,
        /// What was asked for.
        what: String,
        /// The answer's beginning.
        says: String,
    },
    /// Its bytes are not those that were asked for.
    #[error("the registry `{host}` sends other bytes than those of `{what}`")]
    Digest {
        /// The registry.
        host: String,
        /// What was asked for.
        what: String,
    },
    /// What was to be sent can't be read here.
    #[error("what is to be sent can't be read")]
    Read(#[source] std::io::Error),
}

impl RemoteError {
    /// Whether the same may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Http(error) => error.is_transient(),
            Self::Status { status, .. } => {
                status.is_server_error()
                    || matches!(*status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
            }
            Self::Read(_) => true,
            Self::Url(_) | Self::Denied { .. } | Self::Digest { .. } => false,
        }
    }
}
