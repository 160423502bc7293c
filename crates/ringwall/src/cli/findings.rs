//! `ringwall findings`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

use super::Output;
use crate::config::StoreFlags;

/// What the running audit service has found, and what people say of it.
///
/// It asks the service on this machine, `ringwall serve --services audit`, through a socket in its folder that its owner alone can
/// open.
#[derive(Debug, Args)]
pub(crate) struct Findings {
    #[command(subcommand)]
    pub(crate) command: FindingsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum FindingsCommand {
    List(FindingsList),
    Archive(FindingsArchive),
    Unarchive(FindingsArchive),
    Rate(FindingsRate),
}

/// Where the service is.
#[derive(Debug, Args)]
pub(crate) struct FindingsWhere {
    /// Folder of the service, which its setting audit.folder names
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) folder: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) flags: StoreFlags,
}

/// List findings, the earliest first.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ringwall findings list
  ringwall findings list --cluster shop --archived --output json | jq .type
  ringwall findings list 0123456789abcdef0123456789abcdef --output json")]
pub(crate) struct FindingsList {
    /// These alone, by their ids
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// Of one cluster
    #[arg(long, value_name = "NAME")]
    pub(crate) cluster: Option<String>,
    /// Those as well that are archived
    #[arg(long)]
    pub(crate) archived: bool,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) place: FindingsWhere,
}

/// Take findings out of sight, or bring them back: they stay so, however often they happen again.
#[derive(Debug, Args)]
pub(crate) struct FindingsArchive {
    /// Which, by their ids
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
    #[command(flatten)]
    pub(crate) place: FindingsWhere,
}

/// Say whether findings were of use.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  ringwall findings rate 0123456789abcdef0123456789abcdef not-useful --comment 'our own scanner'")]
pub(crate) struct FindingsRate {
    /// Which, by its id
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Whether it was
    #[arg(value_name = "RATING")]
    pub(crate) rating: Rating,
    /// In your words
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) comment: String,
    #[command(flatten)]
    pub(crate) place: FindingsWhere,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rating {
    /// It told of something
    Useful,
    /// It was a false alarm, or of no interest
    NotUseful,
}
