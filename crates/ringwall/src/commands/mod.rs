//! One module a command: read, ask, print.

mod assess;
mod batch;
mod can;
mod iam;
mod lines;
mod manual;
mod who_can;

pub(crate) use assess::{Entrant, Report};

use crate::cli::Command;
use crate::error::{Exit, Failure};

/// Runs a command to its exit status.
pub(crate) fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Assess(args) => assess::run(&args),
        Command::Can(args) => match &args.batch {
            Some(questions) => batch::run(&args.snapshot.folder, questions),
            None => can::run(&args),
        },
        Command::WhoCan(args) => who_can::run(&args),
        Command::Iam(args) => iam::run(&args.command),
        Command::Completions(args) => manual::completions(&args),
        Command::Man(args) => manual::pages(&args),
    }
}
