use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueHint};
use ringwall_awsclient::partition::PARTITIONS;

/// Tell whether tokens are believed, and why not.
///
/// Does what the token webhook does with a token, and says what the webhook tells its log alone. A token a line in, a JSON object
/// a line out: whether it is believed, why not, and whose it is. Whether STS believes it is asked of STS, unless --offline: then
/// nobody is told whose a token is.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aws eks get-token --cluster-name shop | jq -r .status.token | ringwall token verify --cluster-id shop -
  ringwall token verify --offline --cluster-id shop --partition aws-cn --now 2026-01-31T12:00:00Z tokens.txt
  ringwall token verify --cluster-id shop --sts-endpoint https://127.0.0.1:7443 --ca-file ca.pem -

Exit status:
  0 each line has an answer, yes or no   2 misuse, or the file can't be read")]
pub(crate) struct TokenVerify {
    /// File with a token a line; - for standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The cluster's id, which tokens are signed for
    #[arg(long, value_name = "ID")]
    pub(crate) cluster_id: String,
    /// The cluster's partition, whose hosts of STS tokens may be for
    #[arg(
        long,
        value_name = "PARTITION",
        default_value = "aws",
        value_parser = PossibleValuesParser::new(PARTITIONS.iter().rev().map(|partition| partition.name))
    )]
    pub(crate) partition: String,
    /// The cluster's region, whose host of STS is taken even if it isn't known yet
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// The one STS that tokens have to be for and that is asked, in place of AWS's: scheme, host and port
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, conflicts_with = "region")]
    pub(crate) sts_endpoint: Option<String>,
    /// Certificate authorities, in PEM, that are trusted beside the system's when STS is asked
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ca_file: Option<PathBuf>,
    /// Do all but ask STS
    #[arg(long)]
    pub(crate) offline: bool,
    /// The time to verify them at, in place of now: RFC 3339
    #[arg(long, value_name = "TIME")]
    pub(crate) now: Option<String>,
}
