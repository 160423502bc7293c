//! AWS's own clients, boto3 and the `aws` program, against the endpoint as `ringwall serve` has it, alone and behind a real
//! control plane.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::Workspace;

/// What the suite makes its issuer's certificate with.
const OPENSSL: &str = "openssl";

/// Whether the suite can run.
///
/// # Errors
///
/// If there is nothing to make a certificate with.
pub(crate) fn can_run() -> Result<()> {
    process::probe(OPENSSL, &["version"]).context("there is no `openssl` on this machine")?;
    Ok(())
}

/// Builds the server and has `testbed/aws/suite.py` ask it.
pub(crate) fn run(workspace: &Workspace, python: &Path) -> Result<()> {
    suite(workspace, python, "aws", &[])
}

/// Builds the server and has `testbed/plugs/suite.py` put every plug of it into a real control plane; whoever has
/// aws-iam-authenticator as credential plugin gets in as well.
pub(crate) fn plug_in(
    workspace: &Workspace,
    python: &Path,
    testbed: &Path,
    authenticator: &Path,
) -> Result<()> {
    suite(workspace, python, "plugs", &[testbed, authenticator])
}

/// Builds the server, and returns its program.
pub(crate) fn server(workspace: &Workspace) -> Result<PathBuf> {
    let mut cargo = process::cargo();
    process::run(cargo.current_dir(&workspace.root).args(["build", "--locked", "--package", "ringwall"]))?;
    Ok(workspace.target().join("debug").join("ringwall"))
}

/// Builds the server and has `suite.py` of a folder of the testbed run it.
pub(crate) fn suite(workspace: &Workspace, python: &Path, folder: &str, arguments: &[&Path]) -> Result<()> {
    script(workspace, python, &format!("{folder}/suite.py"), arguments)
}

/// Runs a script of the testbed against the binary, in the script's own folder.
pub(crate) fn script(workspace: &Workspace, python: &Path, path: &str, arguments: &[&Path]) -> Result<()> {
    let server = server(workspace)?;
    let path = workspace.root.join("testbed").join(path);
    let folder = path.parent().unwrap_or(&workspace.root);
    process::run(
        Command::new(python)
            .current_dir(folder)
            // No compiled files in the source.
            .arg("-B")
            .arg(&path)
            .arg(server)
            .args(arguments),
    )
}
