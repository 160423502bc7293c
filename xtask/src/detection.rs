//! Detection over what a real kube-apiserver records of real actions.

use std::path::Path;

use anyhow::{Context, Result};

use crate::go_program::HELM;
use crate::workspace::Workspace;
use crate::{aws_clients, process};

/// The machine's: the suite needs nothing but the standard library.
const PYTHON: &str = "python3";

/// Whether the suite can run.
///
/// # Errors
///
/// If there is no Python, or nothing to make a certificate with.
pub(crate) fn can_run() -> Result<()> {
    process::probe(PYTHON, &["--version"]).context("there is no `python3` on this machine")?;
    aws_clients::can_run()
}

/// Has `testbed/detect/suite.py` do what attackers do, and what everybody does.
pub(crate) fn run(workspace: &Workspace, server: &Path, testbed: &Path) -> Result<()> {
    let helm = HELM.build(workspace)?;
    aws_clients::suite(workspace, Path::new(PYTHON), "detect", &[server, testbed, &helm])
}

/// Has `testbed/detect/replicas.py` run three replicas, and kill one of them and NATS.
pub(crate) fn share(workspace: &Workspace, server: &Path, nats: &Path) -> Result<()> {
    aws_clients::script(workspace, Path::new(PYTHON), "detect/replicas.py", &[server, nats])
}
