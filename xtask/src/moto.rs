//! moto's server, which emulates AWS and decides nothing: what the endpoint's benchmark is measured next to.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::python;
use crate::workspace::Workspace;

/// The pinned packages, from the root of the repository.
const REQUIREMENTS: &str = "testbed/aws/requirements-moto.txt";

/// Installs moto from PyPI into the target folder, where the benchmark looks for it, and returns its program.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target().join("moto");
    python::environment(&folder).context("no Python with `venv` on this machine")?;
    let wanted = workspace.root.join(REQUIREMENTS);
    python::install(&folder, &["--requirement", &wanted.to_string_lossy()])
        .context("moto could not be installed from PyPI (hint: this needs the network)")?;
    Ok(folder.join("bin").join("moto_server"))
}
