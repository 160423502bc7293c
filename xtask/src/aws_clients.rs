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

/// Has `testbed/aws/suite.py` ask the server.
pub(crate) fn run(workspace: &Workspace, python: &Path, server: &Path) -> Result<()> {
    suite(workspace, python, "aws", &[server])
}

/// Has `testbed/plugs/suite.py` put every plug of the server into a real control plane; whoever has
/// aws-iam-authenticator as credential plugin gets in as well.
pub(crate) fn plug_in(
    workspace: &Workspace,
    python: &Path,
    server: &Path,
    testbed: &Path,
    authenticator: &Path,
) -> Result<()> {
    suite(workspace, python, "plugs", &[server, testbed, authenticator])
}

/// Builds the server alone, and returns its program.
pub(crate) fn server(workspace: &Workspace) -> Result<PathBuf> {
    let mut cargo = process::cargo();
    process::run(cargo.current_dir(&workspace.root).args(["build", "--locked", "--package", "ringwall"]))?;
    Ok(workspace.target().join("debug").join("ringwall"))
}

/// Has `suite.py` of a folder of the testbed run the server.
pub(crate) fn suite(workspace: &Workspace, python: &Path, folder: &str, arguments: &[&Path]) -> Result<()> {
    script(workspace, python, &format!("{folder}/suite.py"), arguments)
}

/// Runs a script of the testbed in the script's own folder.
pub(crate) fn script(workspace: &Workspace, python: &Path, path: &str, arguments: &[&Path]) -> Result<()> {
    let path = workspace.root.join("testbed").join(path);
    let folder = path.parent().unwrap_or(&workspace.root);
    process::run(
        Command::new(python)
            .current_dir(folder)
            // No compiled files in the source.
            .arg("-B")
            .arg(&path)
            .args(arguments),
    )
}
