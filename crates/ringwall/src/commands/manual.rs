use std::fs;
use std::io::{self, Write as _};

use clap::CommandFactory as _;

use crate::cli::{Cli, Completions, Man};
use crate::error::{Exit, Failure};

/// Prints a completion script, made from the same definitions as the help.
pub(super) fn completions(args: &Completions) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "ringwall", &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(Exit::Fine)
}

/// Writes a manual page for the program and one for each command.
pub(super) fn pages(args: &Man) -> Result<Exit, Failure> {
    let unreadable = |source| Failure::Read { path: args.folder.display().to_string(), source };
    fs::create_dir_all(&args.folder).map_err(unreadable)?;
    clap_mangen::generate_to(Cli::command(), &args.folder).map_err(unreadable)?;
    Ok(Exit::Fine)
}
