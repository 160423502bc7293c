//! AWS's own client library against the wire protocols: every operation, both ways.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::built::Built;
use crate::process;
use crate::workspace::Workspace;

/// What speaks the protocols, as a program: an example of this package.
const PACKAGE: &str = "ringwall-protocol";
const EXAMPLE: &str = "wire";

/// Has `testbed/aws/shapes.py` ask the program; without a seed that takes its own and prints it.
pub(crate) fn run(workspace: &Workspace, built: &Built, python: &Path, seed: Option<u64>) -> Result<()> {
    process::run(
        Command::new(python)
            .current_dir(workspace.root.join("testbed").join("aws"))
            // No compiled files in the source.
            .args(["-B", "shapes.py"])
            .arg(built.example(PACKAGE, EXAMPLE)?)
            .args(seed.map(|seed| seed.to_string())),
    )
}
