//! `kms keyring`: keys in a file, for the plugin.

use std::io::Write as _;
use std::path::absolute;

use ringwall_kms::KeyringFile;

use crate::cli::{KeyringCommand, KeyringPlace};
use crate::error::{Exit, Failure};

/// Runs a command of the group.
pub(super) fn run(command: &KeyringCommand) -> Result<Exit, Failure> {
    ringwall_server::harden()?;
    let mut out = anstream::stdout().lock();
    match command {
        KeyringCommand::Create(place) => {
            let file = file(place)?;
            let key = file.create()?;
            writeln!(out, "{}  key {}, sealed under {}", file.path().display(), key.id, place.root_key)?;
            writeln!(out)?;
            writeln!(
                out,
                "Copy the file and the root key to a safe place now, apart from each other. Whoever has both can read the"
            )?;
            writeln!(
                out,
                "cluster's Secrets in etcd or a backup of it; if either is lost, nobody can, and the cluster does not start."
            )?;
        }
        KeyringCommand::List(place) => {
            let (name, keys) = file(place)?.list()?;
            for key in keys {
                writeln!(out, "{name}#{}{}", key.id, if key.current { "  seals" } else { "" })?;
            }
        }
        KeyringCommand::Rotate(place) => {
            writeln!(out, "{}  seals from now on", file(place)?.rotate()?.id)?;
            writeln!(out)?;
            writeln!(out, "Copy the file again. What the older keys sealed opens as before.")?;
        }
        KeyringCommand::Add(place) => {
            let id = file(place)?.add()?.id;
            writeln!(out, "{id}  does not seal yet")?;
            writeln!(out)?;
            writeln!(
                out,
                "Copy the file to all control plane nodes, then on each: ringwall kms keyring use … {id}"
            )?;
        }
        KeyringCommand::Use { place, id } => {
            file(place)?.seal_with(id)?;
            writeln!(out, "{id}  seals from now on")?;
        }
        KeyringCommand::Retire { place, id } => {
            file(place)?.retire(id)?;
            writeln!(out, "{id}  is gone")?;
        }
    }
    Ok(Exit::Fine)
}

fn file(place: &KeyringPlace) -> Result<KeyringFile, Failure> {
    Ok(KeyringFile::new(absolute(&place.file)?, place.root_key.clone()))
}
