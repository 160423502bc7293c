//! Package URLs: written for a package, and read.
//!
//! Source: <https://github.com/package-url/purl-spec>, its rules for each type.

mod parse;

use std::fmt::Write;

use crate::package::{Distribution, Package, PackageType};

pub use parse::{Purl, PurlError, package, parse};

/// The URL of a package. Packages of a distribution have its id as their namespace, and `distro`, which the URL needs to be found
/// by again; where the source package differs it is `upstream`, as scanners in general have it.
///
/// A URL that an SBOM gave is kept as it was.
pub fn of(package: &Package, distribution: Option<&Distribution>) -> String {
    if let Some(given) = &package.purl {
        return given.clone();
    }
    let (namespace, name) = names(package, distribution);
    let mut url = format!("pkg:{}/", package.kind.as_str());
    for segment in namespace.split('/').filter(|segment| !segment.is_empty()) {
        encode(segment, &mut url);
        url.push('/');
    }
    encode(&name, &mut url);
    let parts = package.parts();
    let version = match package.kind {
        // The epoch is a qualifier of its own.
        PackageType::Rpm => match parts.release {
            Some(release) => format!("{}-{release}", parts.version),
            None => parts.version.to_owned(),
        },
        // Go's own versions of modules begin with `v`, those of Go itself don't.
        PackageType::Golang
            if package.name != "stdlib" && package.version.starts_with(|c: char| c.is_ascii_digit()) =>
        {
            format!("v{}", package.version)
        }
        _ => package.version.clone(),
    };
    if !version.is_empty() {
        url.push('@');
        encode(&version, &mut url);
    }
    let mut separator = '?';
    for (key, value) in qualifiers(package, distribution) {
        if !value.is_empty() {
            url.push(separator);
            url.push_str(key);
            url.push('=');
            encode(&value, &mut url);
            separator = '&';
        }
    }
    url
}

/// Namespace and name in the form of the type.
fn names(package: &Package, distribution: Option<&Distribution>) -> (String, String) {
    let name = package.name.as_str();
    let split = |separator| name.rsplit_once(separator).unwrap_or(("", name));
    let lower = |(namespace, name): (&str, &str)| (namespace.to_lowercase(), name.to_lowercase());
    let of_distribution =
        || distribution.map(|distribution| distribution.id.to_lowercase()).unwrap_or_default();
    match package.kind {
        PackageType::Apk | PackageType::Deb => (of_distribution(), name.to_lowercase()),
        PackageType::Rpm => (of_distribution(), name.to_owned()),
        PackageType::Composer | PackageType::Golang | PackageType::Npm => lower(split('/')),
        PackageType::Maven => {
            let (group, artifact) = split(':');
            (group.to_owned(), artifact.to_owned())
        }
        PackageType::Pypi => (String::new(), name.to_lowercase().replace('_', "-")),
        PackageType::Cargo | PackageType::Gem | PackageType::Generic | PackageType::Nuget => {
            (String::new(), name.to_owned())
        }
    }
}

/// Sorted by key.
fn qualifiers(package: &Package, distribution: Option<&Distribution>) -> Vec<(&'static str, String)> {
    if !package.kind.is_of_distribution() {
        return Vec::new();
    }
    let parts = package.parts();
    let mut qualifiers = vec![("arch", package.arch.clone().unwrap_or_default())];
    if let Some(distribution) = distribution {
        let version = Some(&distribution.version).filter(|version| !version.is_empty());
        let distro = version
            .map_or_else(|| distribution.id.clone(), |version| format!("{}-{version}", distribution.id));
        qualifiers.push(("distro", distro));
    }
    if package.kind == PackageType::Rpm {
        qualifiers.push(("epoch", parts.epoch.unwrap_or_default().to_owned()));
        qualifiers.push(("rpmmod", package.module.clone().unwrap_or_default()));
    }
    qualifiers.push(("upstream", upstream(package).unwrap_or_default()));
    qualifiers
}

/// The source package, if it is another than the package itself: `name`, `name@version`, or the file of a source rpm.
fn upstream(package: &Package) -> Option<String> {
    let source = package.source.as_ref()?;
    if source.name == package.name && source.version == package.version {
        return None;
    }
    Some(match package.kind {
        PackageType::Rpm => {
            let version =
                source.version.split_once(':').map_or(source.version.as_str(), |(_, version)| version);
            format!("{}-{version}.src.rpm", source.name)
        }
        _ if source.version == package.version => source.name.clone(),
        _ => format!("{}@{}", source.name, source.version),
    })
}

/// Percent-encodes all but letters, digits, `.-_~` and `:`.
fn encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'.' | b'-' | b'_' | b'~' | b':' => {
                into.push(char::from(byte))
            }
            // A `String` takes what is written.
            _ => _ = write!(into, "%{byte:02X}"),
        }
    }
}

#[cfg(test)]
mod tests;
