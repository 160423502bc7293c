//! `ringwall iam`: questions about AWS IAM alone.

mod eval;
mod lint;

pub(crate) use lint::{LintReport, Linted};

use crate::cli::IamCommand;
use crate::error::{Exit, Failure};

/// Runs a command of the group.
pub(super) fn run(command: &IamCommand) -> Result<Exit, Failure> {
    match command {
        IamCommand::Eval(args) => eval::run(args),
        IamCommand::Lint(args) => lint::run(args),
    }
}
