//! What the operator decides about an issuer's documents.

use std::path::PathBuf;
use std::time::Duration;

use ringwall_awsclient::Client;
use ringwall_kubernetes::Cluster;

/// How long verifiers may keep the documents: short, as each rotation waits for it.
pub const DEFAULT_MAX_AGE: Duration = Duration::from_secs(5 * 60);

/// How long a key stays after the source has dropped it: the longest life of a token that EKS allows, a day, and an hour for
/// clocks and for apiservers that change one after another.
pub const DEFAULT_RETIRE_AFTER: Duration = Duration::from_secs(25 * 60 * 60);

/// How often the source is asked.
pub const DEFAULT_EVERY: Duration = Duration::from_secs(60);

/// Settings of a publisher.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The issuer, as tokens name it; `None`: the apiserver's own, which only a cluster can tell.
    pub issuer: Option<String>,
    /// Where the keys come from.
    pub source: KeySource,
    /// Where the documents go, beside those who ask for them by HTTP.
    pub targets: Vec<Target>,
    /// The file that keeps what was published when.
    pub state: PathBuf,
    /// A file with a token of a service account, whose issuer and key have to be those that are published.
    pub token: Option<PathBuf>,
    /// How long verifiers may keep the documents.
    pub max_age: Duration,
    /// How long a key stays after the source has dropped it: the longest life of a token, or more.
    pub retire_after: Duration,
    /// How often the source is asked, if it is watched.
    pub every: Duration,
}

/// Where keys come from.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// The apiserver's `/openid/v1/jwks`, beside its own discovery, whose issuer has to be the same.
    Cluster(Cluster),
    /// PEM files: what kube-apiserver has as `--service-account-key-file`.
    Files(Vec<PathBuf>),
}

/// Where documents go.
#[derive(Clone, Debug)]
pub enum Target {
    /// A folder that some web server serves as the issuer's.
    Folder(PathBuf),
    /// A bucket of S3, or of what speaks like it.
    Bucket {
        /// Who writes.
        client: Client,
        /// Its name.
        bucket: String,
        /// What stands before the documents' paths in their keys: empty, or with a `/` at its end.
        prefix: String,
    },
}

impl Settings {
    /// With the defaults, for a source and the file that keeps what was published when.
    pub fn new(source: KeySource, state: impl Into<PathBuf>) -> Self {
        Self {
            issuer: None,
            source,
            targets: Vec::new(),
            state: state.into(),
            token: None,
            max_age: DEFAULT_MAX_AGE,
            retire_after: DEFAULT_RETIRE_AFTER,
            every: DEFAULT_EVERY,
        }
    }

    /// The value of `Cache-Control`.
    pub(super) fn cache_control(&self) -> String {
        format!("public, max-age={}", self.max_age.as_secs())
    }
}
