//! aws-iam-authenticator, the token webhook that EKS itself runs: what ours is measured next to.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::workspace::Workspace;
use crate::{go, process, testbed};

const MODULE: &str = "sigs.k8s.io/aws-iam-authenticator";
const VERSION: &str = "v0.7.18";
/// Of the module's content, as go.sum files have it.
const SUM: &str = "h1:R4zWWCSCdBLDfiqDFI8/oPWNamhjMNPi0+GXBQx2n5c=";

/// What `go mod download -json` tells.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Downloaded {
    dir: PathBuf,
    sum: String,
}

/// Builds it from its Go module into the target folder, where the benchmark looks for it, and returns its program.
///
/// Not by `go install`, which takes no module that replaces others: its own go.mod and go.sum count.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target().join("iam-authenticator");
    let program = folder.join("aws-iam-authenticator");
    fs::create_dir_all(&folder).with_context(|| format!("`{}` could not be made", folder.display()))?;
    let tool = testbed::find_go(workspace)?;
    let mut download = go::command(&tool, &folder);
    download.args(["mod", "download", "-json", &format!("{MODULE}@{VERSION}")]).stdout(Stdio::piped());
    let told = process::output(&mut download)
        .with_context(|| format!("{MODULE} could not be downloaded (hint: this needs the network)"))?;
    let module: Downloaded =
        serde_json::from_slice(&told).context("what Go tells of the module can't be read")?;
    if module.sum != SUM {
        bail!("{MODULE} {VERSION} is another one than was pinned: {}", module.sum);
    }
    eprintln!("building {MODULE} {VERSION} (a few minutes the first time)");
    let mut build = go::command(&tool, &module.dir);
    build.args(["build", "-trimpath", "-mod=readonly", "-ldflags=-s -w", "-o"]).arg(&program);
    process::run(build.arg("./cmd/aws-iam-authenticator"))?;
    Ok(program)
}
