//! The ecosystems whose order is known.

use std::fmt;
use std::str::FromStr;

/// An order of versions: each is that of one tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ecosystem {
    /// dpkg: Debian, Ubuntu and their kin.
    Debian,
    /// apk-tools: Alpine, Wolfi, Chainguard.
    Alpine,
    /// rpm: Red Hat, AlmaLinux, Rocky Linux, Amazon Linux, SUSE.
    RedHat,
    /// Semantic Versioning 2.0.0, and what is written for it.
    SemVer,
    /// npm's `semver`.
    Npm,
    /// PEP 440.
    PyPi,
    /// Maven's `ComparableVersion`.
    Maven,
    /// `NuGet.Versioning`.
    NuGet,
    /// `Gem::Version`.
    RubyGems,
    /// Composer.
    Packagist,
    /// Go modules.
    Go,
    /// The `semver` crate.
    Cargo,
}

impl Ecosystem {
    /// All of them, in the order of the command's help.
    pub const ALL: [Self; 12] = [
        Self::Debian,
        Self::Alpine,
        Self::RedHat,
        Self::SemVer,
        Self::Npm,
        Self::PyPi,
        Self::Maven,
        Self::NuGet,
        Self::RubyGems,
        Self::Packagist,
        Self::Go,
        Self::Cargo,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Debian => "debian",
            Self::Alpine => "alpine",
            Self::RedHat => "redhat",
            Self::SemVer => "semver",
            Self::Npm => "npm",
            Self::PyPi => "pypi",
            Self::Maven => "maven",
            Self::NuGet => "nuget",
            Self::RubyGems => "rubygems",
            Self::Packagist => "packagist",
            Self::Go => "go",
            Self::Cargo => "cargo",
        }
    }

    /// The order of an ecosystem of the OSV schema, with or without a release: `Debian:12`, `crates.io`.
    ///
    /// Source: OSV schema 1.7, "affected[].package field", list of defined ecosystems.
    #[must_use]
    pub fn of_osv(name: &str) -> Option<Self> {
        let family = name.split_once(':').map_or(name, |(family, _)| family);
        Some(match family {
            "Debian" | "Ubuntu" | "Echo" => Self::Debian,
            "Alpine" | "Wolfi" | "Chainguard" | "MinimOS" | "Alpaquita" | "BellSoft Hardened Containers" => {
                Self::Alpine
            }
            "Red Hat" | "AlmaLinux" | "Rocky Linux" | "SUSE" | "openSUSE" | "Mageia" | "openEuler"
            | "Photon OS" | "Azure Linux" | "Amazon Linux" => Self::RedHat,
            "npm" => Self::Npm,
            "PyPI" => Self::PyPi,
            "Maven" => Self::Maven,
            "NuGet" => Self::NuGet,
            "RubyGems" => Self::RubyGems,
            "Packagist" => Self::Packagist,
            "Go" => Self::Go,
            "crates.io" => Self::Cargo,
            "Hex" | "Pub" | "SwiftURL" | "GitHub Actions" | "Bitnami" | "Julia" => Self::SemVer,
            _ => return None,
        })
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A name that is none of the ecosystems'.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is none of the ecosystems whose order of versions is known")]
pub struct UnknownEcosystem(String);

impl FromStr for Ecosystem {
    type Err = UnknownEcosystem;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|ecosystem| ecosystem.name() == name);
        found.ok_or_else(|| UnknownEcosystem(name.to_owned()))
    }
}
