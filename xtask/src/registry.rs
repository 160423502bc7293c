//! The registry as `ringwall serve` has it, before OCI's conformance suite and before clients that people use.

use std::path::Path;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{aws_clients, process};

/// Debian's clients, and its registry, which is copied to and from.
const DEBIAN_PACKAGES: [&str; 5] =
    ["skopeo", "buildah", "umoci", "docker-registry", "amazon-ecr-credential-helper"];

/// Has OCI's suite judge the registry by both versions that it knows.
pub(crate) fn conform(workspace: &Workspace, python: &Path, server: &Path, suite: &Path) -> Result<()> {
    aws_clients::script(workspace, python, "registry/conformance.py", &[server, suite])
}

/// Has clients push, pull and copy.
pub(crate) fn ask(workspace: &Workspace, python: &Path, server: &Path) -> Result<()> {
    aws_clients::script(workspace, python, "registry/clients.py", &[server])
}

/// Installs the clients that are missing, on Debian as root.
pub(crate) fn install_clients() -> Result<()> {
    let is_there = |program: &str| process::probe(program, &["--version"]).is_some();
    if ["skopeo", "buildah", "umoci", "docker-registry"].into_iter().all(is_there) {
        return Ok(());
    }
    process::install_packages(&DEBIAN_PACKAGES)
}
