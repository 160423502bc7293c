//! `ringwall lake` and `ringwall hunt`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

/// Keep events and findings as OCSF in Parquet, in the layout of Amazon Security Lake.
///
/// A lake is a folder, or a bucket of S3 (s3://BUCKET/PREFIX), which is called as the environment of the AWS CLI says.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ringwall lake add /var/log/kubernetes/audit/ --to /var/lib/ringwall/lake
  ringwall lake compact s3://security-lake/shop
  ringwall lake expire s3://security-lake/shop --days 365

docs/reference/lake.md has the layout, each column, and what is not kept.")]
pub(crate) struct LakeGroup {
    #[command(subcommand)]
    pub(crate) command: LakeCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LakeCommand {
    /// Add audit logs and CloudTrail, in every form that `ringwall detect` reads
    ///
    /// The same files, added again, replace what they made before; a log that was rotated is another.
    Add(LakeAdd),
    /// Make few files of each past day's many, and leave out what is there twice
    ///
    /// May be ended at any time, and run while others write and query. Files that are replaced are deleted by a later run.
    Compact(LakeCompact),
    /// Delete what is older than so many days
    Expire(LakeExpire),
}

#[derive(Debug, Args)]
pub(crate) struct LakeAdd {
    /// Files, folders with all that is in them, or - for standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath, required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// The lake: a folder, or s3://BUCKET/PREFIX
    #[arg(long, value_name = "LAKE", value_hint = ValueHint::DirPath)]
    pub(crate) to: String,
    /// Add the findings too that `ringwall detect` tells of these logs alone
    #[arg(long)]
    pub(crate) detect: bool,
    /// Name of the cluster; without it as cluster.yaml says, if the logs lie in a snapshot
    #[arg(long, value_name = "NAME")]
    pub(crate) cluster_name: Option<String>,
    /// Account of the cluster, twelve digits; without it as cluster.yaml says. CloudTrail says its own
    #[arg(long, value_name = "ID", value_parser = super::detect::account)]
    pub(crate) account: Option<String>,
    /// Region of the cluster; without it as cluster.yaml says. CloudTrail says its own
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct LakeCompact {
    /// The lake: a folder, or s3://BUCKET/PREFIX
    #[arg(value_name = "LAKE", value_hint = ValueHint::DirPath)]
    pub(crate) lake: String,
    /// Minutes for which replaced files are kept for queries that read them already
    #[arg(long, value_name = "MINUTES", default_value_t = 60)]
    pub(crate) grace: u32,
}

#[derive(Debug, Args)]
pub(crate) struct LakeExpire {
    /// The lake: a folder, or s3://BUCKET/PREFIX
    #[arg(value_name = "LAKE", value_hint = ValueHint::DirPath)]
    pub(crate) lake: String,
    /// Days that are kept, beside today
    #[arg(long, value_name = "N")]
    pub(crate) days: u32,
}

/// Ask the lake, in SQL or by queries that are ready made.
///
/// This is done by a program of its own, ringwall-hunt, which lies beside this one or in PATH: an engine for SQL is larger than all
/// the rest. `ringwall hunt --help` is its help.
#[derive(Debug, Args)]
#[command(disable_help_flag = true, disable_version_flag = true)]
pub(crate) struct Hunt {
    /// What ringwall-hunt is given
    #[arg(value_name = "ARGUMENT", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<OsString>,
}
