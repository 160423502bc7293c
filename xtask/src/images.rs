//! Syft, a reader of images that shares no code with ours: the packages of the same layouts are compared.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{process, python};

/// The pinned package, from the root of the repository.
const REQUIREMENTS: &str = "testbed/images/requirements.txt";

/// The machine's: the scripts need nothing but the standard library.
const PYTHON: &str = "python3";

/// Installs Syft from PyPI into the target folder, and returns its program.
///
/// # Errors
///
/// If there is no Python, no network, or nothing to take Debian's packages apart.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf> {
    process::probe("dpkg-deb", &["--version"]).context("there is no `dpkg-deb` on this machine")?;
    let folder = workspace.target().join("syft");
    python::environment(&folder).context("no Python with `venv` on this machine")?;
    let wanted = workspace.root.join(REQUIREMENTS);
    python::install(&folder, &["--requirement", &wanted.to_string_lossy()])
        .context("Syft could not be installed from PyPI (hint: this needs the network)")?;
    Ok(folder.join("bin").join("syft"))
}

/// Makes images of Debian's packages and lock files, and compares what both find.
pub(crate) fn compare(
    workspace: &Workspace,
    ringwall: &std::path::Path,
    syft: &std::path::Path,
) -> Result<()> {
    let scripts = workspace.root.join("testbed").join("images");
    let images = workspace.target().join("images");
    process::run(Command::new(PYTHON).arg(scripts.join("make.py")).arg(&images))
        .context("the images could not be made (hint: apt has to reach Debian's packages)")?;
    process::run(Command::new(PYTHON).arg(scripts.join("compare.py")).args([ringwall, syft, &images]))
}
