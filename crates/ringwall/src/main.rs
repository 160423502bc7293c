//! `ringwall`: who can get into a Kubernetes cluster, what they can do there, and the proof.
//!
//! This crate parses the command line, reads the snapshot, asks the engines and prints their answers. It
//! decides nothing itself.

mod cli;
mod commands;
mod config;
mod error;
mod installation;
mod question;
mod render;
mod serve;
mod session;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;
use crate::error::Exit;

/// The system's allocator costs the AWS endpoint a sixth of a request's time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // A container runtime calls the CNI plugin by its name, and says in the environment what it wants.
    if commands::is_cni_plugin() {
        return ExitCode::from(commands::cni_plugin());
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return error::usage(&error).into(),
    };
    cli.colour.apply();
    commands::run(cli.command).unwrap_or_else(|failure| error::print(&failure)).into()
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
