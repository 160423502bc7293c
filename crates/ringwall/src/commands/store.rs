//! `store`: backup and restore.

use std::io::Write as _;

use ringwall_store::BackupSummary;

use super::asynchronously;
use crate::cli::{StoreCommand, StoreFile};
use crate::config;
use crate::error::{Exit, Failure};
use crate::installation::{create_store, open_store};
use crate::session::remark;

/// Runs a command of the group.
pub(super) fn run(command: &StoreCommand) -> Result<Exit, Failure> {
    ringwall_server::harden()?;
    match command {
        StoreCommand::Backup(args) => backup(args),
        StoreCommand::Restore(args) => restore(args),
    }
}

fn backup(args: &StoreFile) -> Result<Exit, Failure> {
    let settings = config::load(&args.flags.0).map_err(Failure::Settings)?.settings;
    let summary = asynchronously(async {
        let store = open_store(&settings).await?;
        let summary = store.backup(&args.file).await?;
        store.close().await;
        Ok::<_, Failure>(summary)
    })?;
    tell("backed up to", args, summary)?;
    remark(&format!(
        "the root key is not in it, and without that it opens nothing: keep {} as well. The trail is in files of its own, \
         in {}",
        settings.root_key.value,
        settings.trail_folder.value.display()
    ))?;
    Ok(Exit::Fine)
}

fn restore(args: &StoreFile) -> Result<Exit, Failure> {
    let settings = config::load(&args.flags.0).map_err(Failure::Settings)?.settings;
    let summary = asynchronously(async {
        let store = create_store(&settings).await?;
        let summary = store.restore(&args.file).await?;
        store.close().await;
        Ok::<_, Failure>(summary)
    })?;
    tell("restored from", args, summary)?;
    remark("it opens with the root key of the installation that it was made of")?;
    Ok(Exit::Fine)
}

fn tell(what: &str, args: &StoreFile, summary: BackupSummary) -> Result<(), Failure> {
    let BackupSummary { records, generation, .. } = summary;
    let file = args.file.display();
    writeln!(anstream::stdout(), "{records} records, generation {generation}, {what} {file}")?;
    Ok(())
}
