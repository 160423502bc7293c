//! `ringwall scan`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

/// Tell which packages an image has, and what is known against them.
///
/// Reads an OCI layout (a folder or a tar file), what `docker save` writes, an image of a registry, a folder, or an SBOM. Nothing is
/// asked of anyone but the registry: advisories are read from a file of one's own, made by `--db import` from exports of OSV.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Examples:
  ringwall scan ./layout
  ringwall scan ./layout:v1 --platform linux/arm64
  ringwall scan image.tar --fail-on high
  ringwall scan registry.example/shop/web:1.2 --output sarif > web.sarif
  ringwall scan . --output cyclonedx > sbom.json
  ringwall scan sbom.json
  ringwall scan --db import debian.zip alpine.zip crates.io.zip
  ringwall scan compare --ecosystem debian --batch versions.tsv

TARGET is a path if there is one of that name; else an image, written as for Docker. Credentials are those of docker login and
podman login.

docs/reference/scan.md has all forms of output."
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
    /// Layout, archive, folder, SBOM (each a path), or HOST/REPOSITORY:TAG; what to import: OSV exports as JSON, JSON Lines, zip, tar
    /// or tar.gz, or folders of these
    #[arg(value_name = "TARGET", value_hint = ValueHint::AnyPath, required = true)]
    pub(crate) targets: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) options: ScanTarget,
}

#[derive(Debug, Args)]
pub(crate) struct ScanTarget {
    /// How to print the answer
    #[arg(short = 'o', long = "output", value_name = "FORMAT", default_value = "table")]
    pub(crate) format: ScanFormat,
    /// Exit with 1 if there is a vulnerability of this severity or worse
    #[arg(long, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<ScanSeverity>,
    /// Of an image for several platforms, this one; without it, Linux on this machine's processor
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    pub(crate) platform: Option<String>,
    /// Keep what layers hold in this folder, and read no layer twice
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) cache: Option<PathBuf>,
    /// Statements of what does not matter here, OpenVEX or CSAF; may be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) vex: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) registry: RegistryAccess,
}

#[derive(Debug, Args)]
pub(crate) struct RegistryAccess {
    /// Credentials for registries, as Docker's config.json has them; without it, those of docker and podman login
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) credentials: Option<PathBuf>,
    /// Trust the authorities of this PEM file too
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ca_file: Option<PathBuf>,
    /// Speak to the registry without TLS if it has none; this machine's own always may be
    #[arg(long)]
    pub(crate) plain_http: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScanFormat {
    /// Vulnerabilities in columns, for people
    Table,
    /// Packages and vulnerabilities
    Json,
    /// An SBOM of CycloneDX 1.6
    Cyclonedx,
    /// An SBOM of SPDX 2.3
    Spdx,
    /// Vulnerabilities as SARIF 2.1.0
    Sarif,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScanSeverity {
    Undefined,
    Informational,
    Low,
    Medium,
    High,
    Critical,
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
