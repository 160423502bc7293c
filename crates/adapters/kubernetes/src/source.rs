use std::path::{Path, PathBuf};
use std::time::Duration;

use http::HeaderValue;
use http::header::USER_AGENT;
use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig};
use rustls::crypto::{CryptoProvider, aws_lc_rs};

use crate::KubeError;
use crate::error::chain;

/// Largest kubeconfig. One with a hundred clusters and their certificates has a quarter of this.
const MAX_KUBECONFIG_BYTES: u64 = 4 << 20;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long setting the client up may take, in which a credential plugin may have to ask somebody.
const SETUP_TIMEOUT: Duration = Duration::from_secs(60);

/// Where address and credentials of the apiserver come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A kubeconfig: certificates, tokens, token files, and credential plugins.
    Kubeconfig {
        /// The file; without one `KUBECONFIG`'s, else `~/.kube/config`.
        path: Option<PathBuf>,
        /// The context; without one the file's current context.
        context: Option<String>,
    },
    /// The service account of the pod that this runs in. Its token and authority are read again as they change.
    InCluster,
}

impl Source {
    /// The client for it. Nothing is asked of the apiserver, but a credential plugin is run.
    pub(crate) async fn client(&self) -> Result<kube::Client, KubeError> {
        if CryptoProvider::get_default().is_none() {
            // An error means that another thread was first, with the same provider.
            let _ = aws_lc_rs::default_provider().install_default();
        }
        let mut config = self.config().await?;
        config.connect_timeout = Some(CONNECT_TIMEOUT);
        // Whoever asks has a deadline, and decides himself whether to ask again.
        config.default_retry = false;
        let agent = HeaderValue::from_static(concat!("ringwall/", env!("CARGO_PKG_VERSION")));
        config.headers.push((USER_AGENT, agent));
        // A credential plugin blocks its thread.
        let build = tokio::task::spawn_blocking(move || kube::Client::try_from(config));
        match tokio::time::timeout(SETUP_TIMEOUT, build).await {
            Ok(Ok(Ok(client))) => Ok(client),
            Ok(Ok(Err(error))) => Err(KubeError::Setup(chain(&error))),
            Ok(Err(error)) => Err(KubeError::Setup(chain(&error))),
            Err(_) => Err(KubeError::Setup("the credential plugin does not end".to_owned())),
        }
    }

    async fn config(&self) -> Result<Config, KubeError> {
        let (path, context) = match self {
            Self::InCluster => {
                return Config::incluster().map_err(|error| KubeError::InCluster(Box::new(error)));
            }
            Self::Kubeconfig { path, context } => (path.clone(), context.clone()),
        };
        let failed = |error| KubeError::Kubeconfig { path: path.clone(), source: Box::new(error) };
        let kubeconfig = match &path {
            Some(path) => {
                check_size(path)?;
                Kubeconfig::read_from(path)
            }
            None => Kubeconfig::read(),
        };
        let options = KubeConfigOptions { context, ..KubeConfigOptions::default() };
        Config::from_custom_kubeconfig(kubeconfig.map_err(failed)?, &options).await.map_err(failed)
    }
}

/// Refuses what is no kubeconfig by its size; a file that can't be asked is left to whoever reads it.
fn check_size(path: &Path) -> Result<(), KubeError> {
    match std::fs::metadata(path).map(|metadata| metadata.len()) {
        Ok(bytes) if bytes > MAX_KUBECONFIG_BYTES => {
            Err(KubeError::KubeconfigSize { path: path.to_owned(), bytes })
        }
        _ => Ok(()),
    }
}
