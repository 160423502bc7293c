//! `ringwall scan`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

/// Tell which packages an image has, and what is known against them.
///
/// Advisories are read from a file of one's own, made by `--db import` from exports of OSV; nothing is fetched.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Examples:
  ringwall scan --db import debian.zip alpine.zip crates.io.zip
  ringwall scan compare --ecosystem debian --batch versions.tsv"
)]
pub(crate) struct Scan {
    #[command(subcommand)]
    pub(crate) command: Option<ScanCommand>,
    /// Do this with the advisories: `import` takes the FILEs for all that is known from now on
    #[arg(long = "db", value_name = "ACTION")]
    pub(crate) db: Option<DbAction>,
    /// File of the advisories, instead of ~/.local/share/ringwall/advisories.db
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) database: Option<PathBuf>,
    /// What to import: OSV exports as JSON, JSON Lines, zip, tar or tar.gz, or folders of these
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath, required = true)]
    pub(crate) targets: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DbAction {
    /// Make a new file of advisories, which replaces the one there is in one step
    Import,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ScanCommand {
    /// Tell which of two versions is newer, as the ecosystem's own tools do
    ///
    /// A line in is A, a tab, B; a line out is <, = or >, or what is wrong with one of them, as `error: …`.
    #[command(after_help = "\
Examples:
  printf '1.0~rc1-1\\t1.0-1\\n' | ringwall scan compare --ecosystem debian --batch -
  ringwall scan compare --ecosystem pypi --batch versions.tsv")]
    Compare(ScanCompare),
}

#[derive(Debug, Args)]
pub(crate) struct ScanCompare {
    /// Whose order: debian, alpine, redhat, semver, npm, pypi, maven, nuget, rubygems, packagist, go or cargo
    #[arg(long, value_name = "ECOSYSTEM", value_parser = ecosystem)]
    pub(crate) ecosystem: ringwall_scan::version::Ecosystem,
    /// Pairs of versions, or - for standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) batch: PathBuf,
}

fn ecosystem(name: &str) -> Result<ringwall_scan::version::Ecosystem, String> {
    name.parse().map_err(|error: ringwall_scan::version::UnknownEcosystem| error.to_string())
}
