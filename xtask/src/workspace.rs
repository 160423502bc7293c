//! Where the workspace is, and what cargo says of it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process;

pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) metadata: Metadata,
}

impl Workspace {
    /// Asks cargo, from the folder of this crate, so that the caller's folder does not matter.
    pub(crate) fn find() -> Result<Self> {
        let output = process::output(process::cargo().current_dir(env!("CARGO_MANIFEST_DIR")).args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
        ]))?;
        let metadata: Metadata =
            serde_json::from_slice(&output).context("`cargo metadata` printed something unexpected")?;
        Ok(Self { root: metadata.workspace_root.clone(), metadata })
    }

    /// Cargo's target folder, wherever the environment put it.
    pub(crate) fn target(&self) -> &Path {
        &self.metadata.target_directory
    }
}

/// Reads a file of this repository, which is trusted and small.
#[expect(clippy::disallowed_methods, reason = "files of this repository are not hostile input")]
pub(crate) fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("`{}` could not be read", path.display()))
}

/// The part of `cargo metadata --format-version 1` that the chores use.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_members: Vec<String>,
    pub(crate) resolve: Resolve,
    pub(crate) target_directory: PathBuf,
    pub(crate) workspace_root: PathBuf,
}

impl Metadata {
    /// The packages of this repository.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }

    /// The package's manifest, relative to the root and with slashes.
    pub(crate) fn manifest(&self, package: &Package) -> String {
        let path = package.manifest_path.strip_prefix(&self.workspace_root).unwrap_or(&package.manifest_path);
        path.to_string_lossy().replace('\\', "/")
    }
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    /// SPDX expression.
    pub(crate) license: Option<String>,
    /// `None` for a path.
    pub(crate) source: Option<String>,
    pub(crate) manifest_path: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
}

/// The graph after versions and features were chosen.
#[derive(Debug, Deserialize)]
pub(crate) struct Resolve {
    pub(crate) nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) deps: Vec<Edge>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Edge {
    pub(crate) pkg: String,
    pub(crate) dep_kinds: Vec<EdgeKind>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct EdgeKind {
    /// `None`, `dev` or `build`.
    pub(crate) kind: Option<String>,
}
