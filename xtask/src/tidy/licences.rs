//! What may be built in: by licence, by name and by where it comes from. The lists are `deny.toml`'s, so that
//! cargo-deny and this agree, and this needs nothing installed.

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::manifests::{lookup, parse};
use super::tree::Tree;
use super::{Problem, spdx};
use crate::process;
use crate::workspace::Package;

const POLICY: &str = "deny.toml";
const LOCK: &str = "Cargo.lock";

const BANNED: &str = "banned crate";

/// The only registry, as `cargo metadata` names it.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

struct Policy {
    /// SPDX names.
    allowed: Vec<String>,
    banned: Vec<Banned>,
}

struct Banned {
    name: String,
    reason: String,
    /// Packages that may have it all the same, as cargo-deny takes them.
    wrappers: Vec<String>,
}

impl Policy {
    fn read(deny: &Table) -> Result<Self> {
        let list = |path: &[&str]| {
            let value = lookup(deny, path).and_then(Value::as_array);
            value.with_context(|| format!("`{POLICY}` has no list `{}`", path.join(".")))
        };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let allowed = list(&["licenses", "allow"])?.iter().filter_map(text).collect();
        let mut banned = Vec::new();
        for entry in list(&["bans", "deny"])? {
            let (name, reason) = (entry.get("crate").and_then(text), entry.get("reason").and_then(text));
            let (Some(name), Some(reason)) = (name, reason) else {
                anyhow::bail!("a ban in `{POLICY}` lacks its `crate` or its `reason`: {entry:?}");
            };
            let wrappers = entry.get("wrappers").and_then(Value::as_array);
            let wrappers = wrappers.into_iter().flatten().filter_map(text).collect();
            banned.push(Banned { name, reason, wrappers });
        }
        Ok(Self { allowed, banned })
    }

    /// The rule that a package breaks, and why; nothing for a good one.
    fn judge(&self, package: &Package) -> Vec<(&'static str, String)> {
        let Package { name, version, .. } = package;
        let mut found = Vec::new();
        match package
            .license
            .as_deref()
            .map(|expression| (expression, spdx::satisfied(expression, &self.allowed)))
        {
            None => found.push(("licence", format!("`{name} {version}` names no licence"))),
            Some((_, Err(error))) => found.push(("licence", format!("`{name} {version}`: {error}"))),
            Some((expression, Ok(false))) => {
                let why =
                    format!("`{name} {version}` is under `{expression}`, which {POLICY} does not allow");
                found.push(("licence", why));
            }
            Some((_, Ok(true))) => {}
        }
        if let Some(Banned { reason, .. }) = self.banned.iter().find(|banned| banned.name == *name) {
            found.push((BANNED, format!("`{name}`: {reason}")));
        }
        if let Some(source) = &package.source
            && source != CRATES_IO
        {
            found.push(("source", format!("`{name} {version}` comes from `{source}`, not from crates.io")));
        }
        found
    }
}

pub(super) fn problems(tree: &Tree<'_>) -> Result<Vec<Problem>> {
    let policy = Policy::read(&parse(tree, POLICY)?)?;
    let mut problems = Vec::new();
    for package in &tree.metadata.packages {
        let line = tree.line_of(LOCK, &format!("name = \"{}\"", package.name));
        let mut found = policy.judge(package);
        if let Some(banned) = policy.banned.iter().find(|banned| banned.name == package.name)
            && users(tree, &package.name)?.iter().all(|user| banned.wrappers.contains(user))
        {
            found.retain(|(rule, _)| *rule != BANNED);
        }
        problems.extend(found.into_iter().map(|(rule, why)| Problem::new(LOCK, line, rule, why)));
        if package.source.is_none() && !package.manifest_path.starts_with(&tree.metadata.workspace_root) {
            let why = format!("`{}` is a path outside the repository", package.name);
            problems.push(Problem::new(LOCK, line, "source", why));
        }
    }
    Ok(problems)
}

/// What builds the package by itself: a feature that is off (`ring?/std`) leaves it in `Cargo.lock` and in `cargo metadata`, but not
/// in `cargo tree`.
fn users(tree: &Tree<'_>, name: &str) -> Result<Vec<String>> {
    let output = process::output(
        process::cargo()
            .current_dir(&tree.metadata.workspace_root)
            .args(["tree", "--locked", "--quiet", "--workspace", "--target", "all"])
            .args(["--prefix", "depth", "--depth", "1", "--invert", name])
            .stderr(std::process::Stdio::null()),
    )?;
    let direct = String::from_utf8_lossy(&output).lines().filter_map(user).map(str::to_owned).collect();
    Ok(direct)
}

/// The package that a line of `cargo tree --prefix depth` names as a direct user.
fn user(line: &str) -> Option<&str> {
    line.strip_prefix('1')?.split(' ').next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::metadata;

    const DENY: &str = r#"
        [licenses]
        allow = ["MIT", "Apache-2.0"]
        [bans]
        deny = [{ crate = "ring", reason = "one crypto library is enough" }]
    "#;

    fn rules(change: impl FnOnce(&mut Package)) -> Vec<&'static str> {
        let policy = Policy::read(&DENY.parse().unwrap()).unwrap();
        let mut package = metadata(&[("helper", "registry", &[])]).packages.remove(0);
        change(&mut package);
        policy.judge(&package).into_iter().map(|(rule, _)| rule).collect()
    }

    #[test]
    fn a_permissive_crate_of_the_registry_passes() {
        assert_eq!(rules(|_| ()), Vec::<&str>::new());
    }

    #[test]
    fn a_licence_has_to_be_there_and_allowed() {
        assert_eq!(rules(|package| package.license = None), ["licence"]);
        assert_eq!(rules(|package| package.license = Some("GPL-3.0-only".to_owned())), ["licence"]);
        assert_eq!(rules(|package| package.license = Some("MIT OR".to_owned())), ["licence"]);
    }

    #[test]
    fn a_banned_crate_is_told_with_the_reason() {
        assert_eq!(rules(|package| package.name = "ring".to_owned()), ["banned crate"]);
    }

    #[test]
    fn the_direct_users_of_a_crate_are_told_apart() {
        let tree =
            ["0chrono v0.4.45", "1rsigma-eval v0.23.0", "2ringwall-sigma v0.1.0 (/x)", "1arrow v59.0.0 (*)"];
        assert_eq!(tree.into_iter().filter_map(user).collect::<Vec<_>>(), ["rsigma-eval", "arrow"]);
        let deny = DENY.replace("crate = \"ring\"", "crate = \"ring\", wrappers = [\"arrow\"]");
        let policy = Policy::read(&deny.parse().unwrap()).unwrap();
        assert_eq!(policy.banned.first().unwrap().wrappers, ["arrow"]);
    }

    #[test]
    fn another_source_is_told() {
        let git = "git+https://example.com/helper".to_owned();
        assert_eq!(rules(|package| package.source = Some(git)), ["source"]);
    }

    #[test]
    fn a_ban_without_a_reason_is_refused() {
        let deny = DENY.replace(", reason = \"one crypto library is enough\"", "");
        assert!(Policy::read(&deny.parse().unwrap()).is_err());
    }
}
