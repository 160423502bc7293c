//! Each dependency that the workspace chose has its reason in `docs/dependencies.md`, and nothing else does.

use anyhow::{Context, Result};

use super::Problem;
use super::manifests::{chosen, parse};
use super::tree::Tree;

const RULE: &str = "reason for a dependency";
const ROOT: &str = "Cargo.toml";
const REASONS: &str = "docs/dependencies.md";

pub(super) fn problems(tree: &Tree<'_>) -> Result<Vec<Problem>> {
    let root = parse(tree, ROOT)?;
    let chosen = chosen(&root);
    let text = tree.text(REASONS).with_context(|| format!("`{REASONS}` is not in the tree"))?;
    let explained = explained(text);
    let mut problems = Vec::new();
    for name in &chosen {
        if !explained.iter().any(|(_, explained)| explained == name) {
            let line = tree.line_of(ROOT, &format!("{name} ="));
            let why = format!("`{name}` has no line in {REASONS} on why this one");
            problems.push(Problem::new(ROOT, line, RULE, why));
        }
    }
    for (line, name) in explained {
        if !chosen.contains(&name) {
            let why = format!("`{name}` is not in the workspace's dependency table");
            problems.push(Problem::new(REASONS, line, RULE, why));
        }
    }
    Ok(problems)
}

/// The first cell of each row of the tables headed `Crate`, with its line.
fn explained(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut in_table = false;
    for (index, line) in text.lines().enumerate() {
        let first = line.strip_prefix('|').and_then(|row| row.split('|').next()).map(str::trim);
        match first {
            None => in_table = false,
            Some("Crate") => in_table = true,
            Some(cell) if in_table => {
                let name = cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`'));
                found.extend(name.map(|name| (index + 1, name)));
            }
            Some(_) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::{file, metadata};

    fn whys(reasons: &str) -> Vec<String> {
        let metadata = metadata(&[]);
        let root = "[workspace.dependencies]\nserde = \"1\"\nmodel = { path = \"crates/model\" }\n";
        let files = vec![file(ROOT, root), file(REASONS, reasons)];
        let problems = problems(&Tree { files, metadata: &metadata }).unwrap();
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn table_and_document_agree() {
        assert_eq!(
            whys(
                "| Crate | Why |\n|---|---|\n| `serde` | it is |\n\n| Tool | Why |\n|---|---|\n| `go` | x |\n"
            ),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_missing_and_a_stale_reason_are_told() {
        assert_eq!(
            whys("| Crate | Why |\n|---|---|\n| `toml` | it was |\n"),
            [
                "Cargo.toml:2: reason for a dependency: `serde` has no line in docs/dependencies.md on why this one",
                "docs/dependencies.md:3: reason for a dependency: `toml` is not in the workspace's dependency table",
            ]
        );
    }
}
