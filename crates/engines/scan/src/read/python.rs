//! Packages of Python: what is installed, and lock files.

use super::doc::Doc;
use super::{Found, Problems, shown, text};
use crate::package::{Package, PackageType};

/// `METADATA`, `PKG-INFO` and files `*.egg-info`: fields as in mail, up to an empty line.
///
/// Source: <https://packaging.python.org/en/latest/specifications/core-metadata/>.
pub(super) fn metadata(bytes: &[u8], found: &mut Found, problems: &mut Problems<'_>) {
    let text = text(bytes, problems);
    let mut fields: Vec<(String, &str)> = Vec::new();
    for line in text.lines() {
        if line.trim().is_empty() {
            break;
        }
        if !line.starts_with([' ', '\t'])
            && let Some((key, value)) = line.split_once(':')
        {
            fields.push((key.to_ascii_lowercase(), value.trim()));
        }
    }
    let field = |name: &str| {
        let mut values = fields.iter().filter(|(key, _)| key == name).map(|(_, value)| *value);
        values.find(|value| !value.is_empty() && *value != "UNKNOWN")
    };
    let (Some(name), Some(version)) = (field("name"), field("version")) else {
        return problems.whole("no `Name` or no `Version`");
    };
    let license = field("license-expression").or_else(|| field("license"));
    found.packages.push(Package {
        licenses: license.map(str::to_owned).into_iter().collect(),
        vendor: field("author").or_else(|| field("author-email")).map(str::to_owned),
        ..Package::new(PackageType::Pypi, name, version)
    });
}

/// `requirements.txt`: lines `name==version`, of which no more than that is certain. Others name a range, not what is installed.
///
/// Source: <https://pip.pypa.io/en/stable/reference/requirements-file-format/>, PEP 508.
pub(super) fn requirements(bytes: &[u8], found: &mut Found, problems: &mut Problems<'_>) {
    let text = text(bytes, problems);
    let mut joined = String::new();
    for line in text.lines() {
        // A comment begins at the line's start or after a space; `#` within an address is a part of it.
        let line = match line.find(" #").filter(|_| !line.trim_start().starts_with('#')) {
            Some(at) => line.get(..at).unwrap_or(line),
            None if line.trim_start().starts_with('#') => "",
            None => line,
        };
        if let Some(start) = line.strip_suffix('\\') {
            joined.push_str(start);
            continue;
        }
        joined.push_str(line);
        let whole = std::mem::take(&mut joined);
        if let Some((name, version)) = pinned(&whole) {
            found.packages.push(Package::new(PackageType::Pypi, name, version));
        }
    }
}

/// `name[extra] == 1.2 ; marker --hash=…`, also `===`; no wildcard and no second clause.
fn pinned(line: &str) -> Option<(&str, &str)> {
    let line = line.split(';').next()?.split(" --").next()?.trim();
    if line.starts_with('-') || line.contains(',') {
        return None;
    }
    let (name, version) = line.split_once("===").or_else(|| line.split_once("=="))?;
    let name = name.split('[').next()?.trim();
    let version = version.trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let fits =
        !name.is_empty() && name.chars().all(is_name) && !version.is_empty() && !version.contains(['*', ' ']);
    fits.then_some((name, version))
}

/// `Pipfile.lock`: sections by name, packages with `"version": "==1.2"`.
pub(super) fn pipfile_lock(bytes: &[u8], found: &mut Found, problems: &mut Problems<'_>) {
    let (doc, fault) = Doc::json(bytes);
    problems.fault(fault);
    for (section, packages) in doc.entries() {
        if section.starts_with('_') {
            continue;
        }
        for (name, package) in packages.entries() {
            // Without a version it is a path or a commit, which no release names.
            let Some(version) = package.text("version") else { continue };
            match version.strip_prefix("===").or_else(|| version.strip_prefix("==")) {
                Some(version) => found.packages.push(Package::new(PackageType::Pypi, name, version.trim())),
                None => problems.whole(format!("`{}` is not pinned: `{}`", shown(name), shown(version))),
            }
        }
    }
}

/// `poetry.lock`, `uv.lock` and `pdm.lock`: a `package` each.
///
/// Sources: each manager's documentation; uv's `source` tells what is the project itself.
pub(super) fn toml_lock(bytes: &[u8], found: &mut Found, problems: &mut Problems<'_>) {
    let text = text(bytes, problems);
    let (doc, fault) = Doc::toml(&text);
    problems.fault(fault);
    for package in doc.list("package") {
        let source = package.get("source");
        let is_local =
            |source: &Doc| ["virtual", "editable", "directory"].iter().any(|key| source.get(key).is_some());
        if source.is_some_and(is_local) {
            continue;
        }
        match (package.text("name"), package.text("version")) {
            (Some(name), Some(version)) => {
                found.packages.push(Package::new(PackageType::Pypi, name, version))
            }
            (name, _) => {
                let name = shown(name.unwrap_or_default());
                problems.whole(format!("a package without name or version: `{name}`"));
            }
        }
    }
    found.packages.sort();
    // Forks of a resolution and extras (pdm) stand as further entries of the same package.
    found.packages.dedup();
}

#[cfg(test)]
mod tests;
