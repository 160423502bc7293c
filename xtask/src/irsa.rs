//! The chain of `examples/irsa`: a pod's own role in AWS, on the testbed, shown step by step.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{aws_clients, aws_python, process, testbed};

/// Gets ready what the chain needs, and becomes the program that walks it, so that Ctrl-C is for that one to end well.
pub(crate) fn become_walkthrough(workspace: &Workspace, keep: bool) -> Result<()> {
    aws_clients::can_run()?;
    eprintln!(
        "getting ready: ringwall, kube-apiserver with etcd, AWS's CLI (minutes at first, then seconds)"
    );
    let python = aws_python::interpreter(workspace)?;
    let testbed = testbed::build(workspace)?;
    let mut command = walkthrough(workspace, &python, &aws_clients::server(workspace)?, &testbed);
    if keep {
        command.arg("--keep");
    }
    Err(command.exec()).context("Python could not be started")
}

/// Walks the chain, and fails unless every step of it holds.
pub(crate) fn run(workspace: &Workspace, python: &Path, server: &Path, testbed: &Path) -> Result<()> {
    process::run(&mut walkthrough(workspace, python, server, testbed))
}

fn walkthrough(workspace: &Workspace, python: &Path, server: &Path, testbed: &Path) -> Command {
    let mut command = Command::new(python);
    // No compiled files in the source.
    command.arg("-B").arg(workspace.root.join("examples/irsa/walkthrough.py")).arg(server).arg(testbed);
    command
}
