//! `ringwall scan`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

/// Tell which packages an image has, and what is known against them.
///
/// Reads an OCI layout (a folder or a tar file), what `docker save` writes, an image of a registry, a folder, or an SBOM. Nothing is
/// asked of anyone but the registry: advisories come from the file that `--db` names.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ringwall scan ./layout
  ringwall scan ./layout:v1 --platform linux/arm64
  ringwall scan image.tar --db advisories --fail-on high
  ringwall scan registry.example/shop/web:1.2 --db advisories --output sarif > web.sarif
  ringwall scan . --output cyclonedx > sbom.json
  ringwall scan sbom.json --db advisories

TARGET is a path if there is one of that name; else an image, written as for Docker. Credentials are those of `docker login` and
`podman login`.

Exit status:
  0 fine   1 --fail-on met   2 misuse, or TARGET can't be read
  3 answered, but some of TARGET could not be read

docs/reference/scan.md has all forms of output.")]
pub(crate) struct Scan {
    #[command(flatten)]
    pub(crate) target: ScanTarget,
}

#[derive(Debug, Args)]
pub(crate) struct ScanTarget {
    /// Layout, archive, folder, SBOM (each a path), or HOST/REPOSITORY:TAG
    #[arg(value_name = "TARGET", value_hint = ValueHint::AnyPath)]
    pub(crate) target: String,
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
