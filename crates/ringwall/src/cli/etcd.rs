use std::path::PathBuf;

use clap::{Args, ValueHint};
use ringwall_kms::stored::Resource;

/// Which objects.
#[derive(Debug, Args)]
pub(crate) struct Objects {
    /// Resource, as secrets, deployments.apps or widgets.example.org; may be repeated
    #[arg(long = "resource", value_name = "RESOURCE", default_value = "secrets")]
    pub(crate) resources: Vec<Resource>,
    /// Every resource
    #[arg(long, conflicts_with = "resources")]
    pub(crate) all: bool,
}

/// Where etcd is, for what can't do without it.
#[derive(Debug, Args)]
pub(crate) struct EtcdRequired {
    /// URL of etcd, as https://127.0.0.1:2379 or unix:///run/etcd.sock; may be repeated
    #[arg(long, value_name = "URL", required = true)]
    pub(crate) etcd: Vec<String>,
    #[command(flatten)]
    pub(crate) access: EtcdAccess,
}

/// Where etcd is, for what can.
#[derive(Debug, Args)]
pub(crate) struct EtcdOptional {
    /// URL of etcd, as https://127.0.0.1:2379 or unix:///run/etcd.sock; may be repeated
    #[arg(long, value_name = "URL", requires = "key")]
    pub(crate) etcd: Vec<String>,
    #[command(flatten)]
    pub(crate) access: EtcdAccess,
}

/// How etcd lets one in.
#[derive(Debug, Args)]
pub(crate) struct EtcdAccess {
    /// Authorities of etcd's certificate, in PEM; needed for https
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) etcd_ca: Option<PathBuf>,
    /// Our certificate for etcd, in PEM
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "etcd_key")]
    pub(crate) etcd_cert: Option<PathBuf>,
    /// Its key, in PEM
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "etcd_cert")]
    pub(crate) etcd_key: Option<PathBuf>,
    /// What begins the keys of kube-apiserver (its --etcd-prefix)
    #[arg(long, value_name = "PREFIX", default_value = "/registry")]
    pub(crate) etcd_prefix: String,
}
