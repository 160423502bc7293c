use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{EtcdOptional, Objects, Output};

/// Have kube-apiserver seal every object anew, under the key that it uses now.
///
/// Each object is read and written back unchanged. With --etcd, only what is not under the key yet is written, the new key is
/// waited for, and in the end etcd is read for proof. Stop it at any time, and start it again to go on.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ringwall kms rotate --etcd https://127.0.0.1:2379 --etcd-ca … --etcd-cert … --etcd-key … \\
    --socket /run/ringwall/kms.sock
  ringwall kms rotate --etcd … --to-key key-2026 --resource secrets --resource configmaps
  ringwall kms rotate --state rotation.json

Exit status:
  0 all is sealed under the key   1 something is not, or it was stopped
  3 written, but not proved: without --etcd, or something in etcd can't be read")]
pub(crate) struct KmsRotate {
    /// Kubeconfig; otherwise KUBECONFIG, or ~/.kube/config
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "in_cluster")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig
    #[arg(long, value_name = "NAME", conflicts_with = "in_cluster")]
    pub(crate) context: Option<String>,
    /// Use the service account of the pod that this runs in
    #[arg(long)]
    pub(crate) in_cluster: bool,
    #[command(flatten)]
    pub(crate) etcd: EtcdOptional,
    /// Without etcd: file that keeps the place, so that it can go on
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, required_unless_present = "etcd", conflicts_with = "etcd")]
    pub(crate) state: Option<PathBuf>,
    /// Key to come under: the plugin's key id, or the name of a key in the EncryptionConfiguration
    #[arg(long, value_name = "ID", group = "key")]
    pub(crate) to_key: Option<String>,
    /// Socket of the KMS plugin, which is asked for its key
    #[arg(long, value_name = "SOCKET", value_hint = ValueHint::FilePath, group = "key")]
    pub(crate) socket: Option<PathBuf>,
    /// Name of the provider to come under, as in the EncryptionConfiguration
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Option<String>,
    #[command(flatten)]
    pub(crate) objects: Objects,
    /// Objects written at a time
    #[arg(long, value_name = "NUMBER", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) concurrency: u16,
    /// Objects written in a second
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) rate: u32,
    /// Seconds that kube-apiserver has to take up the key: it asks once a minute, and keeps the old one for three
    #[arg(long, value_name = "SECONDS", default_value_t = 360)]
    pub(crate) wait: u64,
    #[command(flatten)]
    pub(crate) output: Output,
}
