use std::path::PathBuf;
use std::time::Duration;

use ringwall_grpc::EtcdError;
use ringwall_kubernetes::KubeError;
use thiserror::Error;

use crate::stored::Resource;

/// Why a rotation ended before it was done.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RotateError {
    /// The cluster did not answer, or said no.
    #[error(transparent)]
    Cluster(#[from] KubeError),
    /// etcd could not be read.
    #[error(transparent)]
    Etcd(#[from] EtcdError),
    /// The plugin could not be asked for its key.
    #[error("the plugin on `{}` can't be asked for its key: {message}", socket.display())]
    Plugin {
        /// Its socket.
        socket: PathBuf,
        /// Why.
        message: String,
    },
    /// kube-apiserver goes on writing under another key.
    #[error(
        "after {} s kube-apiserver does not write under `{key}`{}",
        waited.as_secs(),
        under.as_ref().map(|under| format!(", but under `{under}`")).unwrap_or_default()
    )]
    NotInUse {
        /// The key that was waited for.
        key: String,
        /// The one that the object is under which was written meanwhile.
        under: Option<String>,
        /// How long.
        waited: Duration,
    },
    /// Nothing serves a resource that was asked for.
    #[error("no API serves `{0}` to be read and written")]
    NotServed(Resource),
    /// The file that keeps the place can't be used.
    #[error("`{}`: {message}", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// Why.
        message: String,
    },
}

impl RotateError {
    /// What may be done about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Cluster(error) => error.hint(),
            Self::Etcd(error) => error.hint(),
            Self::NotInUse { .. } => Some(
                "every API server needs the key first in its EncryptionConfiguration, or the plugin that says it; one takes \
                 a new key id up within a minute, and goes on with the old one for three at most",
            ),
            Self::NotServed(_) => Some("`kubectl api-resources` lists what there is"),
            _ => None,
        }
    }
}
