//! `identity`: AWS identities for pods.

mod mutate;
mod publish;

use crate::cli::IdentityCommand;
use crate::error::{Exit, Failure};

/// Runs a command of the group.
pub(super) fn run(command: &IdentityCommand) -> Result<Exit, Failure> {
    match command {
        IdentityCommand::Mutate(args) => mutate::run(args),
        IdentityCommand::Publish(args) => publish::run(args),
    }
}
