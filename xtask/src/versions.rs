//! The ecosystems' own programs, which tell of made-up versions which is newer.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{process, python};

/// The scripts, from the root of the repository.
const SCRIPTS: &str = "testbed/versions";

/// npm's own order of versions.
const SEMVER: &str = "semver@7.8.6";

/// What the script is run with.
pub(crate) struct Peers {
    folder: PathBuf,
}

/// Installs Python's and npm's orders into the target folder; the other programs are the machine's, or passed over.
///
/// # Errors
///
/// If there is no Python, or no network.
pub(crate) fn build(workspace: &Workspace) -> Result<Peers> {
    let folder = workspace.target().join("versions");
    python::environment(&folder).context("no Python with `venv` on this machine")?;
    let wanted = workspace.root.join(SCRIPTS).join("requirements.txt");
    python::install(&folder, &["--requirement", &wanted.to_string_lossy()])
        .context("`packaging` could not be installed from PyPI (hint: this needs the network)")?;
    if process::probe("npm", &["--version"]).is_some() {
        let prefix = folder.to_string_lossy();
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-save", "--prefix", &prefix, SEMVER]).stdout(std::io::stderr());
        process::run(&mut npm).context("npm's `semver` could not be installed")?;
    }
    Ok(Peers { folder })
}

/// Compares what all programs say with what Ringwall says.
pub(crate) fn compare(workspace: &Workspace, ringwall: &Path, peers: &Peers, seed: u64) -> Result<()> {
    let script = workspace.root.join(SCRIPTS).join("peers.py");
    let mut check = Command::new(python::interpreter(&peers.folder));
    check.arg(script).arg("check").arg(ringwall).args(["--pairs", "1000", "--seed", &seed.to_string()]);
    check.env("NODE_PATH", peers.folder.join("node_modules"));
    process::run(&mut check)
}
