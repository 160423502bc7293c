//! Gems: what Bundler locks, and what is installed.

use super::{Found, Problems, shown, text};
use crate::package::{Package, PackageType};

/// `Gemfile.lock`: below `specs:` of a `GEM`, `GIT` or `PLUGIN SOURCE`, a gem at four spaces, its dependencies at six.
///
/// Source: Bundler's `lockfile_generator` and `lockfile_parser`. `PATH` is the project itself.
pub(super) fn gemfile_lock(bytes: &[u8], found: &mut Found, problems: &mut Problems<'_>) {
    let text = text(bytes, problems);
    let mut counts = false;
    let mut in_specs = false;
    let mut number = 0;
    for line in text.lines() {
        number += 1;
        if line.trim().is_empty() {
            continue;
        }
        if !line.starts_with(' ') {
            counts = matches!(line, "GEM" | "GIT" | "PLUGIN SOURCE");
            in_specs = false;
        } else if line == "  specs:" {
            in_specs = true;
        } else if counts
            && in_specs
            && let Some(spec) = line.strip_prefix("    ").filter(|rest| !rest.starts_with(' '))
        {
            match spec.strip_suffix(')').and_then(|spec| spec.split_once(" (")) {
                Some((name, version)) => found.packages.push(with_platform(name, version)),
                None => problems.line(number, format!("not a gem: `{}`", shown(spec))),
            }
        }
    }
    found.packages.sort();
    // A gem for several platforms stands once for each.
    found.packages.dedup();
}

/// `1.15.4-x86_64-linux`: a gem's version has no `-`, so what follows is the platform.
fn with_platform(name: &str, version: &str) -> Package {
    Package::new(PackageType::Gem, name, version.split('-').next().unwrap_or(version))
}

/// A gemspec as RubyGems writes it when it installs one: Ruby whose assignments are literals. Nothing is executed.
///
/// Source: `Gem::Specification#to_ruby`.
pub(super) fn gemspec(path: &str, bytes: &[u8], found: &mut Found, problems: &mut Problems<'_>) {
    let text = text(bytes, problems);
    let (mut name, mut version, mut licenses) = (None, None, Vec::new());
    let mut authors = Vec::new();
    for line in text.lines() {
        let Some((target, value)) = line.trim().split_once(" = ") else { continue };
        match target.rsplit_once('.').map_or("", |(_, field)| field) {
            "name" => name = name.or_else(|| literals(value).into_iter().next()),
            "version" => version = version.or_else(|| literals(value).into_iter().next()),
            "license" | "licenses" => licenses.extend(literals(value)),
            "author" | "authors" => authors.extend(literals(value)),
            _ => {}
        }
    }
    let (Some(name), Some(version)) = (name, version) else {
        return problems.whole(format!("`{}` tells no name or version", shown(path)));
    };
    let vendor = (!authors.is_empty()).then(|| authors.join(", "));
    found.packages.push(Package { licenses, vendor, ..Package::new(PackageType::Gem, name, version) });
}

/// The strings of a literal or a list of them: `"a".freeze`, `["a", 'b']`, `Gem::Version.new("1")`. Each with the quotes it began
/// with; `\` takes the next letter as it is.
fn literals(value: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut letters = value.chars();
    while let Some(quote) = letters.find(|letter| matches!(letter, '"' | '\'')) {
        let mut text = String::new();
        loop {
            match letters.next() {
                None => return found,
                Some('\\') => text.extend(letters.next()),
                Some(letter) if letter == quote => break,
                Some(letter) => text.push(letter),
            }
        }
        found.push(text);
    }
    found
}

#[cfg(test)]
mod tests;
