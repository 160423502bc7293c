//! Logs into the engine, and what became of them.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ringwall_detect::finding::Place;
use ringwall_detect::{Counts, audit, cloudtrail};
use ringwall_logs::{ControlPlaneLog, End, Entry, EntryKind, Found, NotFound, Tally};

use crate::error::Failure;
use crate::render::style;

/// Logs below this, in bytes, are read before a progress bar could be.
const WORTH_A_BAR: u64 = 8 << 20;

/// Files whose problems are printed in full; the rest is counted, so that the findings stay in sight.
const FILES_SHOWN: usize = 20;

/// The files of what a command line names.
pub(super) fn find(named: &[PathBuf]) -> Result<Found, Failure> {
    let found = ringwall_logs::find(named);
    match (found.files.as_slice(), found.problems.first()) {
        ([], Some(problem)) => {
            Err(Failure::misuse_hint(format!("`{}`: {}", problem.name, problem.why), problem.hint))
        }
        _ => Ok(found),
    }
}

/// What looks at events.
pub(super) trait Look {
    /// Looks at an event of the audit log, and its text.
    fn audit(&mut self, event: &audit::Event<'_>, json: &str, place: &Place);
    /// Looks at a record of CloudTrail, and its text.
    fn cloudtrail(&mut self, record: &cloudtrail::Record<'_>, json: &str, place: &Place);
}

/// What was read so far.
#[derive(Default)]
pub(super) struct Input {
    tallies: Vec<Tally>,
    events: u64,
}

impl Input {
    /// Reads all files, with a progress bar where someone is looking.
    pub(super) fn read(found: &Found, look: &mut dyn Look) -> Self {
        let mut input = Self::default();
        // indicatif draws on standard error, and only if that is a terminal.
        let bar = ProgressBar::hidden().with_style(
            ProgressStyle::with_template("reading {bar:30} {bytes} of {total_bytes}")
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        let total = found.files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.bytes));
        if total >= WORTH_A_BAR {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.set_length(total);
        }
        let mut done = 0_u64;
        for file in &found.files {
            let events = &mut input.events;
            let mut place = Place { file: Arc::clone(&file.name), line: 0 };
            let mut sink = |entry: &Entry<'_>| {
                place.line = entry.line;
                match entry.kind {
                    EntryKind::Audit => look_at_audit(look, entry, &place, events),
                    EntryKind::CloudTrail => look_at_trail(look, entry, &place),
                }
            };
            let tally = ringwall_logs::read(file, &mut sink, &mut |bytes| {
                bar.set_position(done.saturating_add(bytes));
            });
            done = done.saturating_add(file.bytes);
            input.tallies.push(tally);
        }
        bar.finish_and_clear();
        input
    }

    /// Whether something is missing from what was looked at.
    pub(super) fn is_incomplete(&self, found: &Found) -> bool {
        !found.problems.is_empty() || self.tallies.iter().any(Tally::is_incomplete)
    }

    /// Tells on standard error what was read, what of it was cut, what could not be, and what came of it.
    pub(super) fn print_summary(&self, found: &Found, counts: Counts, result: &str) -> io::Result<()> {
        let mut err = anstream::stderr().lock();
        for problem in &found.problems {
            print_problem(&mut err, problem)?;
        }
        let mut incomplete = self.tallies.iter().filter(|tally| tally.is_incomplete());
        for tally in incomplete.by_ref().take(FILES_SHOWN) {
            print_problems(&mut err, tally)?;
        }
        let more = incomplete.count();
        if more > 0 {
            writeln!(err, "… and {more} more files that could not be read whole")?;
        }
        writeln!(err, "{}: {result}", self.summary(found, counts))
    }

    fn summary(&self, found: &Found, counts: Counts) -> String {
        let sum = |of: fn(&Tally) -> u64| self.tallies.iter().map(of).fold(0, u64::saturating_add);
        let mut parts = vec![
            count(self.events, "audit event", "audit events"),
            count(sum(|tally| tally.records), "CloudTrail record", "CloudTrail records"),
        ];
        for (at, log) in ControlPlaneLog::ALL.into_iter().enumerate() {
            let lines = self.tallies.iter().filter_map(|tally| tally.other_logs.get(at)).sum::<u64>();
            if lines > 0 {
                parts.push(count(
                    lines,
                    &format!("line of the log {log}"),
                    &format!("lines of the log {log}"),
                ));
            }
        }
        let mut remarks = Vec::new();
        let mut remark = |number: u64, text: &str| {
            if number > 0 {
                remarks.push(format!("{number} {text}"));
            }
        };
        remark(counts.repeated, "had come before");
        remark(counts.not_decided, "of the stage RequestReceived");
        remark(sum(|tally| tally.cut), "without their ends");
        remark(sum(|tally| tally.not_utf8), "not UTF-8");
        remark(sum(|tally| tally.unreadable), "unreadable");
        remark(found.other_services as u64, "folders of other services left out");
        let remarks = if remarks.is_empty() { String::new() } else { format!(" ({})", remarks.join(", ")) };
        let files = count(self.tallies.len() as u64, "file", "files");
        format!("read {} from {files}{remarks}", parts.join(", "))
    }
}

fn look_at_audit(
    look: &mut dyn Look,
    entry: &Entry<'_>,
    place: &Place,
    events: &mut u64,
) -> Result<End, String> {
    let held = audit::read_with_json(entry.text, &mut |event, json| look.audit(event, json, place));
    let held = held.map_err(|error| error.to_string())?;
    *events = events.saturating_add(held.events);
    Ok(if held.cut { End::Missing } else { End::There })
}

fn look_at_trail(look: &mut dyn Look, entry: &Entry<'_>, place: &Place) -> Result<End, String> {
    let held =
        cloudtrail::read_with_json(entry.text, &mut |record, json| look.cloudtrail(record, json, place));
    let held = held.map_err(|error| error.to_string())?;
    Ok(if held.cut { End::Missing } else { End::There })
}

/// Tells what is not there.
pub(in crate::commands) fn print_problem(err: &mut dyn Write, problem: &NotFound) -> io::Result<()> {
    let name = style::printable(&problem.name);
    writeln!(err, "{} {name}: {}", style::paint(style::ERROR, "error:"), problem.why)?;
    writeln!(err, "  {} {}", style::paint(style::HINT, "hint:"), problem.hint)
}

/// Tells what of a file could not be read.
pub(in crate::commands) fn print_problems(err: &mut dyn Write, tally: &Tally) -> io::Result<()> {
    let label = style::paint(style::ERROR, "error:");
    let file = style::printable(&tally.file);
    for spot in &tally.spots {
        writeln!(err, "{label} {file}:{}: {}", spot.line, spot.why)?;
    }
    let more = tally.unreadable.saturating_sub(tally.spots.len() as u64);
    if more > 0 {
        writeln!(err, "{label} {file}: {more} more can't be read")?;
    }
    if let Some(stopped) = &tally.stopped {
        writeln!(err, "{label} {file}: {}", stopped.why)?;
        writeln!(err, "  {} {}", style::paint(style::HINT, "hint:"), stopped.hint)?;
    }
    Ok(())
}

/// A number with its noun.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}
