//! Python's virtual environments: how packages from PyPI come into the target folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::process;

/// What a bare Debian lacks: a Python that makes virtual environments, and the root certificates.
const DEBIAN_PACKAGES: [&str; 2] = ["python3-venv", "ca-certificates"];

/// A new environment in the folder; on Debian, as root, Python is installed when there is none.
pub(crate) fn environment(folder: &Path) -> Result<()> {
    if let Err(error) = make(folder) {
        eprintln!("{error:#}: installing {}", DEBIAN_PACKAGES.join(", "));
        process::install_packages(&DEBIAN_PACKAGES)?;
        make(folder)?;
    }
    Ok(())
}

/// The environment's own Python.
pub(crate) fn interpreter(folder: &Path) -> PathBuf {
    folder.join("bin").join("python")
}

/// Installs into the environment what the arguments of `pip install` name.
pub(crate) fn install(folder: &Path, arguments: &[&str]) -> Result<()> {
    process::run(
        Command::new(interpreter(folder))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(arguments)
            .stdout(std::io::stderr()),
    )
}

fn make(folder: &Path) -> Result<()> {
    process::run(
        Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder).stdout(std::io::stderr()),
    )
}
