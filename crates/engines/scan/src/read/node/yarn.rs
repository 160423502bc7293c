//! `yarn.lock`: Yarn 1's own form, and YAML since 2 ("berry").
//!
//! Sources: <https://classic.yarnpkg.com/lang/en/docs/yarn-lock/>, <https://yarnpkg.com/advanced/lexicon>: an entry is a list of
//! descriptors `name@range` and has `version`; berry's has `resolution: "name@protocol:reference"` too, which is what was taken.

use super::super::doc::Doc;
use super::super::{Found, Problems, shown, text};
use crate::package::{Package, PackageType};

pub(crate) fn yarn_lock(bytes: &[u8], found: &mut Found, problems: &mut Problems<'_>) {
    let text = text(bytes, problems);
    let is_berry = text.lines().any(|line| line.starts_with("__metadata:"));
    match is_berry {
        true => berry(&text, found, problems),
        false => classic(&text, found, problems),
    }
}

fn berry(text: &str, found: &mut Found, problems: &mut Problems<'_>) {
    let (doc, fault) = Doc::yaml(text);
    problems.fault(fault);
    for (key, entry) in doc.entries() {
        if key == "__metadata" {
            continue;
        }
        let (Some(resolution), Some(version)) = (entry.text("resolution"), entry.text("version")) else {
            problems.whole(format!("`{}` has no resolution or version", shown(key)));
            continue;
        };
        let Some((name, reference)) = descriptor(resolution) else {
            problems.whole(format!("not a resolution: `{}`", shown(resolution)));
            continue;
        };
        // What lies in the project itself; a patched package is still the package.
        let is_local =
            ["workspace:", "link:", "portal:", "file:"].iter().any(|start| reference.starts_with(start));
        if !is_local && entry.text("linkType") != Some("soft") {
            found.packages.push(Package::new(PackageType::Npm, name, version));
        }
    }
}

/// Blocks: `"a@^1", a@~1.2:` at the margin, below it `  version "1.2.3"`.
fn classic(text: &str, found: &mut Found, problems: &mut Problems<'_>) {
    let mut open: Option<(u64, &str)> = None;
    let mut number = 0;
    for line in text.lines() {
        number += 1;
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if !line.starts_with(' ') {
            if let Some((at, head)) = open.take() {
                problems.line(at, format!("an entry without version: `{}`", shown(head)));
            }
            match line.strip_suffix(':') {
                Some(head) => open = Some((number, head)),
                None => problems.line(number, format!("not an entry: `{}`", shown(line))),
            }
        } else if let Some(version) = line.strip_prefix("  version ")
            && let Some((at, head)) = open.take()
        {
            let first = unquoted(head.split(',').next().unwrap_or(head));
            let (name, range) = descriptor(first).unwrap_or((first, ""));
            let name = range.strip_prefix("npm:").and_then(descriptor).map_or(name, |(alias, _)| alias);
            match name.is_empty() {
                true => problems.line(at, format!("not a name: `{}`", shown(head))),
                false => found.packages.push(Package::new(PackageType::Npm, name, unquoted(version))),
            }
        }
    }
    if let Some((at, head)) = open {
        problems.line(at, format!("an entry without version: `{}`", shown(head)));
    }
}

/// `name@range`; a name may begin with `@`.
fn descriptor(text: &str) -> Option<(&str, &str)> {
    let scope = usize::from(text.starts_with('@'));
    let at = scope + text.get(scope..)?.find('@')?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}
