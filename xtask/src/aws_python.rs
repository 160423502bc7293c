//! Python with AWS's own client library, in the versions that `testbed/aws/requirements.txt` pins: what the API models
//! are taken from, and what the endpoint is tested with.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::process;
use crate::python;
use crate::workspace::{Workspace, read};

/// The pinned packages, from the root of the repository.
const REQUIREMENTS: &str = "testbed/aws/requirements.txt";

/// The interpreter of an environment with all of them; what is not there yet is installed.
pub(crate) fn interpreter(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target().join("aws-python");
    let interpreter = python::interpreter(&folder);
    let wanted = workspace.root.join(REQUIREMENTS);
    let stamp = folder.join("requirements.txt");
    let list = read(&wanted)?;
    if process::probe(&interpreter, &["--version"]).is_some() && read(&stamp).is_ok_and(|found| found == list)
    {
        return Ok(interpreter);
    }
    python::environment(&folder).context("no Python with `venv` on this machine")?;
    eprintln!("installing AWS's client library from PyPI");
    python::install(&folder, &["--only-binary=:all:", "--requirement", &wanted.to_string_lossy()])
        .context("the packages from PyPI could not be installed (hint: this needs the network)")?;
    fs::write(&stamp, list).with_context(|| format!("`{}` could not be written", stamp.display()))?;
    Ok(interpreter)
}
