//! What cargo builds for the tests of the whole workspace, by name, to be run without asking cargo again.
//!
//! A build of one package has other features of what it depends on than a build of all: what they share would be compiled once for each
//! such choice. So everything is built once, and each step runs what it needs of that.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process;
use crate::suite::{SEED_VARIABLE, cargo_test};
use crate::workspace::Workspace;

/// Programs of the workspace: tests, binaries, examples.
pub(crate) struct Built {
    programs: Vec<Program>,
    seed: Option<u64>,
}

struct Program {
    /// Folder of its package, which cargo runs tests in.
    folder: PathBuf,
    package: String,
    target: String,
    executable: PathBuf,
}

impl Built {
    /// Builds all of them.
    pub(crate) fn all(workspace: &Workspace, seed: Option<u64>) -> Result<Self> {
        let mut command = cargo_test(workspace, seed);
        command.args(["--workspace", "--no-run", "--message-format", "json-render-diagnostics"]);
        let told = process::output(&mut command)?;
        let told = String::from_utf8(told).context("cargo prints text")?;
        let programs = told.lines().filter_map(|line| program(workspace, line)).collect();
        Ok(Self { programs, seed })
    }

    /// The binary itself.
    pub(crate) fn ringwall(&self) -> Result<PathBuf> {
        Ok(self.find("ringwall", |program| program.target == "ringwall")?.executable.clone())
    }

    /// A package's example.
    pub(crate) fn example(&self, package: &str, name: &str) -> Result<PathBuf> {
        Ok(self.find(package, |program| program.target == name)?.executable.clone())
    }

    /// The integration tests of a package, in their folder.
    pub(crate) fn tests(&self, package: &str, target: &str) -> Result<Command> {
        let program = self.find(package, |program| program.target == target)?;
        let mut command = Command::new(&program.executable);
        command.current_dir(&program.folder).envs(self.seed.map(|seed| (SEED_VARIABLE, seed.to_string())));
        Ok(command)
    }

    fn find(&self, package: &str, is_it: impl Fn(&Program) -> bool) -> Result<&Program> {
        self.programs
            .iter()
            .find(|program| program.package == package && is_it(program))
            .with_context(|| format!("cargo built no such program of `{package}`"))
    }
}

/// Reads one of cargo's messages; `None` if it is not about a program of the workspace.
fn program(workspace: &Workspace, line: &str) -> Option<Program> {
    let artifact: Artifact = serde_json::from_str(line).ok()?;
    let executable = artifact.executable?;
    // Unit tests have the name of what they are within, and are run by cargo alone.
    let is_unit_test = artifact.profile.test && artifact.target.kind.iter().all(|kind| kind != "test");
    if is_unit_test {
        return None;
    }
    let package = workspace.metadata.members().find(|package| package.id == artifact.package_id)?;
    Some(Program {
        folder: package.manifest_path.parent().unwrap_or(Path::new(".")).to_owned(),
        package: package.name.clone(),
        target: artifact.target.name,
        executable,
    })
}

/// The part of cargo's message `compiler-artifact` that says what was built.
///
/// Source: The Cargo Book, *External tools*.
#[derive(Deserialize)]
struct Artifact {
    package_id: String,
    target: Target,
    profile: Profile,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}
