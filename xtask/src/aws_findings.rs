//! The golden findings of ringwall-detect against AWS's models of GuardDuty and Security Hub.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// Has `testbed/aws/findings.py` look at them.
pub(crate) fn run(workspace: &Workspace, python: &Path) -> Result<()> {
    let golden = workspace.root.join("crates/engines/detect/tests/it/snapshots");
    process::run(
        Command::new(python)
            .current_dir(workspace.root.join("testbed").join("aws"))
            // No compiled files in the source.
            .args(["-B", "findings.py"])
            .arg(golden),
    )
}
