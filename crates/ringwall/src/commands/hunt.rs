//! `hunt`: the program that asks the lake, in this one's place.

use std::env;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::cli::Hunt;
use crate::error::{Exit, Failure};

/// The program.
const PROGRAM: &str = "ringwall-hunt";

/// Becomes the program that lies beside this one, else the one that `PATH` has; comes back if there is none.
pub(super) fn run(args: &Hunt) -> Result<Exit, Failure> {
    let beside = env::current_exe().ok().and_then(|here| Some(here.parent()?.join(PROGRAM)));
    let programs = beside.into_iter().filter(|program| program.is_file()).chain([PROGRAM.into()]);
    for program in programs {
        let error = Command::new(&program).args(&args.arguments).exec();
        if error.kind() != io::ErrorKind::NotFound {
            return Err(Failure::Read { path: program.display().to_string(), source: error });
        }
    }
    Err(Failure::misuse_hint(
        format!("`{PROGRAM}` is neither beside this program nor in PATH"),
        "build it with `cargo build --release -p ringwall-hunt`",
    ))
}
