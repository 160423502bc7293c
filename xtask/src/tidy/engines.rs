//! Engines, and the model they speak, are pure: values in, values out. No I/O, clock, randomness or environment.

use std::collections::{BTreeSet, HashMap};

use super::Problem;
use super::layers::Layer;
use super::rust_code::RustCode;
use super::tree::Tree;
use crate::workspace::{Metadata, Package};

const RULE: &str = "purity";

/// What `std` has that reaches outside, with what it reaches.
const OUTSIDE: [(&[&str], &str); 11] = [
    (&["std", "fs"], "files: an adapter reads them"),
    (&["std", "net", "TcpListener"], "the network"),
    (&["std", "net", "TcpStream"], "the network"),
    (&["std", "net", "UdpSocket"], "the network"),
    (&["std", "net", "ToSocketAddrs"], "name resolution"),
    (&["std", "process"], "other programs"),
    (&["std", "env"], "the environment: pass the value in"),
    (&["std", "io", "stdin"], "standard input"),
    (&["std", "io", "stdout"], "standard output: return the value"),
    (&["std", "time", "SystemTime"], "the clock: pass the time in"),
    (&["std", "time", "Instant"], "the clock: a benchmark measures"),
];

/// Crates that are a runtime, a clock or a source of randomness.
const OUTSIDE_CRATES: [&str; 12] = [
    "tokio",
    "async-std",
    "smol",
    "mio",
    "socket2",
    "reqwest",
    "hyper",
    "rand",
    "rand_core",
    "getrandom",
    "fastrand",
    "tempfile",
];

const PRINTS: [&str; 4] = ["println", "print", "eprintln", "eprint"];

pub(super) fn problems(tree: &Tree<'_>) -> Vec<Problem> {
    let sources = tree.texts().filter(|(file, _)| is_pure_source(&file.path));
    let mut problems: Vec<Problem> =
        sources.flat_map(|(file, text)| source_problems(&file.path, text)).collect();
    for package in tree.metadata.members() {
        let manifest = tree.metadata.manifest(package);
        if matches!(Layer::of(&manifest), Some(Layer::Model | Layer::Engine)) {
            for name in reached(tree.metadata, package).intersection(&BTreeSet::from(OUTSIDE_CRATES)) {
                let why = format!("`{}` reaches the crate `{name}`, which is not pure", package.name);
                problems.push(Problem::new(&manifest, tree.line_of(&manifest, name), RULE, why));
            }
        }
    }
    problems
}

/// Tests and benches may read files and take the time.
fn is_pure_source(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let inner = match parts.as_slice() {
        ["crates", "model", "src", inner @ ..] | ["crates", "engines", _, "src", inner @ ..] => inner,
        _ => return false,
    };
    path.ends_with(".rs") && !inner.iter().any(|part| matches!(*part, "tests" | "tests.rs"))
}

fn source_problems(file: &str, source: &str) -> Vec<Problem> {
    let code = RustCode::new(source);
    let mut problems = Vec::new();
    for (line, mut path) in code.paths("std") {
        path.pop_if(|last| matches!(last.as_str(), "*" | "self"));
        let matches = |outside: &[&str]| outside.iter().zip(&path).all(|(outside, used)| outside == used);
        if let Some((outside, what)) = OUTSIDE.iter().find(|(outside, _)| matches(outside)) {
            let used = path.join("::");
            let why = if path.len() < outside.len() {
                format!("`{used}` as a whole reaches {what} (hint: import only the items needed)")
            } else {
                format!("`{used}` reaches {what}")
            };
            problems.push(Problem::new(file, line, RULE, why));
        }
    }
    for (index, token) in code.tokens.iter().enumerate() {
        let name = token.text.as_str();
        if PRINTS.contains(&name) && code.text(index + 1) == Some("!") {
            let why = format!("`{name}!` writes to the terminal: return the value");
            problems.push(Problem::new(file, token.line, RULE, why));
        }
        let starts_path =
            code.text(index + 1) == Some("::") && code.text(index.wrapping_sub(1)) != Some("::");
        let imported = matches!(code.text(index.wrapping_sub(1)), Some("use" | "crate"));
        if OUTSIDE_CRATES.contains(&name) && (starts_path || imported) {
            problems.push(Problem::new(file, token.line, RULE, format!("`{name}` is not pure")));
        }
    }
    problems
}

/// The names of all that this package is built from, tests and benches aside.
fn reached<'a>(metadata: &'a Metadata, package: &'a Package) -> BTreeSet<&'a str> {
    let nodes: HashMap<&str, _> =
        metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let names: HashMap<&str, &str> =
        metadata.packages.iter().map(|package| (package.id.as_str(), package.name.as_str())).collect();
    let mut seen = BTreeSet::new();
    let mut waiting = vec![package.id.as_str()];
    while let Some(id) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        let edges = nodes.get(id).map(|node| node.deps.as_slice()).unwrap_or_default();
        // What a procedural macro or a build script uses runs at build time, not in the engine.
        let normal = edges.iter().filter(|edge| edge.dep_kinds.iter().any(|kind| kind.kind.is_none()));
        waiting.extend(normal.map(|edge| edge.pkg.as_str()));
    }
    seen.into_iter().filter_map(|id| names.get(id).copied()).collect()
}

#[cfg(test)]
mod tests;
