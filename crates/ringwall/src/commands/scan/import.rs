//! `scan --db import`: exports of OSV into the file of advisories.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ringwall_advisories::Imported;

use crate::config;
use crate::error::{Exit, Failure};
use crate::render::style;

/// Exports below this, in bytes, are read before a progress bar could be.
const WORTH_A_BAR: u64 = 8 << 20;

/// Problems that are printed in full; the rest is counted.
const PROBLEMS_SHOWN: usize = 20;

/// The file of advisories: the one that is named, else the user's own.
pub(super) fn place(named: Option<&Path>) -> Result<PathBuf, Failure> {
    let own = || config::data_folder().map(|folder| folder.join("advisories.db"));
    named.map(Path::to_owned).or_else(own).ok_or_else(|| {
        Failure::misuse_hint("there is no home folder for the file of advisories", "name it with --database")
    })
}

/// Reads exports into a new file, which replaces the one that there is.
pub(super) fn run(inputs: &[PathBuf], named: Option<&Path>) -> Result<Exit, Failure> {
    let path = place(named)?;
    if let (None, Some(folder)) = (named, path.parent()) {
        std::fs::create_dir_all(folder).map_err(Failure::make(folder))?;
    }
    // indicatif draws on standard error, and only if that is a terminal.
    let bar = ProgressBar::hidden().with_style(
        ProgressStyle::with_template("importing {bar:30} {bytes} of {total_bytes}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let imported = ringwall_advisories::import(inputs, &path, &mut |progress| {
        if progress.total < WORTH_A_BAR {
            return;
        }
        if bar.length().is_none() {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.set_length(progress.total);
        }
        bar.set_position(progress.done);
    });
    bar.finish_and_clear();
    let imported = imported?;
    print_problems(&imported)?;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{} records of {} ecosystems, the youngest of {}, are in {}",
        imported.records,
        imported.ecosystems,
        imported.as_of,
        path.display()
    )?;
    Ok(if imported.not_taken > 0 { Exit::Incomplete } else { Exit::Fine })
}

fn print_problems(imported: &Imported) -> io::Result<()> {
    let mut err = anstream::stderr().lock();
    for problem in imported.problems.iter().take(PROBLEMS_SHOWN) {
        writeln!(err, "{} `{}`: {}", style::paint(style::WARNING, "warning:"), problem.name, problem.why)?;
    }
    let shown = imported.problems.len().min(PROBLEMS_SHOWN) as u64;
    match imported.not_taken.saturating_sub(shown) {
        0 => Ok(()),
        more => writeln!(err, "… and {more} more were not taken"),
    }
}
