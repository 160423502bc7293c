//! The network agent against a real kube-apiserver, with network namespaces as a node and its pods.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use crate::{aws_clients, process};

/// The machine's: the suite needs nothing but the standard library.
const PYTHON: &str = "python3";

/// Whether the suite can run.
///
/// # Errors
///
/// If this machine has no network namespaces, or no `nft`.
pub(crate) fn can_run() -> Result<()> {
    process::probe(PYTHON, &["--version"]).context("there is no `python3` on this machine")?;
    process::probe("nft", &["--version"]).context("there is no `nft` on this machine")?;
    let name = format!("ringwall-probe-{}", std::process::id());
    if process::probe("ip", &["netns", "add", &name]).is_err() {
        bail!("network namespaces need root and `ip`");
    }
    process::probe("ip", &["netns", "del", &name])?;
    Ok(())
}

/// Has `testbed/network/suite.py` write policies, and send packets.
pub(crate) fn run(workspace: &Workspace, testbed: &Path) -> Result<()> {
    aws_clients::suite(workspace, Path::new(PYTHON), "network", &[testbed])
}
