use std::path::PathBuf;

use thiserror::Error;

/// Why etcd could not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EtcdError {
    /// An endpoint that is none.
    #[error("`{endpoint}` is no endpoint of etcd: {why}")]
    Endpoint {
        /// As it was given.
        endpoint: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Certificates or a key that can't be used.
    #[error("`{}` can't be used: {message}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// TLS can't be set up.
    #[error("TLS for etcd can't be set up: {0}")]
    Tls(String),
    /// No endpoint answers; each with its reason.
    #[error("etcd can't be reached: {}", .0.join("; "))]
    Unreachable(Vec<String>),
    /// etcd refuses, in its words.
    #[error("etcd at `{endpoint}` refuses: {message}")]
    Refused {
        /// Who.
        endpoint: String,
        /// What it says.
        message: String,
    },
    /// The revision that is being read is gone: reading took longer than etcd keeps old revisions.
    #[error("etcd has compacted the revision that was being read")]
    Compacted,
    /// An object is larger than is taken.
    #[error("an object in etcd, with its key, is larger than {0} bytes")]
    TooLarge(usize),
    /// An answer that makes no sense.
    #[error("etcd at `{endpoint}` answers what can't be: {what}")]
    Nonsense {
        /// Who.
        endpoint: String,
        /// What is wrong with it.
        what: &'static str,
    },
}

impl EtcdError {
    /// What may be done about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Endpoint { .. } => {
                Some("as https://127.0.0.1:2379, http://127.0.0.1:2379 or unix:///run/etcd.sock")
            }
            Self::Unreachable(_) => Some(
                "on kubeadm: --etcd https://127.0.0.1:2379 with the files of /etc/kubernetes/pki/etcd, on a node of the control plane",
            ),
            Self::Compacted => {
                Some("run it again; kube-apiserver has etcd compacted every five minutes by default")
            }
            _ => None,
        }
    }
}
