//! AWS's own client library against the wire protocols: every operation, both ways.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// What speaks the protocols, as a program: an example of this package.
const PACKAGE: &str = "ringwall-protocol";
const EXAMPLE: &str = "wire";

/// Builds the program and has `testbed/aws/shapes.py` ask it; without a seed that takes its own and prints it.
pub(crate) fn run(workspace: &Workspace, python: &Path, seed: Option<u64>) -> Result<()> {
    process::run(process::cargo().current_dir(&workspace.root).args([
        "build",
        "--quiet",
        "--locked",
        "--package",
        PACKAGE,
        "--example",
        EXAMPLE,
    ]))?;
    let program = workspace.target().join("debug").join("examples").join(EXAMPLE);
    process::run(
        Command::new(python)
            .current_dir(workspace.root.join("testbed").join("aws"))
            // No compiled files in the source.
            .args(["-B", "shapes.py"])
            .arg(program)
            .args(seed.map(|seed| seed.to_string())),
    )
}
