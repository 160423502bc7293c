//! `serve`: settings, then the server until it is told to end.

use anstream::stdout;

use crate::cli::Serve;
use crate::config;
use crate::error::{Exit, Failure};
use crate::serve;

/// Prints the settings, or serves.
pub(super) fn run(args: &Serve) -> Result<Exit, Failure> {
    let flags = &args.flags.0;
    let loaded = config::load(flags).map_err(Failure::Settings)?;
    if args.print_config {
        config::print(&mut stdout().lock(), &loaded)?;
        return Ok(Exit::Fine);
    }
    serve::run(flags, loaded)
}
