//! Which coordinates an archive has: by Maven's properties, else by its manifest and its file name.

use super::manifest::Manifest;
use crate::package::{Package, PackageType};

/// `pom.properties`: `groupId`, `artifactId` and `version`, which Maven writes.
pub(super) fn pom(text: &str) -> Option<Package> {
    let property = |name: &str| {
        let mut pairs = text.lines().filter_map(|line| line.split_once('='));
        let (_, value) = pairs.find(|(key, _)| key.trim() == name)?;
        let value = value.trim();
        (!value.is_empty() && !value.contains("${")).then_some(value)
    };
    let (group, artifact, version) = (property("groupId")?, property("artifactId")?, property("version")?);
    Some(Package::new(PackageType::Maven, format!("{group}:{artifact}"), version))
}

/// The archive's own package, unless one of Maven's properties in it is of the archive itself: others are those of what was put into
/// it. Nothing without a version.
pub(super) fn own(path: &str, poms: &[Package], manifest: &Manifest) -> Option<Package> {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let (artifact, file_version) = split(stem);
    if poms.iter().any(|pom| pom.name.rsplit(':').next() == Some(artifact))
        || (poms.len() == 1 && file_version.is_none())
    {
        return None;
    }
    let version = file_version
        .or_else(|| manifest.first(&["Implementation-Version", "Bundle-Version", "Specification-Version"]))?;
    let group = group(artifact, manifest);
    let name = group.map_or_else(|| artifact.to_owned(), |group| format!("{group}:{artifact}"));
    let license = manifest.get("Bundle-License").map(str::to_owned);
    let vendor = manifest.first(&["Implementation-Vendor", "Bundle-Vendor"]).map(str::to_owned);
    Some(Package {
        licenses: license.into_iter().collect(),
        vendor,
        ..Package::new(PackageType::Maven, name, version)
    })
}

/// `commons-lang3-3.12.0`: the version begins at the first `-` before a digit.
fn split(stem: &str) -> (&str, Option<&str>) {
    for (at, _) in stem.match_indices('-') {
        if let (Some(name), Some(version)) = (stem.get(..at), stem.get(at + 1..))
            && version.starts_with(|c: char| c.is_ascii_digit())
        {
            return (name, Some(version));
        }
    }
    (stem, None)
}

/// A group as the manifest may tell it: a name with dots, of which OSGi's is often followed by the artifact.
fn group<'m>(artifact: &str, manifest: &'m Manifest) -> Option<&'m str> {
    let is_group = |text: &&str| {
        text.contains('.') && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
    };
    if let Some(group) = manifest.get("Implementation-Vendor-Id").filter(is_group) {
        return Some(group);
    }
    let symbolic = manifest.first(&["Bundle-SymbolicName", "Automatic-Module-Name"])?;
    let symbolic = symbolic.split(';').next().map(str::trim).filter(is_group)?;
    let without = symbolic.strip_suffix(artifact).and_then(|group| group.strip_suffix('.'));
    Some(without.unwrap_or(symbolic)).filter(is_group)
}
