use clap::Args;

use super::{EtcdRequired, Objects, Output};

/// Prove from etcd which objects are sealed, under which provider and key, and which are in the clear.
///
/// Reads etcd's own bytes, so that neither kube-apiserver nor its configuration has to be believed. It tells how objects are
/// sealed, not that they can be opened. No value is shown or kept.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ringwall kms verify --etcd https://127.0.0.1:2379 --etcd-ca /etc/kubernetes/pki/etcd/ca.crt \\
    --etcd-cert /etc/kubernetes/pki/etcd/healthcheck-client.crt \\
    --etcd-key /etc/kubernetes/pki/etcd/healthcheck-client.key
  ringwall kms verify … --resource secrets --resource configmaps --expect-provider ringwall
  ringwall kms verify … --all --output json

Exit status:
  0 all is sealed, as expected   1 something is not
  3 etcd could not be read, or something in it; or it has no object of a resource")]
pub(crate) struct KmsVerify {
    #[command(flatten)]
    pub(crate) etcd: EtcdRequired,
    #[command(flatten)]
    pub(crate) objects: Objects,
    /// Name of the provider that has to have sealed everything, as in the EncryptionConfiguration
    #[arg(long, value_name = "NAME")]
    pub(crate) expect_provider: Option<String>,
    /// Key that everything has to be under: the plugin's key id, or the name of a key in the EncryptionConfiguration
    #[arg(long, value_name = "ID")]
    pub(crate) expect_key: Option<String>,
    #[command(flatten)]
    pub(crate) output: Output,
}
