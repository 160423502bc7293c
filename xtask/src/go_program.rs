//! Programs of others that are built from their Go modules, each pinned by version and sum.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::workspace::Workspace;
use crate::{go, process, testbed};

/// A program of a Go module.
pub(crate) struct GoProgram {
    /// Its name, and its folder's in the target folder.
    pub(crate) name: &'static str,
    pub(crate) module: &'static str,
    pub(crate) version: &'static str,
    /// Of the module's content, as go.sum files have it.
    pub(crate) sum: &'static str,
    /// Its package, from the root of the module.
    pub(crate) package: &'static str,
}

/// aws-iam-authenticator, the token webhook that EKS itself runs: what ours is measured next to.
pub(crate) const IAM_AUTHENTICATOR: GoProgram = GoProgram {
    name: "aws-iam-authenticator",
    module: "sigs.k8s.io/aws-iam-authenticator",
    version: "v0.7.18",
    sum: "h1:R4zWWCSCdBLDfiqDFI8/oPWNamhjMNPi0+GXBQx2n5c=",
    package: "./cmd/aws-iam-authenticator",
};

/// Helm, which installs and upgrades what a benign day consists of.
pub(crate) const HELM: GoProgram = GoProgram {
    name: "helm",
    module: "helm.sh/helm/v4",
    version: "v4.3.1",
    sum: "h1:UndCoLe9UPmNoL7IvWzaUXveL7T5t/ijoorEmgJdI9g=",
    package: "./cmd/helm",
};

/// A NATS that syncs what it stores before it acknowledges it, if told so: Debian's is older than that.
pub(crate) const NATS_SERVER: GoProgram = GoProgram {
    name: "nats-server",
    module: "github.com/nats-io/nats-server/v2",
    version: "v2.15.3",
    sum: "h1:IgHIKL4DYN9mEfwtPcdM39muvXG8v9FBADQn0f4Whs0=",
    package: ".",
};

/// OCI's own suite of conformance tests for registries.
pub(crate) const OCI_CONFORMANCE: GoProgram = GoProgram {
    name: "oci-conformance",
    module: "github.com/opencontainers/distribution-spec/conformance",
    version: "v0.0.0-20260831232431-97274622c111",
    sum: "h1:ppZPU0CrEPzyJhVggYwUIZrqh0w2lIT0esw+9ABNPA4=",
    package: ".",
};

/// What `go mod download -json` tells.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Downloaded {
    dir: PathBuf,
    sum: String,
}

impl GoProgram {
    /// Builds it into the target folder, and returns its path.
    ///
    /// Not by `go install`, which takes no module that replaces others: its own go.mod and go.sum count.
    pub(crate) fn build(&self, workspace: &Workspace) -> Result<PathBuf> {
        let Self { name, module, version, .. } = self;
        let folder = workspace.target().join(name);
        let program = folder.join(name);
        fs::create_dir_all(&folder).with_context(|| format!("`{}` could not be made", folder.display()))?;
        let tool = testbed::find_go(workspace)?;
        let mut download = go::command(&tool, &folder);
        download.args(["mod", "download", "-json", &format!("{module}@{version}")]).stdout(Stdio::piped());
        let told = process::output(&mut download)
            .with_context(|| format!("{module} could not be downloaded (hint: this needs the network)"))?;
        let downloaded: Downloaded =
            serde_json::from_slice(&told).context("what Go tells of the module can't be read")?;
        if downloaded.sum != self.sum {
            bail!("{module} {version} is another one than was pinned: {}", downloaded.sum);
        }
        eprintln!("building {module} {version} (a few minutes the first time)");
        let mut build = go::command(&tool, &downloaded.dir);
        build.args(["build", "-trimpath", "-mod=readonly", "-ldflags=-s -w", "-o"]).arg(&program);
        process::run(build.arg(self.package))?;
        Ok(program)
    }
}
