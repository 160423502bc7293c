//! `ringwall cluster webhooks`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::config::StoreFlags;

/// Write what a kube-apiserver needs to call the webhooks: its certificate, and its configuration files.
///
/// The certificate is issued by the installation's own authority for this cluster alone, and lasts a year; run the command
/// again for a new one, which the apiserver takes up without a restart. The folder is made for its owner alone.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  ringwall cluster webhooks shop --out /etc/kubernetes/ringwall

Then give kube-apiserver these flags (docs/plugs/token-webhook.md, docs/plugs/pod-identity.md):
  --authentication-token-webhook-config-file=/etc/kubernetes/ringwall/authentication.kubeconfig
  --authentication-token-webhook-version=v1
  --authorization-config=/etc/kubernetes/ringwall/authorization.yaml
  --admission-control-config-file=/etc/kubernetes/ringwall/admission.yaml
and for the audit log (docs/plugs/audit.md):
  --audit-webhook-config-file=/etc/kubernetes/ringwall/audit.kubeconfig
  --audit-policy-file=/etc/kubernetes/ringwall/audit-policy.yaml
  --audit-webhook-mode=batch --audit-webhook-initial-backoff=10s")]
pub(crate) struct ClusterWebhooks {
    /// Name of the cluster: what `cluster.name` is where the webhooks run
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Folder to write to
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) out: PathBuf,
    /// Folder where the apiserver sees these files, if it runs in a container; FOLDER if left out
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) seen_as: Option<PathBuf>,
    /// Where the token webhook listens, as the apiserver reaches it
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:21362")]
    pub(crate) authn: String,
    /// Where the pod webhook listens, as the apiserver reaches it
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:7446")]
    pub(crate) identity: String,
    /// Where the audit webhook listens, as the apiserver reaches it
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:7448")]
    pub(crate) audit: String,
    #[command(flatten)]
    pub(crate) flags: StoreFlags,
}

impl ClusterWebhooks {
    /// Whether a text is a host with a port, as a URL has it.
    pub(crate) fn is_address(text: &str) -> bool {
        text.parse::<SocketAddr>().is_ok()
            || text.rsplit_once(':').is_some_and(|(host, port)| {
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
                !host.is_empty() && host.bytes().all(plain) && port.parse::<u16>().is_ok_and(|port| port > 0)
            })
    }
}
