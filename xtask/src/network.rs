//! The network agent against a real kube-apiserver, with network namespaces as a node and its pods.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::workspace::Workspace;
use crate::{aws_clients, packets, process};

/// The machine's: the suite needs nothing but the standard library.
const PYTHON: &str = "python3";

/// Whether the suite can run.
///
/// # Errors
///
/// If this machine has no network namespaces, or no `nft`.
pub(crate) fn can_run() -> Result<()> {
    process::probe(PYTHON, &["--version"]).context("there is no `python3` on this machine")?;
    packets::prepare()
}

/// Has `testbed/network/suite.py` write policies, and send packets.
pub(crate) fn run(workspace: &Workspace, server: &Path, testbed: &Path) -> Result<()> {
    aws_clients::suite(workspace, Path::new(PYTHON), "network", &[server, testbed])
}
