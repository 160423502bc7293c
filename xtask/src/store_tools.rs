//! What the store's tests need beside Rust: a server of PostgreSQL, and strace to see which calls the system gets.

use std::path::Path;

use anyhow::{Result, bail};

use crate::process;

/// Where Debian has the server's programs, a folder for each version.
const DEBIAN_VERSIONS: &str = "/usr/lib/postgresql";

/// Installs what is missing, where this is a Debian machine and we are its root.
pub(crate) fn install() -> Result<()> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    process::install_packages(&missing)?;
    match self::missing() {
        missing if missing.is_empty() => Ok(()),
        missing => bail!("installed, but not found: {}", missing.join(", ")),
    }
}

/// The packages of Debian that have what this machine lacks.
fn missing() -> Vec<&'static str> {
    let mut missing = Vec::new();
    if !has_server() {
        missing.push("postgresql");
    }
    if process::probe("strace", &["--version"]).is_none() {
        missing.push("strace");
    }
    missing
}

fn has_server() -> bool {
    let versions = std::fs::read_dir(DEBIAN_VERSIONS);
    versions.into_iter().flatten().flatten().any(|version| version.path().join("bin/initdb").is_file())
        || process::probe("pg_config", &["--bindir"])
            .is_some_and(|bin| Path::new(&bin).join("initdb").is_file())
}
