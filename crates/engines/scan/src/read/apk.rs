//! apk's database of installed packages: paragraphs of one-letter fields.
//!
//! Source: <https://wiki.alpinelinux.org/wiki/Apk_spec>, `APKINDEX` and `lib/apk/db/installed`.

use super::{Found, Owned, Problems, text};
use crate::package::{Package, PackageType, SourcePackage};

/// A paragraph while it is read.
#[derive(Default)]
struct Paragraph<'t> {
    line: u64,
    name: &'t str,
    version: &'t str,
    arch: &'t str,
    license: &'t str,
    origin: &'t str,
    maintainer: &'t str,
    folder: &'t str,
    paths: Vec<String>,
}

pub(super) fn installed(bytes: &[u8], found: &mut Found, problems: &mut Problems<'_>) {
    let text = text(bytes, problems);
    let mut paragraph = Paragraph::default();
    let mut line = 0;
    for row in text.lines().chain([""]) {
        line += 1;
        if row.trim().is_empty() {
            std::mem::take(&mut paragraph).finish(found, problems);
            continue;
        }
        if paragraph.line == 0 {
            paragraph.line = line;
        }
        let Some((key, value)) = row.split_once(':') else {
            problems.line(line, format!("not a field: `{}`", super::shown(row)));
            continue;
        };
        match key {
            "P" => paragraph.name = value,
            "V" => paragraph.version = value,
            "A" => paragraph.arch = value,
            "L" => paragraph.license = value,
            "o" => paragraph.origin = value,
            "m" => paragraph.maintainer = value,
            "F" => paragraph.folder = value,
            "R" if paragraph.folder.is_empty() => paragraph.paths.push(value.to_owned()),
            "R" => paragraph.paths.push(format!("{}/{value}", paragraph.folder)),
            _ => {}
        }
    }
}

impl Paragraph<'_> {
    fn finish(self, found: &mut Found, problems: &mut Problems<'_>) {
        if self.line == 0 {
            return;
        }
        if self.name.is_empty() || self.version.is_empty() {
            problems.line(self.line, "a paragraph without `P` or `V`");
            return;
        }
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        // The origin is built with the same version as all that come of it.
        let source = some(self.origin).unwrap_or_else(|| self.name.to_owned());
        if !self.paths.is_empty() {
            found.owned.push(Owned { package: self.name.to_owned(), paths: self.paths });
        }
        found.packages.push(Package {
            arch: some(self.arch),
            source: Some(SourcePackage { name: source, version: self.version.to_owned() }),
            licenses: some(self.license).into_iter().collect(),
            vendor: some(self.maintainer),
            ..Package::new(PackageType::Apk, self.name, self.version)
        });
    }
}

#[cfg(test)]
mod tests;
