//! Manifests: one dependency table, the same strict lints everywhere.

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::Problem;
use super::tree::Tree;

const LINTS: &str = "lints";
const DEPENDENCIES: &str = "dependency table";
const ROOT: &str = "Cargo.toml";

/// Clippy lints that keep panics out: one of them gone is a way for hostile input to stop a service.
const NO_PANIC: [&str; 8] = [
    "unwrap_used",
    "expect_used",
    "panic",
    "indexing_slicing",
    "string_slice",
    "unreachable",
    "todo",
    "unimplemented",
];

const DEPENDENCY_TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// The names in `[workspace.dependencies]` that do not come from this repository.
pub(super) fn chosen(root: &Table) -> Vec<&str> {
    let table = lookup(root, &["workspace", "dependencies"]).and_then(Value::as_table);
    table
        .into_iter()
        .flatten()
        .filter(|(_, value)| value.get("path").is_none())
        .map(|(name, _)| name.as_str())
        .collect()
}

/// Reads a manifest of the tree.
pub(super) fn parse(tree: &Tree<'_>, path: &str) -> Result<Table> {
    let text = tree.text(path).with_context(|| format!("`{path}` is not in the tree"))?;
    text.parse().with_context(|| format!("`{path}` could not be read"))
}

pub(super) fn problems(tree: &Tree<'_>) -> Result<Vec<Problem>> {
    let root = parse(tree, ROOT)?;
    let mut problems = workspace_lint_problems(&root);
    let mut used: Vec<String> = Vec::new();
    for package in tree.metadata.members() {
        let path = tree.metadata.manifest(package);
        let manifest = parse(tree, &path)?;
        if lookup(&manifest, &["lints", "workspace"]).and_then(Value::as_bool) != Some(true) {
            let why = "the crate does not take the workspace's lints (hint: `[lints] workspace = true`)";
            problems.push(Problem::new(&path, 1, LINTS, why));
        }
        for (name, value) in dependencies(&manifest) {
            used.push(name.clone());
            if value.get("workspace").and_then(Value::as_bool) != Some(true) {
                let why =
                    format!("`{name}` is not chosen in the workspace's table (hint: `workspace = true`)");
                problems.push(Problem::new(&path, tree.line_of(&path, name), DEPENDENCIES, why));
            }
        }
    }
    let all = lookup(&root, &["workspace", "dependencies"]).and_then(Value::as_table);
    for (name, _) in all.into_iter().flatten().filter(|(name, _)| !used.contains(name)) {
        let line = tree.line_of(ROOT, &format!("{name} ="));
        problems.push(Problem::new(ROOT, line, DEPENDENCIES, format!("no crate uses `{name}`")));
    }
    Ok(problems)
}

fn workspace_lint_problems(root: &Table) -> Vec<Problem> {
    let mut problems = Vec::new();
    if level(root, "rust", "unsafe_code") != Some("forbid") {
        problems.push(Problem::new(ROOT, 1, LINTS, "the workspace does not forbid `unsafe_code`"));
    }
    for lint in NO_PANIC {
        if !matches!(level(root, "clippy", lint), Some("deny" | "forbid")) {
            let why = format!("the workspace does not deny `clippy::{lint}`, which keeps panics out");
            problems.push(Problem::new(ROOT, 1, LINTS, why));
        }
    }
    problems
}

/// The level of a lint, in both ways of writing it.
fn level<'a>(root: &'a Table, tool: &str, lint: &str) -> Option<&'a str> {
    let value = lookup(root, &["workspace", "lints", tool, lint])?;
    value.as_str().or_else(|| value.get("level")?.as_str())
}

/// Every dependency of a manifest, those of one platform included.
fn dependencies(manifest: &Table) -> impl Iterator<Item = (&String, &Value)> {
    let platforms = manifest.get("target").and_then(Value::as_table).into_iter().flatten();
    let tables = platforms.filter_map(|(_, value)| value.as_table()).chain([manifest]);
    tables
        .flat_map(|table| DEPENDENCY_TABLES.iter().filter_map(|name| table.get(*name)?.as_table()))
        .flatten()
}

pub(super) fn lookup<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(table.get(*first)?, |value, name| value.get(*name))
}

#[cfg(test)]
mod tests;
