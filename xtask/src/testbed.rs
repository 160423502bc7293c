//! The testbed: a Go program around a real kube-apiserver and etcd, built once for each state of its source.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::go::{self, Version};
use crate::process;
use crate::workspace::{Workspace, read};

/// The program for the source as it is now, whether it is built yet or not.
pub(crate) fn program(workspace: &Workspace) -> Result<PathBuf> {
    let hash = hash(&sources(&source_folder(workspace))?)?;
    Ok(workspace.target().join("testbed").join(hash).join("testbed"))
}

/// Builds the program unless it is there already.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf> {
    let program = program(workspace)?;
    if !program.is_file() {
        build_with(workspace, &find_go(workspace)?, &program)?;
    }
    Ok(program)
}

/// The tool chain to build with; on a machine without one, this is what cannot be had.
pub(crate) fn find_go(workspace: &Workspace) -> Result<PathBuf> {
    let wanted = Version::of_module(&read(&source_folder(workspace).join("go.mod"))?)?;
    go::find_or_install(wanted, &workspace.target().join("tools"))
}

fn build_with(workspace: &Workspace, go: &Path, program: &Path) -> Result<()> {
    eprintln!("building the testbed with {} (a few minutes the first time)", go.display());
    let folder = program.parent().context("the testbed's program has no folder")?;
    fs::create_dir_all(folder).with_context(|| format!("`{}` could not be made", folder.display()))?;
    let unfinished = program.with_extension("unfinished");
    let mut build = go_command(workspace, go);
    build
        .args(["build", "-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags=-s -w", "-o"])
        .arg(&unfinished)
        .arg(".");
    process::run(&mut build).context(
        "the testbed could not be built (hint: the first build fetches Go modules from the network)",
    )?;
    // Only a finished build gets the name that the cache looks for.
    fs::rename(&unfinished, program)
        .with_context(|| format!("`{}` could not be put in place", program.display()))
}

/// Runs the program's own tests, with the settings of the build so that its compiled packages serve again.
pub(crate) fn test(workspace: &Workspace) -> Result<()> {
    let go = find_go(workspace)?;
    process::run(go_command(workspace, &go).args(["test", "-trimpath", "-mod=readonly", "-vet=off", "./..."]))
}

fn go_command(workspace: &Workspace, go: &Path) -> Command {
    go::command(go, &source_folder(workspace))
}

fn source_folder(workspace: &Workspace) -> PathBuf {
    workspace.root.join("testbed")
}

/// `go.mod`, `go.sum` and every Go file, at any depth, in the order of their paths; a folder with a `go.mod` of its own is
/// another module.
fn sources(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        let entries =
            fs::read_dir(&current).with_context(|| format!("`{}` could not be listed", current.display()))?;
        for entry in entries {
            let path = entry?.path();
            let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            if path.is_dir() {
                if !path.join("go.mod").is_file() {
                    folders.push(path);
                }
            } else if name.ends_with(".go") || matches!(name.as_str(), "go.mod" | "go.sum") {
                found.push((name, path));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A name for this state of the source. It tells builds apart and protects nothing, so the standard hash does.
fn hash(sources: &[(String, PathBuf)]) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for (name, path) in sources {
        (name, read(path)?).hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}
