//! The rules of the tree, each as code. A broken rule is one line, `file:line: rule: why`, and all of them are listed.

mod documents;
mod engines;
mod files;
mod fuzzing;
mod layers;
mod licences;
mod manifests;
mod rust_code;
mod spdx;
mod tree;

use std::fmt;
use std::process::ExitCode;

use anyhow::{Result, bail};

use self::tree::Tree;
use crate::workspace::Workspace;

/// One place where one rule is broken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Problem {
    file: String,
    line: usize,
    rule: &'static str,
    why: String,
}

impl Problem {
    fn new(file: &str, line: usize, rule: &'static str, why: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, rule, why: why.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.file, self.line, self.rule, self.why)
    }
}

/// The chore: prints every problem, or that there is none.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    check(workspace)?;
    println!("tidy");
    Ok(ExitCode::SUCCESS)
}

/// Fails with every problem of the tree.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let problems = problems(&Tree::read(workspace)?)?;
    if problems.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    bail!("the tree is not tidy, places: {}\n{}", problems.len(), lines.join("\n"))
}

fn problems(tree: &Tree<'_>) -> Result<Vec<Problem>> {
    let mut problems = layers::problems(tree);
    problems.extend(engines::problems(tree));
    problems.extend(manifests::problems(tree)?);
    problems.extend(licences::problems(tree)?);
    problems.extend(documents::problems(tree)?);
    problems.extend(files::problems(tree));
    problems.extend(fuzzing::problems(tree)?);
    problems.sort();
    problems.dedup();
    Ok(problems)
}

#[cfg(test)]
mod tests;
