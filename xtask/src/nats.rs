//! Servers of NATS, which replicas share their work through: Debian's, and a newer one.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process;

/// Tells the tests which server to start.
pub(crate) const SERVER_VARIABLE: &str = "RINGWALL_NATS_SERVER";

const DEBIAN_PACKAGES: [&str; 1] = ["nats-server"];

/// Debian has it where only root's path leads.
const USUAL_PLACES: [&str; 2] = ["nats-server", "/usr/sbin/nats-server"];

/// The machine's server; on Debian, as root, it is installed when there is none.
pub(crate) fn find_or_install() -> Result<PathBuf> {
    if let Some(server) = find() {
        return Ok(server);
    }
    process::install_packages(&DEBIAN_PACKAGES)?;
    find().context("nats-server was installed, but is not found")
}

fn find() -> Option<PathBuf> {
    let mut places = USUAL_PLACES.iter().map(Path::new);
    places.find(|server| process::probe(server, &["--version"]).is_some()).map(Path::to_owned)
}
