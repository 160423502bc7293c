//! What every command that reads a snapshot does first and last.

use std::io::{self, Write};
use std::path::Path;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ringwall_model::{Cluster, Level, Problem};
use ringwall_snapshot::{Options, Snapshot};

use crate::error::{Exit, Failure};
use crate::render::style;

/// Problems printed in full; the rest is counted, so that an answer stays in sight.
const PROBLEMS_SHOWN: usize = 20;

/// Snapshots below this, in bytes, are read before a progress bar could be.
const WORTH_A_BAR: u64 = 8 * 1024 * 1024;

/// Reads a snapshot, with a progress bar where someone is looking.
pub(crate) fn open(folder: &Path) -> Result<Snapshot, Failure> {
    // indicatif draws on standard error, and only if that is a terminal.
    let bar = ProgressBar::hidden().with_style(
        ProgressStyle::with_template("reading {bar:30} {bytes} of {total_bytes}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let report = |progress: ringwall_snapshot::Progress| {
        if progress.total < WORTH_A_BAR {
            return;
        }
        if bar.length().is_none() {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.set_length(progress.total);
        bar.set_position(progress.done);
    };
    let snapshot = ringwall_snapshot::read(folder, &Options { progress: Some(&report) })?;
    bar.finish_and_clear();
    Ok(snapshot)
}

/// Tells on standard error what could not be read.
pub(crate) fn print_problems(problems: &[Problem]) -> io::Result<()> {
    let mut err = anstream::stderr().lock();
    let mut sorted: Vec<&Problem> = problems.iter().collect();
    // What was lost comes first.
    sorted.sort_by_key(|problem| std::cmp::Reverse(problem.level));
    for problem in sorted.iter().take(PROBLEMS_SHOWN) {
        let label = match problem.level {
            Level::Error => style::paint(style::ERROR, "error:"),
            Level::Warning => style::paint(style::WARNING, "warning:"),
        };
        writeln!(err, "{label} {problem}")?;
        if let Some(hint) = &problem.hint {
            writeln!(err, "  {} {hint}", style::paint(style::HINT, "hint:"))?;
        }
    }
    if let Some(more) = sorted.len().checked_sub(PROBLEMS_SHOWN).filter(|more| *more > 0) {
        writeln!(err, "… and {more} more; `ringwall assess SNAPSHOT --output json` lists them all")?;
    }
    Ok(())
}

/// Prints a remark on the question.
pub(crate) fn remark(text: &str) -> io::Result<()> {
    writeln!(anstream::stderr(), "{} {text}", style::paint(style::WARNING, "note:"))
}

/// The exit status of an answered command: what could not be read outweighs the answer.
pub(crate) fn exit(answer: Exit, problems: &[Problem]) -> Exit {
    if problems.iter().any(|problem| problem.level == Level::Error) { Exit::Incomplete } else { answer }
}

/// The cluster's name for headings.
pub(crate) fn title(cluster: &Cluster, folder: &Path) -> String {
    match &cluster.info.name {
        Some(name) => name.to_string(),
        None => folder
            .file_name()
            .map_or_else(|| folder.display().to_string(), |name| name.to_string_lossy().into()),
    }
}
