//! `root-key`: another root key for what is kept.

use std::io::Write as _;

use super::asynchronously;
use crate::cli::RootKeyCommand;
use crate::config;
use crate::error::{Exit, Failure};
use crate::installation::{RootKeyWas, change_root_key};

/// Runs a command of the group.
pub(super) fn run(command: &RootKeyCommand) -> Result<Exit, Failure> {
    ringwall_server::harden()?;
    let RootKeyCommand::Change { to, flags } = command;
    let settings = config::load(&flags.0).map_err(Failure::Settings)?.settings;
    let was = asynchronously(change_root_key(&settings, to))?;
    let mut out = anstream::stdout().lock();
    let new = if was == RootKeyWas::Made { " (new)" } else { "" };
    writeln!(out, "the keyring is sealed under {to}{new}; {} opens it no more", settings.root_key.value)?;
    writeln!(out)?;
    writeln!(
        out,
        "Set root-key to it before the server starts next, and keep a copy of it in a safe place. Backups that were"
    )?;
    writeln!(out, "made before still need the old one.")?;
    Ok(Exit::Fine)
}
