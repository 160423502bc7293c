//! Independent IAM evaluators, set up under `target/iam-peers` to be asked beside Ringwall: `testbed/iam`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::go::{self, Version};
use crate::workspace::{Workspace, read};
use crate::{process, python};

/// Tells the peers' own tests and the end-to-end tests where the list of peers is.
pub(crate) const PEERS_VARIABLE: &str = "RINGWALL_IAM_PEERS";

/// The peers that are Python packages.
const PYTHON_PEERS: [&str; 3] = ["iamprover", "lambda-preflight", "moto"];

/// The peer that is measured and not compared.
const SPEED_PEER: &str = "iam-simulate";

/// What is copied beside the packages from npm: a program finds them from the folder that it is in.
const NODE_FILES: [&str; 4] = ["package.json", "package-lock.json", "pbac.js", "iam-simulate.js"];

/// How each peer is run, and which could not be had.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Peers {
    /// Program and arguments, by name: batch lines in, decisions out.
    pub(crate) peers: BTreeMap<String, Vec<String>>,
    /// The same for what is only measured; the number of rounds is one more argument.
    pub(crate) speed: BTreeMap<String, Vec<String>>,
    /// Why a peer is not there, by name.
    pub(crate) gaps: BTreeMap<String, String>,
}

impl Peers {
    pub(crate) fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self).context("the list of peers could not be written as JSON")
    }

    fn gap(&mut self, names: &[&str], error: &anyhow::Error) {
        self.gaps.extend(names.iter().map(|name| ((*name).to_owned(), format!("{error:#}"))));
    }
}

/// Sets up what is not there yet. A tool that the machine lacks is a gap; a build that breaks is a failure.
pub(crate) fn build(workspace: &Workspace) -> Result<Peers> {
    let places = Places::of(workspace);
    fs::create_dir_all(&places.built)
        .with_context(|| format!("`{}` could not be made", places.built.display()))?;
    let mut peers = Peers::default();
    if let Err(error) = node_and_npm() {
        peers.gap(&["pbac", SPEED_PEER], &error);
    } else {
        let folder = places.node()?;
        let command = |program: &str| vec!["node".to_owned(), text(&folder.join(program))];
        peers.peers.insert("pbac".to_owned(), command("pbac.js"));
        peers.speed.insert(SPEED_PEER.to_owned(), command("iam-simulate.js"));
    }
    match places.find_go(workspace) {
        Ok(go) => {
            peers.peers.insert("minio".to_owned(), vec![text(&places.minio(&go)?)]);
        }
        Err(error) => peers.gap(&["minio"], &error),
    }
    peers.peers.insert("iam-rs".to_owned(), vec![text(&places.iam_rs()?)]);
    peers.peers.extend(PYTHON_PEERS.map(|name| (name.to_owned(), Vec::new())));
    // The front is in Python, so that without it there is no peer at all.
    if let Err(error) = places.python_tools() {
        let names: Vec<String> = std::mem::take(&mut peers.peers).into_keys().collect();
        peers.gap(&names.iter().map(String::as_str).collect::<Vec<_>>(), &error);
        return Ok(peers);
    }
    places.python()?;
    for (name, command) in &mut peers.peers {
        command.splice(0..0, places.front(name));
    }
    Ok(peers)
}

/// Writes the list of peers where tests can read it.
pub(crate) fn write_list(workspace: &Workspace, peers: &Peers) -> Result<PathBuf> {
    let list = Places::of(workspace).built.join("peers.json");
    fs::write(&list, peers.to_json()?)
        .with_context(|| format!("`{}` could not be written", list.display()))?;
    Ok(list)
}

/// Runs the peers' own tests: that they answer as they are known to.
pub(crate) fn test(workspace: &Workspace, peers: &Peers) -> Result<()> {
    let places = Places::of(workspace);
    let list = write_list(workspace, peers)?;
    process::run(
        Command::new(python::interpreter(&places.environment()))
            .current_dir(&places.source)
            .args(["-B", "-m", "unittest"])
            .env(PEERS_VARIABLE, &list)
            .stdout(std::io::stderr()),
    )
}

/// Where the source is and where things are built.
struct Places {
    source: PathBuf,
    built: PathBuf,
}

