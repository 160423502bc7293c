//! `ringwall scan`: packages, their versions, and what is known against them.

mod compare;
mod import;
mod known;
mod read;
mod target;

use crate::cli::{DbAction, Scan, ScanCommand};
use crate::error::{Exit, Failure};

/// Runs a command of the group, or the scan itself.
pub(super) fn run(args: &Scan) -> Result<Exit, Failure> {
    match (&args.command, args.db, args.targets.as_slice()) {
        (Some(ScanCommand::Compare(args)), ..) => compare::run(args),
        (None, Some(DbAction::Import), files) => import::run(files, args.database.as_deref()),
        (None, None, [target]) => match target.to_str() {
            Some(target) => target::run(target, args),
            None => Err(Failure::misuse(format!("`{}` is not UTF-8", target.display()))),
        },
        (None, None, _) => {
            Err(Failure::misuse_hint("only one image, folder or SBOM is scanned at a time", "name one"))
        }
    }
}
