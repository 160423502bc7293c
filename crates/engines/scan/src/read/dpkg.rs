//! dpkg's database: paragraphs of fields, and lists of files.
//!
//! Sources: deb-control(5), dpkg-query(1) for `Status`, dpkg(1) for `info/`.

use super::{Found, Owned, Problems, text};
use crate::package::{Package, PackageType, SourcePackage};

/// `status` has a paragraph a package; `status.d/*` one, without `Status`.
pub(super) fn status(bytes: &[u8], found: &mut Found, problems: &mut Problems<'_>) {
    let text = text(bytes, problems);
    let mut line = 0;
    let mut start = 1;
    let mut paragraph: Vec<(&str, &str)> = Vec::new();
    for row in text.lines().chain([""]) {
        line += 1;
        if row.trim().is_empty() {
            if !paragraph.is_empty() {
                package(&paragraph, start, found, problems);
            }
            paragraph.clear();
            start = line + 1;
        } else if row.starts_with([' ', '\t']) {
            // The continuation of a field; none of those that are read has one.
        } else if let Some((key, value)) = row.split_once(':') {
            paragraph.push((key, value.trim()));
        } else {
            problems.line(line, format!("not a field: `{}`", super::shown(row)));
        }
    }
}

fn package(paragraph: &[(&str, &str)], line: u64, found: &mut Found, problems: &mut Problems<'_>) {
    let field = |name: &str| {
        let mut fields = paragraph.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        fields.next().map(|(_, value)| *value).filter(|value| !value.is_empty())
    };
    // Third word: what is there. Of a package with `config-files` only its configuration is left; the states between have files.
    if let Some(state) = field("Status").and_then(|status| status.split_whitespace().nth(2))
        && matches!(state, "not-installed" | "config-files")
    {
        return;
    }
    let (Some(name), Some(version)) = (field("Package"), field("Version")) else {
        problems.line(line, "a paragraph without `Package` or `Version`");
        return;
    };
    let source = match field("Source").map(|source| source.split_once('(')) {
        // `name (version)`, the version only where it differs from the binary package's.
        Some(Some((source, built))) => SourcePackage {
            name: source.trim().to_owned(),
            version: built.trim_end().trim_end_matches(')').trim().to_owned(),
        },
        _ => SourcePackage { name: field("Source").unwrap_or(name).to_owned(), version: version.to_owned() },
    };
    found.packages.push(Package {
        arch: field("Architecture").map(str::to_owned),
        source: Some(source),
        vendor: field("Maintainer").map(str::to_owned),
        ..Package::new(PackageType::Deb, name, version)
    });
}

/// `info/NAME[:ARCH].list`, a path a line, or `NAME.md5sums`, `digest  path` a line.
pub(super) fn files(path: &str, bytes: &[u8], found: &mut Found, problems: &mut Problems<'_>) {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (name, with_digest) = match name.strip_suffix(".md5sums") {
        Some(name) => (name, true),
        None => (name.strip_suffix(".list").unwrap_or(name), false),
    };
    let package = name.split(':').next().unwrap_or(name).to_owned();
    let mut paths = Vec::new();
    for row in text(bytes, problems).lines() {
        let path = match with_digest {
            true => row.split_once(char::is_whitespace).map_or("", |(_, path)| path.trim_start()),
            false => row,
        };
        let path = path.trim_start_matches("./").trim_start_matches('/');
        if !path.is_empty() && path != "." {
            paths.push(path.to_owned());
        }
    }
    if !paths.is_empty() {
        found.owned.push(Owned { package, paths });
    }
}

#[cfg(test)]
mod tests;
