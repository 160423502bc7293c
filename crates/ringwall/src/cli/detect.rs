//! `ringwall detect`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use ringwall_model::Severity;

/// Tell what happened in a cluster, from its audit log and from CloudTrail.
///
/// Findings have the types and the form of Amazon GuardDuty's, and each names the events that it rests on. Logs may be as the
/// apiserver, CloudTrail, CloudWatch or the AWS CLI write them, compressed or not; it is told by what is there.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ringwall detect examples/storefront/audit
  ringwall detect /var/log/kubernetes/audit/ --output json | jq .type
  aws logs filter-log-events --log-group-name /aws/eks/shop/cluster | ringwall detect -
  ringwall detect AWSLogs/111122223333/CloudTrail/eu-west-1/2026/10/ --fail-on high
  ringwall detect audit.log --suppress filters.json --output json
  ringwall detect audit.log --rules rules/sigma --rules dry-run=new.yml
  ringwall detect /var/log/kubernetes/audit/ --backtest new.yml

Exit status: 0 whatever is found, 1 for what --fail-on asks for, 3 if something could not be read: the rest was, and
standard error says what and where. docs/reference/detect.md has each form of output in full.")]
pub(crate) struct Detect {
    /// Files, folders with all that is in them, or - for standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath, required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// How to print findings; all but text are JSON, one a line
    #[arg(short = 'o', long = "output", value_name = "FORMAT", default_value = "text")]
    pub(crate) format: DetectFormat,
    /// Addresses that are to be told: a list's file, as custom=FILE, malicious=FILE, tor=FILE, or trusted=FILE, of which nothing
    /// is told by any list; custom without one of these. aws=FILE names AWS's own ranges (ip-ranges.json)
    #[arg(long, value_name = "[KIND=]FILE", value_hint = ValueHint::FilePath)]
    pub(crate) intel: Vec<String>,
    /// What was learned to be usual: read, and kept there again with what these logs teach; made if it is not there
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) baseline: Option<PathBuf>,
    /// Sigma rules of your own: a file, or a folder with all in it; dry-run=PATH for rules that are only tried, whose findings are
    /// marked and are no reason to fail
    #[arg(long, value_name = "[MODE=]PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) rules: Vec<String>,
    /// Tell of each of these Sigma rules, instead of findings, how often it would have matched, for whom and where: text or json
    #[arg(long, value_name = "[MODE=]PATH", value_hint = ValueHint::AnyPath, conflicts_with_all = ["rules", "intel", "baseline", "suppress", "archived", "retired"])]
    pub(crate) backtest: Vec<String>,
    /// Filters as `aws guardduty create-filter --cli-input-json` takes them: findings that match one with the action ARCHIVE are
    /// archived, which is to say counted and not printed
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) suppress: Vec<PathBuf>,
    /// Print the archived findings as well, marked as such
    #[arg(long)]
    pub(crate) archived: bool,
    /// Tell the types as well that GuardDuty has retired
    #[arg(long)]
    pub(crate) retired: bool,
    /// Exit with 1 if there is a finding of this severity or worse that is not archived, and no dry run
    #[arg(long, value_name = "SEVERITY", value_parser = ["low", "medium", "high", "critical"])]
    fail_on: Option<String>,
    /// Name of the cluster; without it as cluster.yaml says, if the logs lie in a snapshot
    #[arg(long, value_name = "NAME")]
    pub(crate) cluster_name: Option<String>,
    /// Account of the cluster, twelve digits; without it as cluster.yaml or CloudTrail says
    #[arg(long, value_name = "ID", value_parser = account)]
    pub(crate) account: Option<String>,
    /// Region of the cluster; without it as cluster.yaml or CloudTrail says
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
}

impl Detect {
    /// The severity from which a finding makes the command fail.
    pub(crate) fn fail_on(&self) -> Option<Severity> {
        self.fail_on.as_deref().and_then(|text| text.parse().ok())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DetectFormat {
    /// To be read
    Text,
    /// GuardDuty's form, with the events, who must act and what to do
    Json,
    /// GuardDuty's form alone, as EventBridge has it
    Guardduty,
    /// The AWS Security Finding Format, as Security Hub takes it
    Asff,
    /// Detection Findings (2004) of the Open Cybersecurity Schema Framework
    Ocsf,
    /// As matches of Sigma rules
    Sigma,
}

pub(super) fn account(text: &str) -> Result<String, String> {
    let is_id = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_id.then(|| text.to_owned()).ok_or_else(|| "an account's id has twelve digits".to_owned())
}
