//! Packages, and all that an image holds of them.

mod assemble;
mod distribution;

use serde::{Deserialize, Serialize};

pub use distribution::Distribution;

use crate::read::ReadError;

/// Which manager knows a package: the types of package URLs that are read here.
///
/// Source: the types of <https://github.com/package-url/purl-spec>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum PackageType {
    /// Alpine's packages and those of its kin.
    Apk,
    /// Crates of Rust.
    Cargo,
    /// Packages of PHP; names are `vendor/name`.
    Composer,
    /// Debian's packages and those of its kin.
    Deb,
    /// Gems of Ruby.
    Gem,
    /// What is known by name and version alone.
    Generic,
    /// Modules of Go; names are module paths, `stdlib` is Go itself, versions have no leading `v`.
    Golang,
    /// Java's; names are `group:artifact`.
    Maven,
    /// Packages of Node.js; names may begin with `@scope/`.
    Npm,
    /// .NET's.
    Nuget,
    /// Python's, as `pip` installs them.
    Pypi,
    /// Red Hat's packages and those of its kin.
    Rpm,
}

impl PackageType {
    /// The type as a package URL has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apk => "apk",
            Self::Cargo => "cargo",
            Self::Composer => "composer",
            Self::Deb => "deb",
            Self::Gem => "gem",
            Self::Generic => "generic",
            Self::Golang => "golang",
            Self::Maven => "maven",
            Self::Npm => "npm",
            Self::Nuget => "nuget",
            Self::Pypi => "pypi",
            Self::Rpm => "rpm",
        }
    }

    /// The type that a package URL names; nothing for one that is not read here.
    pub fn from_purl_type(text: &str) -> Option<Self> {
        const ALL: [PackageType; 12] = [
            PackageType::Apk,
            PackageType::Cargo,
            PackageType::Composer,
            PackageType::Deb,
            PackageType::Gem,
            PackageType::Generic,
            PackageType::Golang,
            PackageType::Maven,
            PackageType::Npm,
            PackageType::Nuget,
            PackageType::Pypi,
            PackageType::Rpm,
        ];
        ALL.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(text))
    }

    /// Whether a distribution makes these: their advisories are the distribution's, keyed by its release.
    pub fn is_of_distribution(self) -> bool {
        matches!(self, Self::Apk | Self::Deb | Self::Rpm)
    }
}

/// A package that is installed, or that a lock file pins.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Package {
    /// Which manager knows it.
    #[serde(rename = "type")]
    pub kind: PackageType,
    /// The name in the form that [`PackageType`] tells for each type.
    pub name: String,
    /// The whole version as its manager orders it: `1:2.3-4` of dpkg, `0:2.3-4.el9` of rpm with the epoch only if the package has
    /// one, `1.2.3-r0` of apk. Empty if the file doesn't tell. [`Package::parts`] takes it apart.
    pub version: String,
    /// The architecture it was built for, in the distribution's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arch: Option<String>,
    /// The source package it was built from. Set for each package of a distribution, also if it has the same name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourcePackage>,
    /// The module stream of rpm it belongs to, `name:stream:version:context:arch`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// Licences in the words of the package; no more than its file says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<String>,
    /// Who made or maintains it, in the words of the package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// The package URL as an SBOM gave it. Otherwise none: [`crate::purl`] makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    /// The package of the distribution whose files tell of this one. Its advisories are that package's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The files that tell of it, sorted.
    #[serde(default)]
    pub locations: Vec<Location>,
}

/// What a package of a distribution was built from: advisories are often by this name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SourcePackage {
    /// Name.
    pub name: String,
    /// Whole version, in the form of [`Package::version`].
    pub version: String,
}

/// A file that tells of a package.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Location {
    /// Path from the root, without a leading `/`. Inside an archive: `app.jar!/lib/inner.jar`.
    pub path: String,
    /// Digest of the layer (its `diff_id`) that brought the file; none for a folder or an SBOM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
}

/// A version taken apart as `ECR`'s findings show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionParts<'a> {
    /// Digits before the `:`, if there are any.
    pub epoch: Option<&'a str>,
    /// Upstream's version.
    pub version: &'a str,
    /// What stands after the last `-`, for packages of distributions.
    pub release: Option<&'a str>,
}

impl Package {
    /// A package of which no more is known yet.
    pub fn new(kind: PackageType, name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
            version: version.into(),
            arch: None,
            source: None,
            module: None,
            licenses: Vec::new(),
            vendor: None,
            purl: None,
            owner: None,
            locations: Vec::new(),
        }
    }

    /// Epoch, version and release; language packages have a version alone.
    ///
    /// Sources: deb-version(7), rpm-version(7), abuild's `pkgver-rN`.
    pub fn parts(&self) -> VersionParts<'_> {
        if !self.kind.is_of_distribution() {
            return VersionParts { epoch: None, version: &self.version, release: None };
        }
        let (epoch, rest) = match self.version.split_once(':') {
            Some((epoch, rest)) if !epoch.is_empty() && epoch.bytes().all(|byte| byte.is_ascii_digit()) => {
                (Some(epoch), rest)
            }
            _ => (None, self.version.as_str()),
        };
        match rest.rsplit_once('-') {
            Some((version, release)) if !version.is_empty() => {
                VersionParts { epoch, version, release: Some(release) }
            }
            _ => VersionParts { epoch, version: rest, release: None },
        }
    }
}

/// All packages of an image, a folder or an SBOM.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// The distribution, if a file says which.
    pub distribution: Option<Distribution>,
    /// Sorted, without doubles.
    pub packages: Vec<Package>,
    /// What could not be read, sorted. What stood around it was read.
    pub problems: Vec<ReadError>,
}

#[cfg(test)]
mod tests;
