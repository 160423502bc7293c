//! `ringwall reach`: what reaches what, and because of what.

mod ask;
mod batch;
mod graph;
mod judged;
mod line;
mod pairs;

use crate::cli::Reach;
use crate::error::{Exit, Failure};

/// Answers one question, many, or tells of all pairs.
pub(super) fn run(args: &Reach) -> Result<Exit, Failure> {
    let args = &args.question;
    match (&args.batch, &args.from, &args.to) {
        (Some(questions), ..) => batch::run(&args.folder, questions),
        (None, Some(from), Some(to)) => ask::run(args, from, to),
        (None, ..) => pairs::run(args),
    }
}
