//! `ringwall scan`: packages, their versions, and what is known against them.

mod compare;

use crate::cli::{Scan, ScanCommand};
use crate::error::{Exit, Failure};

/// Runs a command of the group, or the scan itself.
pub(super) fn run(args: &Scan) -> Result<Exit, Failure> {
    match &args.command {
        Some(ScanCommand::Compare(args)) => compare::run(args),
        None => Err(Failure::misuse("there is nothing to do")),
    }
}
