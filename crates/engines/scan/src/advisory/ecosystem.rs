//! Which names of ecosystems and packages a package has in the OSV schema.

use std::borrow::Cow;

use crate::version::Ecosystem;
use crate::{Distribution, Package, PackageType};

/// An ecosystem of OSV with its release, and how its versions are ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// `Debian:12`, `npm`.
    pub name: String,
    /// Its order of versions.
    pub order: Ecosystem,
}

/// Repositories of Red Hat's products, by which its records name an ecosystem.
const RED_HAT: [&str; 6] = ["baseos", "appstream", "crb", "highavailability", "nfv", "realtime"];

/// The ecosystems of OSV in which a package is known; none if there are no advisories of its kind, or its distribution is not
/// known.
///
/// Source: OSV schema, "Defined ecosystems", with the forms of their releases; os-release(5).
#[must_use]
pub fn releases(package: &Package, distribution: Option<&Distribution>) -> Vec<Release> {
    let language = |name: &str| {
        Ecosystem::of_osv(name).map(|order| Release { name: name.to_owned(), order }).into_iter().collect()
    };
    match package.kind {
        PackageType::Cargo => language("crates.io"),
        PackageType::Composer => language("Packagist"),
        PackageType::Gem => language("RubyGems"),
        PackageType::Golang => language("Go"),
        PackageType::Maven => language("Maven"),
        PackageType::Npm => language("npm"),
        PackageType::Nuget => language("NuGet"),
        PackageType::Pypi => language("PyPI"),
        PackageType::Apk | PackageType::Deb | PackageType::Rpm => {
            let order = match package.kind {
                PackageType::Apk => Ecosystem::Alpine,
                PackageType::Deb => Ecosystem::Debian,
                _ => Ecosystem::RedHat,
            };
            let names = distribution.map(of_distribution).unwrap_or_default();
            names.into_iter().map(|name| Release { name, order }).collect()
        }
        _ => Vec::new(),
    }
}

fn of_distribution(distribution: &Distribution) -> Vec<String> {
    let version = distribution.version.as_str();
    let major = version.split('.').next().unwrap_or_default();
    let minor = || {
        let mut parts = version.split('.');
        match (parts.next(), parts.next()) {
            (Some(major), Some(minor)) => format!("{major}.{minor}"),
            _ => version.to_owned(),
        }
    };
    match distribution.id.as_str() {
        "debian" | "raspbian" => vec![format!("Debian:{major}")],
        "ubuntu" => vec![format!("Ubuntu:{version}:LTS"), format!("Ubuntu:{version}")],
        "alpine" if version.contains("_alpha") || version == "edge" => vec!["Alpine:edge".to_owned()],
        "alpine" => vec![format!("Alpine:v{}", minor())],
        "wolfi" => vec!["Wolfi".to_owned()],
        // Chainguard's records have what Wolfi's have, and more.
        "chainguard" => vec!["Chainguard".to_owned(), "Wolfi".to_owned()],
        "minimos" => vec!["MinimOS".to_owned()],
        "echo" => vec!["Echo".to_owned()],
        "alpaquita" => vec![format!("Alpaquita:{version}")],
        "almalinux" => vec![format!("AlmaLinux:{major}")],
        "rocky" => vec![format!("Rocky Linux:{major}")],
        "rhel" => RED_HAT.iter().map(|part| format!("Red Hat:enterprise_linux:{major}::{part}")).collect(),
        "amzn" => vec![format!("Amazon Linux:{version}")],
        "mageia" => vec![format!("Mageia:{version}")],
        "photon" => vec![format!("Photon OS:{version}")],
        "azurelinux" | "mariner" => vec![format!("Azure Linux:{major}")],
        "openeuler" => {
            vec![format!("openEuler:{version}"), format!("openEuler:{version}-LTS")]
        }
        "opensuse-leap" => vec![format!("openSUSE:Leap {version}")],
        "opensuse-tumbleweed" => vec!["openSUSE:Tumbleweed".to_owned()],
        "sles" => {
            let pack = version
                .split_once('.')
                .map_or_else(|| version.to_owned(), |(major, pack)| format!("{major} SP{pack}"));
            vec![format!("SUSE:Linux Enterprise Server {pack}")]
        }
        _ => Vec::new(),
    }
}

/// The name and version by which advisories of this ecosystem know a package.
///
/// Debian's, Alpine's, SUSE's and their kin's are about source packages, AlmaLinux's and Red Hat's about what is installed.
#[must_use]
pub fn names_of<'p>(package: &'p Package, release: &str) -> (&'p str, &'p str) {
    let family = release.split_once(':').map_or(release, |(family, _)| family);
    let by_source = match package.kind {
        PackageType::Apk | PackageType::Deb => true,
        PackageType::Rpm => !matches!(family, "AlmaLinux" | "Red Hat" | "Amazon Linux"),
        _ => false,
    };
    match &package.source {
        Some(source) if by_source => {
            let version = if source.version.is_empty() { &package.version } else { &source.version };
            (&source.name, version)
        }
        _ => (&package.name, &package.version),
    }
}

/// A package's name as its ecosystem compares names.
///
/// Sources: PEP 503; NuGet and Packagist take capitals for small letters.
#[must_use]
pub fn key<'n>(ecosystem: &str, name: &'n str) -> Cow<'n, str> {
    match ecosystem {
        "PyPI" => {
            let mut normal = String::with_capacity(name.len());
            for letter in name.chars() {
                if !matches!(letter, '-' | '_' | '.') {
                    normal.extend(letter.to_lowercase());
                } else if !normal.ends_with('-') {
                    normal.push('-');
                }
            }
            Cow::Owned(normal)
        }
        "NuGet" | "Packagist" => Cow::Owned(name.to_lowercase()),
        _ => Cow::Borrowed(name),
    }
}
