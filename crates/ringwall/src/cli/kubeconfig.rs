//! `ringwall kubeconfig`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::token::LoginFlags;

/// Write a cluster into your kubeconfig, with `ringwall token` to get in.
///
/// Entries of that name are replaced, all others and their comments stay as they are. The file is written whole or not at
/// all, for its owner alone. A file that can't be changed without losing something is left alone, and told.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ringwall kubeconfig --cluster-id shop --from-eks --region eu-central-1
  ringwall kubeconfig --cluster-id shop --server https://10.0.0.1:6443 --certificate-authority /etc/kubernetes/pki/ca.crt \\
    --region eu-central-1 --sts-endpoint https://ringwall.example.com:7443
  kubectl --context shop get pods")]
pub(crate) struct Kubeconfig {
    #[command(flatten)]
    pub(crate) login: LoginFlags,
    /// Name of the entries; otherwise the cluster's ARN with --from-eks, else its id
    #[arg(long, visible_alias = "alias", value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// URL of the API server
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, required_unless_present = "from_eks")]
    pub(crate) server: Option<String>,
    /// Certificates of the API server's authority, in PEM, which are copied into the file; otherwise the system's
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) certificate_authority: Option<PathBuf>,
    /// Ask EKS where the cluster is and whose certificate it has (eks:DescribeCluster)
    #[arg(long, conflicts_with_all = ["server", "certificate_authority"])]
    pub(crate) from_eks: bool,
    /// Where EKS and STS are, if not at AWS: the URL of `ringwall serve`; otherwise AWS_ENDPOINT_URL_EKS or
    /// AWS_ENDPOINT_URL
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, conflicts_with = "sts_endpoint")]
    pub(crate) endpoint: Option<String>,
    /// File to write; otherwise the first of KUBECONFIG, or ~/.kube/config
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Leave the current context as it is
    #[arg(long)]
    pub(crate) keep_context: bool,
}
