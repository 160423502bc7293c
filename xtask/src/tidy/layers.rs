//! Who may depend on whom: model, engines, adapters, services, binary, in this order and never upwards.

use super::Problem;
use super::tree::Tree;
use crate::workspace::Package;

const RULE: &str = "layer";

/// The one engine that joins the others.
const JOINING_ENGINE: &str = "crates/engines/paths/Cargo.toml";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Layer {
    Model,
    Engine,
    Adapter,
    Service,
    Binary,
    Chores,
}

impl Layer {
    /// The layer is the folder: of the manifest, relative to the root.
    pub(super) fn of(manifest: &str) -> Option<Self> {
        let parts: Vec<&str> = manifest.split('/').collect();
        match parts.as_slice() {
            ["crates", "model", "Cargo.toml"] => Some(Self::Model),
            ["crates", "engines", _, "Cargo.toml"] => Some(Self::Engine),
            ["crates", "adapters", _, "Cargo.toml"] => Some(Self::Adapter),
            ["crates", "services", _, "Cargo.toml"] => Some(Self::Service),
            ["crates", "ringwall" | "hunt", "Cargo.toml"] => Some(Self::Binary),
            ["xtask", "Cargo.toml"] => Some(Self::Chores),
            _ => None,
        }
    }
}

/// Normal, build and test dependencies alike: a test that needs an upper layer belongs to that layer.
pub(super) fn problems(tree: &Tree<'_>) -> Vec<Problem> {
    let manifests: Vec<(String, &Package)> =
        tree.metadata.members().map(|package| (tree.metadata.manifest(package), package)).collect();
    let mut problems = Vec::new();
    for (manifest, package) in &manifests {
        if Layer::of(manifest).is_none() {
            let why = format!("`{}` is in no layer: see the folders of ARCHITECTURE.md", package.name);
            problems.push(Problem::new(manifest, 1, RULE, why));
        }
        for dependency in &package.dependencies {
            let used = manifests.iter().find(|(_, package)| package.name == dependency.name);
            if let Some((used, _)) = used
                && let Err(why) = may_use(manifest, used)
            {
                let line = tree.line_of(manifest, &dependency.name);
                let why = format!("`{}` must not depend on `{}`: {why}", package.name, dependency.name);
                problems.push(Problem::new(manifest, line, RULE, why));
            }
        }
    }
    problems
}

/// Both by their manifests. The error says why not.
fn may_use(user: &str, used: &str) -> Result<(), &'static str> {
    use Layer::{Adapter, Binary, Chores, Engine, Model, Service};
    let (Some(from), Some(to)) = (Layer::of(user), Layer::of(used)) else { return Ok(()) };
    match (from, to) {
        (Chores, _) => Ok(()),
        (_, Chores) => Err("the chores are about the project, not part of it"),
        (_, Binary) => Err("the binary is wiring, there is nothing in it to use"),
        (Binary, _) | (_, Model) => Ok(()),
        (Model, _) => Err("every layer speaks the model, so it knows none of them"),
        (Engine, Engine) if user == JOINING_ENGINE => Ok(()),
        (Engine, Engine) => Err("engines meet in `engines/paths`, so that each can be read and tested alone"),
        (Engine, Adapter | Service) => Err("an engine is pure, and what reaches the outside stands above it"),
        (Adapter, Service) => Err("an adapter serves the services and knows none"),
        (Service, Service) => Err("services meet in the store or in the binary"),
        (Adapter, Engine | Adapter) | (Service, Engine | Adapter) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
