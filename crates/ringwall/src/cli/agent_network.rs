use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use ringwall_agent::cni::SOCKET;
use ringwall_nft::{InterfacePattern, TableName};

use super::Format;

/// `ringwall agent --network-policies`
#[derive(Debug, Args)]
#[command(next_help_heading = "Network policies")]
pub(crate) struct NetworkFlags {
    /// Enforce network policies for the pods of this node; needs NET_ADMIN and the program `nft`
    #[arg(long)]
    pub(crate) network_policies: bool,
    /// Print what would be programmed for a node of a snapshot, and end
    #[arg(long, value_name = "SNAPSHOT", value_hint = ValueHint::DirPath, requires = "node")]
    pub(crate) plan: Option<PathBuf>,
    /// Take the table of rules and the CNI plugin away, and end
    #[arg(long)]
    pub(crate) uninstall: bool,
    /// Print the ClusterRole that the agent needs, and end
    #[arg(long)]
    pub(crate) print_permissions: bool,
    /// Name of the node, as the cluster knows it; otherwise NODE_NAME
    #[arg(long, value_name = "NAME")]
    pub(crate) node: Option<String>,
    /// How to print the plan
    #[arg(short = 'o', long = "output", value_name = "FORMAT", default_value = "text", requires = "plan")]
    pub(crate) format: Format,
    /// Log and count what would be denied, and deny nothing
    #[arg(long)]
    pub(crate) audit: bool,
    /// Let pods through that the agent does not know yet; without it they are dropped
    #[arg(long)]
    pub(crate) fail_open: bool,
    /// What becomes of flows that a change of policy forbids
    #[arg(long, value_name = "WHAT", default_value = "cut")]
    pub(crate) established: Established,
    /// Interfaces of the node that lead to pods, `*` at the end for any; may be repeated. Otherwise those of the VPC CNI and of plugins
    /// with bridges: eni*, veth*, cni* and the like
    #[arg(long = "interface", value_name = "PATTERN", value_parser = InterfacePattern::new)]
    pub(crate) interfaces: Vec<InterfacePattern>,
    /// The table of nftables that is the agent's
    #[arg(long, value_name = "NAME", default_value = "ringwall", value_parser = TableName::new)]
    pub(crate) table: TableName,
    /// The program `nft`
    #[arg(long, value_name = "FILE", default_value = "nft", value_hint = ValueHint::ExecutablePath)]
    pub(crate) nft: PathBuf,
    /// Seconds between looks at whether the kernel still has the rules
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) look_every: u64,
    /// Folder with `aws/` exports of security groups, to judge pods by as well; read again when it changes
    #[arg(long, value_name = "SNAPSHOT", value_hint = ValueHint::DirPath)]
    pub(crate) security_groups: Option<PathBuf>,
    /// Append flows of this node's pods to a file, as `ringwall reach suggest --from` reads them
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) flow_log: Option<PathBuf>,
    /// Kubeconfig; the pod's service account, if none is named
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Put the CNI plugin into the node's list of plugins, and see that it stays, so that pods start with their rules in force
    #[arg(long)]
    pub(crate) install_cni: bool,
    /// The node's folder of CNI configurations
    #[arg(long, value_name = "FOLDER", default_value = "/etc/cni/net.d", value_hint = ValueHint::DirPath)]
    pub(crate) cni_configurations: PathBuf,
    /// The node's folder of CNI plugins
    #[arg(long, value_name = "FOLDER", default_value = "/opt/cni/bin", value_hint = ValueHint::DirPath)]
    pub(crate) cni_programs: PathBuf,
    /// The socket on which the CNI plugin asks
    #[arg(long, value_name = "FILE", default_value = SOCKET, value_hint = ValueHint::FilePath)]
    pub(crate) socket: PathBuf,
}

/// What becomes of flows that were allowed when they began, and are no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Established {
    /// They live on
    Keep,
    /// They stop at their next packet
    Cut,
}
