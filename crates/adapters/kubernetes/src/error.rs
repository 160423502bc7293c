use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use kube::config::{InClusterError, KubeconfigError};
use ringwall_model::error_chain;

/// Most of a message of the apiserver that is passed on; what is longer is an object or a web page.
const MAX_MESSAGE_BYTES: usize = 1024;

/// Why a cluster could not be reached, or what it answered instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KubeError {
    /// The kubeconfig can't be used.
    #[error("the kubeconfig{} can't be used: {source}", in_path(path.as_ref()))]
    Kubeconfig {
        /// The file, if one was named.
        path: Option<PathBuf>,
        /// Why.
        source: Box<KubeconfigError>,
    },
    /// The kubeconfig is larger than any is.
    #[error("the kubeconfig `{}` has {bytes} bytes, which no kubeconfig has", path.display())]
    KubeconfigSize {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// This is no pod, or its service account's token is not mounted.
    #[error("the configuration of a pod is not there: {0}")]
    InCluster(#[source] Box<InClusterError>),
    /// The client could not be set up: certificates, keys, or a credential plugin that failed.
    #[error("the cluster's client can't be set up: {0}")]
    Setup(String),
    /// A namespace or name that no object can have.
    #[error("`{0}` is no name of an object")]
    Name(String),
    /// No answer in time.
    #[error("`{request}` was not answered within {} s", after.as_secs_f32())]
    Timeout {
        /// Method and path.
        request: String,
        /// How long was waited.
        after: Duration,
    },
    /// No connection, or one that broke.
    #[error("`{request}` failed: {message}")]
    Unreachable {
        /// Method and path.
        request: String,
        /// Why.
        message: String,
    },
    /// An answer that says no.
    #[error("`{request}` was answered {status} {reason}: {message}")]
    Status {
        /// Method and path.
        request: String,
        /// The HTTP status.
        status: u16,
        /// Kubernetes' reason, such as `Forbidden`; may be empty.
        reason: String,
        /// In Kubernetes' words.
        message: String,
    },
    /// A longer answer than is taken.
    #[error("the answer to `{request}` is longer than {limit} bytes")]
    TooLarge {
        /// Method and path.
        request: String,
        /// What would have been taken.
        limit: usize,
    },
    /// More objects than a watch keeps.
    #[error("`{request}` has more than {limit} objects")]
    TooMany {
        /// Method and path.
        request: String,
        /// What would have been taken.
        limit: usize,
    },
    /// An answer that can't be read.
    #[error("the answer to `{request}` can't be read: {message}")]
    Malformed {
        /// Method and path.
        request: String,
        /// Why.
        message: String,
    },
}

impl KubeError {
    /// The HTTP status, if there was an answer that says no.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether there is no such object, or no such resource.
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404)
    }

    /// Whether the object has changed since it was read.
    pub fn is_conflict(&self) -> bool {
        self.status() == Some(409)
    }

    /// Whether the same request may be answered otherwise soon: nothing was reached, or the apiserver is busy.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Timeout { .. } | Self::Unreachable { .. } => true,
            _ => matches!(self.status(), Some(429 | 500 | 502 | 503 | 504)),
        }
    }

    /// Whether the apiserver no longer has the resource version or continue token.
    pub(crate) fn is_expired(&self) -> bool {
        self.status() == Some(410)
    }

    /// What may be done about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Kubeconfig { .. } => Some("`kubectl config view` shows what it says"),
            Self::InCluster(_) => Some("outside of a pod, name a kubeconfig"),
            Self::Unreachable { .. } | Self::Timeout { .. } => {
                Some("is the apiserver there, at the address that the kubeconfig or the pod has for it?")
            }
            Self::Status { status: 401, .. } => {
                Some("the credentials of the kubeconfig or pod are not accepted")
            }
            Self::Status { status: 403, .. } => {
                Some("`kubectl auth can-i --list` shows what these credentials may do")
            }
            _ => None,
        }
    }
}

/// An error with all that lies behind it, since `kube`'s own messages leave that out.
pub(crate) fn chain(error: &dyn Error) -> String {
    cut(&error_chain(error))
}

/// The begin of a message.
pub(crate) fn cut(text: &str) -> String {
    let end = text.floor_char_boundary(MAX_MESSAGE_BYTES);
    text.get(..end).unwrap_or_default().to_owned()
}

fn in_path(path: Option<&PathBuf>) -> String {
    path.map(|path| format!(" `{}`", path.display())).unwrap_or_default()
}
