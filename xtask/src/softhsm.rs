//! SoftHSM, a PKCS#11 token in software: root keys in a token are tested with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::Workspace;

/// Tells the tests where the module is.
pub(crate) const MODULE_VARIABLE: &str = "RINGWALL_SOFTHSM";

/// SoftHSM's own, which names its settings.
const SETTINGS_VARIABLE: &str = "SOFTHSM2_CONF";

const DEBIAN_PACKAGES: [&str; 1] = ["softhsm2"];

/// Where Debian, Fedora, a build from source and Homebrew put it.
const MODULES: [&str; 4] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
];

/// The module; on Debian, as root, it is installed when there is none.
pub(crate) fn find_or_install() -> Result<PathBuf> {
    if let Some(module) = find() {
        return Ok(module);
    }
    process::install_packages(&DEBIAN_PACKAGES)?;
    find().with_context(|| format!("SoftHSM is at none of {}", MODULES.join(", ")))
}

/// Lets the command use the module, with no tokens from earlier runs.
pub(crate) fn equip(command: &mut Command, workspace: &Workspace, module: &Path) -> Result<()> {
    let folder = workspace.target().join("softhsm");
    let tokens = folder.join("tokens");
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("`{}` could not be removed", folder.display()))?;
    }
    fs::create_dir_all(&tokens).with_context(|| format!("`{}` could not be made", tokens.display()))?;
    let settings = folder.join("softhsm2.conf");
    let lines = format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display());
    fs::write(&settings, lines).with_context(|| format!("`{}` could not be written", settings.display()))?;
    command.env(MODULE_VARIABLE, module).env(SETTINGS_VARIABLE, settings);
    Ok(())
}

fn find() -> Option<PathBuf> {
    MODULES.into_iter().map(PathBuf::from).find(|module| module.is_file())
}
