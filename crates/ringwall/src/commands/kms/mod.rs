//! `kms`: a cluster's Secrets, sealed.

mod keyring;
mod serve;

use crate::cli::KmsCommand;
use crate::error::{Exit, Failure};

/// Runs a command of the group.
pub(super) fn run(command: &KmsCommand) -> Result<Exit, Failure> {
    match command {
        KmsCommand::Serve(args) => serve::run(args),
        KmsCommand::Keyring(args) => keyring::run(&args.command),
    }
}
