//! `ringwall reach`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

use super::Output;

/// Tell what reaches what over the network, and because of what.
///
/// Judges network policies (NetworkPolicy, ClusterNetworkPolicy, AdminNetworkPolicy, BaselineAdminNetworkPolicy) and security groups for
/// pods, of which both must allow. With FROM and TO it answers one question; without them it tells of all pairs, folded by workload.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Examples:
  ringwall reach SNAPSHOT shop/Deployment/checkout payments/svc/payments-api:443
  ringwall reach SNAPSHOT shop/checkout-6d5f8-x2v7k 10.0.1.17:53/udp
  ringwall reach SNAPSHOT outside web/Deployment/storefront
  ringwall reach SNAPSHOT --from web --to payments
  ringwall reach SNAPSHOT --output html > reach.html
  ringwall reach SNAPSHOT --exposure
  ringwall reach SNAPSHOT --batch questions.jsonl
  ringwall reach diff BEFORE AFTER --fail-on opened
  ringwall reach suggest SNAPSHOT --from flows.jsonl

FROM and TO are NAMESPACE/POD, NAMESPACE/KIND/NAME (Deployment, StatefulSet, DaemonSet, Job, CronJob, Service …, or as
kubectl shortens them), node/NAME, an address, or outside: an address that no policy names. PORT is a number or a name
and TCP unless it says otherwise: 53/udp, 9000/sctp; icmp stands alone. Without a port the answer is which ports. An IPv6
address with a port is in brackets: [2001:db8::7]:53/udp.

A batch holds one question a line:
  {\"from\": {\"pod\": \"shop/web-1\"}, \"to\": {\"workload\": \"shop/Deployment/api\"}, \"port\": 80, \"protocol\": \"TCP\"}

docs/reference/reach.md has all forms of output."
)]
pub(crate) struct Reach {
    #[command(subcommand)]
    pub(crate) command: Option<ReachCommand>,
    #[command(flatten)]
    pub(crate) question: Option<ReachAsk>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReachCommand {
    Diff(ReachDiff),
    Suggest(ReachSuggest),
}

#[derive(Debug, Args)]
pub(crate) struct ReachAsk {
    /// Folder of the snapshot (./diff, if that is its name)
    #[arg(value_name = "SNAPSHOT", value_hint = ValueHint::DirPath)]
    pub(crate) folder: PathBuf,
    /// Who sends
    #[arg(value_name = "FROM", requires = "to")]
    pub(crate) from: Option<String>,
    /// Who is sent to, and at which port
    #[arg(value_name = "TO[:PORT[/PROTOCOL]]")]
    pub(crate) to: Option<String>,
    /// Answer a question (JSON) a line; - is standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["from", "to", "format", "senders", "receivers", "namespaces"])]
    pub(crate) batch: Option<PathBuf>,
    /// Of all pairs: what this sends, a NAMESPACE, NAMESPACE/NAME or outside; may be repeated
    #[arg(long = "from", value_name = "WHO", conflicts_with = "from")]
    pub(crate) senders: Vec<String>,
    /// Of all pairs: what is sent to this; may be repeated
    #[arg(long = "to", value_name = "WHO", conflicts_with = "from")]
    pub(crate) receivers: Vec<String>,
    /// Of all pairs: those with an end in this namespace; may be repeated
    #[arg(short = 'n', long = "namespace", value_name = "NS", conflicts_with = "from")]
    pub(crate) namespaces: Vec<String>,
    /// Tell what pods that don't exist yet could do: of any labels, in any namespace
    #[arg(long, conflicts_with_all = ["from", "batch", "senders", "receivers", "namespaces"])]
    pub(crate) exposure: bool,
    /// How to print the answer; one question and --exposure have text and json
    #[arg(short = 'o', long = "output", value_name = "FORMAT", default_value = "text")]
    pub(crate) format: ReachFormat,
}

/// The forms in which all pairs are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReachFormat {
    /// To be read
    Text,
    /// To be processed: documented in docs/reference/reach.md
    Json,
    /// To be opened in a spreadsheet
    Csv,
    /// To be laid out by Graphviz
    Dot,
    /// To be looked at
    Svg,
    /// To be looked at and searched, in one file
    Html,
}

impl ReachFormat {
    /// Its name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Dot => "dot",
            Self::Svg => "svg",
            Self::Html => "html",
        }
    }
}

/// Tell what opened and what closed between two snapshots.
///
/// Compares what packets may do, not what policies say: a policy that is written anew and means the same makes no difference.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ringwall reach diff snapshots/monday snapshots/tuesday
  ringwall reach diff main branch --fail-on opened

Exit status: 1 if what --fail-on names has happened; 3 if something could not be read or judged.")]
pub(crate) struct ReachDiff {
    /// Folder of the earlier snapshot
    #[arg(value_name = "BEFORE", value_hint = ValueHint::DirPath)]
    pub(crate) before: PathBuf,
    /// Folder of the later snapshot
    #[arg(value_name = "AFTER", value_hint = ValueHint::DirPath)]
    pub(crate) after: PathBuf,
    /// Exit with 1 if something opened, closed, or either
    #[arg(long, value_name = "WHAT")]
    pub(crate) fail_on: Option<DiffFailOn>,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFailOn {
    /// Something is reached that was not before
    Opened,
    /// Something is no longer reached
    Closed,
    /// Either
    Changed,
}

/// Write the least policies that allow what was seen.
///
/// Reads the agent's flow log and VPC flow logs, compressed or not, and writes NetworkPolicies that allow what was seen, with what
/// else they allow said in comments. Nothing is applied.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ringwall reach suggest SNAPSHOT --from flows.jsonl > policies.yaml
  ringwall reach suggest SNAPSHOT --from vpc-flow-logs/ -n payments

Flows that were rejected are counted and not allowed. docs/reference/flows.md has the forms that are read.")]
pub(crate) struct ReachSuggest {
    /// Folder of the snapshot, taken when the flows were seen
    #[arg(value_name = "SNAPSHOT", value_hint = ValueHint::DirPath)]
    pub(crate) folder: PathBuf,
    /// Flows: files, folders with all that is in them, or - for standard input; may be repeated
    #[arg(long = "from", value_name = "FLOWS", value_hint = ValueHint::AnyPath, required = true)]
    pub(crate) flows: Vec<PathBuf>,
    /// Suggest for pods of this namespace alone; may be repeated
    #[arg(short = 'n', long = "namespace", value_name = "NS")]
    pub(crate) namespaces: Vec<String>,
    #[command(flatten)]
    pub(crate) output: Output,
}
