//! `pnpm-lock.yaml` of lockfile versions 5 to 9.
//!
//! Source: <https://github.com/pnpm/spec/tree/master/lockfile>. Keys of `packages`: 5 `/name/1.2.3_peers`, 6 `/name@1.2.3(peers)`,
//! 9 `name@1.2.3`. What is not from a registry has `name` and `version` of its own, or a key that is an address.

use super::super::doc::Doc;
use super::super::{Found, Problems, shown, text};
use crate::package::{Package, PackageType};

pub(crate) fn pnpm_lock(bytes: &[u8], found: &mut Found, problems: &mut Problems<'_>) {
    let text = text(bytes, problems);
    let (doc, fault) = Doc::yaml(&text);
    problems.fault(fault);
    let Some(version) = doc.text("lockfileVersion") else {
        return problems.whole("no `lockfileVersion`");
    };
    let is_old = version.starts_with('5');
    for (key, package) in doc.map("packages") {
        let parts = match is_old {
            true => old_key(key),
            false => new_key(key),
        };
        let name = package.text("name").or(parts.map(|(name, _)| name));
        let version = package.text("version").or(parts.map(|(_, version)| version));
        match (name, version) {
            (Some(name), Some(version)) => found.packages.push(Package::new(PackageType::Npm, name, version)),
            _ if is_local(key, package) => {}
            _ => problems.whole(format!("not a package: `{}`", shown(key))),
        }
    }
    found.packages.sort();
    found.packages.dedup();
}

/// `/@scope/name/1.2.3_peer@4`, or `registry.example/name/1.2.3`.
fn old_key(key: &str) -> Option<(&str, &str)> {
    let (_, rest) = key.split_once('/')?;
    let rest = match rest.starts_with('@') {
        true => rest.split_once('/').and_then(|(scope, after)| {
            let end = scope.len() + 1 + after.find('/')?;
            Some((rest.get(..end)?, rest.get(end + 1..)?))
        }),
        false => rest.split_once('/'),
    };
    let (name, version) = rest?;
    let version = version.split('_').next()?;
    version.starts_with(|c: char| c.is_ascii_digit()).then_some((name, version))
}

/// `/@scope/name@1.2.3(peer@4)`; the `/` is gone since 9.
fn new_key(key: &str) -> Option<(&str, &str)> {
    let key = key.strip_prefix('/').unwrap_or(key).split('(').next()?;
    let scope = usize::from(key.starts_with('@'));
    let at = scope + key.get(scope..)?.find('@')?;
    let (name, version) = (key.get(..at)?, key.get(at + 1..)?);
    version.starts_with(|c: char| c.is_ascii_digit()).then_some((name, version))
}

/// What lies in the project itself.
fn is_local(key: &str, package: &Doc) -> bool {
    key.starts_with("file:")
        || key.contains("@file:")
        || key.contains("@link:")
        || package.get("resolution").is_some_and(|resolution| resolution.text("type") == Some("directory"))
}
