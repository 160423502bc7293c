//! DuckDB, a reader of Parquet and an engine for SQL that shares no code with ours.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::python;
use crate::workspace::Workspace;

/// The pinned package, from the root of the repository.
const REQUIREMENTS: &str = "testbed/lake/requirements.txt";

/// Installs DuckDB from PyPI into the target folder, and returns the Python that has it.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target().join("duckdb");
    python::environment(&folder).context("no Python with `venv` on this machine")?;
    let wanted = workspace.root.join(REQUIREMENTS);
    python::install(&folder, &["--requirement", &wanted.to_string_lossy()])
        .context("DuckDB could not be installed from PyPI (hint: this needs the network)")?;
    Ok(python::interpreter(&folder))
}
