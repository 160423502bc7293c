use std::io;
use std::path::PathBuf;

use ringwall_awsclient::CallError;
use ringwall_kubernetes::KubeError;

/// Why an issuer's documents are not published. What is published stays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssuerError {
    /// The issuer is no URL that one can be.
    #[error("`{issuer}` is no issuer: {why}")]
    Issuer {
        /// What was given.
        issuer: String,
        /// Why not.
        why: &'static str,
    },
    /// Nobody says who the issuer is.
    #[error("the issuer is not named")]
    NoIssuer,
    /// Tokens name another issuer than the documents would.
    #[error("{whose} `iss` is `{found}`, not `{issuer}`")]
    OtherIssuer {
        /// `the apiserver's`, …
        whose: String,
        /// What it is.
        found: String,
        /// What the documents would say.
        issuer: String,
    },
    /// A token is signed by a key that would not be published.
    #[error(
        "the token in `{path}` is signed by the key `{key}`, which is none of those that would be published"
    )]
    OtherKey {
        /// The token's file.
        path: PathBuf,
        /// The key's id.
        key: String,
    },
    /// A file holds no token.
    #[error("`{0}` holds no token of a service account")]
    Token(PathBuf),
    /// A key can't be published.
    #[error("{place}: {why}")]
    Key {
        /// Where it is.
        place: String,
        /// Why not.
        why: String,
    },
    /// The source has no key.
    #[error("{0} holds no key that signs tokens; nothing is published")]
    NoKeys(String),
    /// There are more keys than verifiers take.
    #[error("there are {0} keys to publish, more than the {max} that AWS takes", max = super::key::MAX_KEYS)]
    TooMany(usize),
    /// Two different keys have the same id.
    #[error("there are two different keys with the id `{0}`")]
    Clash(String),
    /// What was kept of earlier keys can't be used.
    #[error("`{path}` can't be used: {why}")]
    State {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// A file can't be read or written.
    #[error("`{path}` can't be {what}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// `read`, `written`.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The apiserver can't be asked.
    #[error("the apiserver's keys can't be read: {0}")]
    Cluster(#[from] KubeError),
    /// The bucket can't be written.
    #[error("`{key}` can't be written: {source}")]
    Bucket {
        /// The object.
        key: String,
        /// Why not.
        source: Box<CallError>,
    },
}

impl IssuerError {
    pub(super) fn file(path: impl Into<PathBuf>, what: &'static str, source: io::Error) -> Self {
        Self::File { path: path.into(), what, source }
    }

    /// What to do about it, where there is something.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Issuer { .. } => "as in https://oidc.example.com/clusters/blue",
            Self::NoIssuer => "name it: what kube-apiserver has as --service-account-issuer",
            Self::OtherIssuer { .. } => {
                "who checks tokens compares the issuer byte for byte: publish under the one that kube-apiserver has as \
                 --service-account-issuer"
            }
            Self::OtherKey { .. } => {
                "kube-apiserver's --service-account-key-file has to name the public key of its --service-account-signing-key-file"
            }
            Self::TooMany(_) => "take keys that no longer sign off --service-account-key-file",
            Self::State { .. } => {
                "mend it; or move it away to begin anew, once no token of an earlier key is left"
            }
            Self::Cluster(error) => return error.hint(),
            _ => return None,
        })
    }
}
