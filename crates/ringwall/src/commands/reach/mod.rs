//! `ringwall reach`: what reaches what, and because of what.

mod ask;
mod batch;
mod diff;
mod exposure;
mod graph;
mod judged;
mod line;
mod pairs;
mod suggest;

use crate::cli::{Reach, ReachCommand};
use crate::error::{Exit, Failure};

/// Answers one question, many, or tells of all pairs.
pub(super) fn run(args: &Reach) -> Result<Exit, Failure> {
    let args = match (&args.command, &args.question) {
        (Some(ReachCommand::Diff(args)), _) => return diff::run(args),
        (Some(ReachCommand::Suggest(args)), _) => return suggest::run(args),
        (None, Some(args)) => args,
        (None, None) => return Err(Failure::misuse("SNAPSHOT is needed")),
    };
    match (&args.batch, &args.from, &args.to) {
        (Some(questions), ..) => batch::run(&args.folder, questions),
        (None, Some(from), Some(to)) => ask::run(args, from, to),
        (None, ..) if args.exposure => exposure::run(args),
        (None, ..) => pairs::run(args),
    }
}