impl Places {
    fn of(workspace: &Workspace) -> Self {
        Self {
            source: workspace.root.join("testbed").join("iam"),
            built: workspace.target().join("iam-peers"),
        }
    }

    fn environment(&self) -> PathBuf {
        self.built.join("python")
    }

    /// Python is there, or can be installed.
    fn python_tools(&self) -> Result<()> {
        let folder = self.environment();
        if process::probe(python::interpreter(&folder), &["--version"]).is_some() {
            return Ok(());
        }
        python::environment(&folder).context("no Python with `venv` on this machine")
    }

    /// The packages from PyPI, once for each state of the list.
    fn python(&self) -> Result<()> {
        let wanted = self.source.join("requirements.txt");
        let stamp = self.environment().join("requirements.txt");
        if same(&wanted, &stamp) {
            return Ok(());
        }
        eprintln!("installing the IAM peers from PyPI");
        let list = text(&wanted);
        python::install(&self.environment(), &["--only-binary=:all:", "--requirement", &list])
            .context("the IAM peers from PyPI could not be installed (hint: this needs the network)")?;
        copy(&wanted, &stamp)
    }

    /// The command of a peer up to what its own program adds.
    fn front(&self, name: &str) -> [String; 4] {
        let python = python::interpreter(&self.environment());
        // `-B`: no compiled files in the source.
        [text(&python), "-B".to_owned(), text(&self.source.join("peer.py")), name.to_owned()]
    }

    /// The packages from npm and the programs that use them.
    fn node(&self) -> Result<PathBuf> {
        let source = self.source.join("node");
        let folder = self.built.join("node");
        let stamp = folder.join("installed-lock.json");
        fs::create_dir_all(&folder).with_context(|| format!("`{}` could not be made", folder.display()))?;
        for name in NODE_FILES {
            copy(&source.join(name), &folder.join(name))?;
        }
        let lock = source.join("package-lock.json");
        if !same(&lock, &stamp) {
            eprintln!("installing the IAM peers from npm");
            process::run(
                Command::new("npm")
                    .current_dir(&folder)
                    // No script of a package runs.
                    .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
                    .stdout(std::io::stderr()),
            )
            .context("the IAM peers from npm could not be installed (hint: this needs the network)")?;
            copy(&lock, &stamp)?;
        }
        Ok(folder)
    }

    /// Cargo itself sees whether there is anything to build.
    fn iam_rs(&self) -> Result<PathBuf> {
        let target = self.built.join("iam-rs");
        process::run(
            process::cargo()
                .current_dir(&self.source)
                .args(["build", "--quiet", "--release", "--locked", "--manifest-path"])
                .arg(self.source.join("iam-rs").join("Cargo.toml"))
                .arg("--target-dir")
                .arg(&target)
                .stdout(std::io::stderr()),
        )
        .context("the IAM peer `iam-rs` could not be built")?;
        Ok(target.join("release").join("iam-rs-peer"))
    }

    fn find_go(&self, workspace: &Workspace) -> Result<PathBuf> {
        let wanted = Version::of_module(&read(&self.source.join("minio").join("go.mod"))?)?;
        go::find_or_install(wanted, &workspace.target().join("tools"))
    }

    /// Go itself sees whether there is anything to build.
    fn minio(&self, go: &Path) -> Result<PathBuf> {
        let program = self.built.join("minio");
        process::run(
            go::command(go, &self.source.join("minio"))
                .args(["build", "-trimpath", "-buildvcs=false", "-mod=readonly", "-o"])
                .arg(&program)
                .arg("."),
        )
        .context("the IAM peer `minio` could not be built (hint: the first build needs the network)")?;
        Ok(program)
    }
}

fn node_and_npm() -> Result<()> {
    for tool in ["node", "npm"] {
        process::probe(tool, &["--version"])
            .with_context(|| format!("no `{tool}` on this machine (hint: install Node.js with npm)"))?;
    }
    Ok(())
}

fn same(wanted: &Path, stamp: &Path) -> bool {
    read(stamp).is_ok_and(|found| read(wanted).is_ok_and(|wanted| wanted == found))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .with_context(|| format!("`{}` could not be copied to `{}`", from.display(), to.display()))?;
    Ok(())
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
