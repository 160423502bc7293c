//! Each fuzz target has a corpus to start from, which the tests replay, and each corpus a target.

use std::collections::BTreeSet;

use anyhow::Result;

use super::Problem;
use super::tree::Tree;
use crate::fuzz;

const RULE: &str = "fuzz corpus";
const MANIFEST: &str = "fuzz/Cargo.toml";

pub(super) fn problems(tree: &Tree<'_>) -> Result<Vec<Problem>> {
    let targets = tree.text(MANIFEST).map(fuzz::targets).transpose()?.unwrap_or_default();
    let corpora: BTreeSet<&str> = tree
        .files
        .iter()
        .filter_map(|file| file.path.strip_prefix("fuzz/corpus/")?.split_once('/'))
        .map(|(folder, _)| folder)
        .collect();
    let mut problems = Vec::new();
    for target in &targets {
        if !corpora.contains(target.as_str()) {
            let line = tree.line_of(MANIFEST, &format!("\"{target}\""));
            let why = format!("the target `{target}` has no input under `fuzz/corpus/{target}/`");
            problems.push(Problem::new(MANIFEST, line, RULE, why));
        }
    }
    for corpus in corpora {
        if !targets.iter().any(|target| target == corpus) {
            let why = format!("`fuzz/corpus/{corpus}/` belongs to no target");
            problems.push(Problem::new(MANIFEST, 1, RULE, why));
        }
    }
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::{file, metadata};

    #[test]
    fn targets_and_corpora_match() {
        let metadata = metadata(&[]);
        let manifest = "[package]\nname = \"fuzz\"\n[[bin]]\nname = \"yaml\"\n[[bin]]\nname = \"json\"\n";
        let files =
            vec![file(MANIFEST, manifest), file("fuzz/corpus/yaml/a", "a"), file("fuzz/corpus/arn/a", "a")];
        let problems = problems(&Tree { files, metadata: &metadata }).unwrap();
        let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "fuzz/Cargo.toml:6: fuzz corpus: the target `json` has no input under `fuzz/corpus/json/`",
                "fuzz/Cargo.toml:1: fuzz corpus: `fuzz/corpus/arn/` belongs to no target",
            ]
        );
    }
}
