//! A chore of several steps: each is timed, all are run, and the end tells what failed and what could not run.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

/// What happened so far.
#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<Done>,
    gaps: Vec<Gap>,
}

struct Done {
    name: String,
    took: Duration,
    error: Option<String>,
}

/// Something that could not run here.
struct Gap {
    name: String,
    why: String,
}

impl Steps {
    /// Runs one step. A failure is kept for the end, so that one run shows all of them.
    pub(crate) fn run<T>(&mut self, name: &str, step: impl FnOnce() -> Result<T>) -> Option<T> {
        eprintln!("\n==> {name}");
        let start = Instant::now();
        let result = step();
        let took = start.elapsed();
        let error = result.as_ref().err().map(|error| format!("{error:#}"));
        match &error {
            None => eprintln!("==> {name}: ok, {}", short(took)),
            Some(error) => eprintln!("==> {name}: failed, {}\n    {error}", short(took)),
        }
        self.done.push(Done { name: name.to_owned(), took, error });
        result.ok()
    }

    /// Notes, by name, what could not run and why.
    pub(crate) fn gap(&mut self, name: &str, why: &str) {
        self.gaps.push(Gap { name: name.to_owned(), why: why.to_owned() });
    }

    /// Prints the summary. With `strict` what could not run is a failure.
    pub(crate) fn finish(&self, strict: bool) -> ExitCode {
        print!("{}", self.summary(strict));
        if self.passed(strict) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn passed(&self, strict: bool) -> bool {
        self.done.iter().all(|done| done.error.is_none()) && (self.gaps.is_empty() || !strict)
    }

    fn summary(&self, strict: bool) -> String {
        let width = self.done.iter().map(|done| done.name.len()).max().unwrap_or_default();
        let mut text = String::from("\nsummary\n");
        for Done { name, took, error } in &self.done {
            let outcome = if error.is_none() { "ok" } else { "FAILED" };
            // Writing to a String does not fail.
            let _ = writeln!(text, "  {outcome:<6}  {name:<width$}  {:>7}", short(*took));
        }
        let total = short(self.done.iter().map(|done| done.took).sum());
        let _ = writeln!(text, "  {:<6}  {:<width$}  {total:>7}", "", "total");
        if self.gaps.is_empty() {
            text.push_str("everything could run\n");
            return text;
        }
        text.push_str("could not run:\n");
        for Gap { name, why } in &self.gaps {
            let _ = writeln!(text, "  {name}: {why}");
        }
        if strict {
            text.push_str("CI is set: what could not run is a failure\n");
        }
        text
    }
}

/// Whether this is CI, by the variable that every forge sets.
pub(crate) fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

fn short(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 {
        format!("{:.1}s", duration.as_secs_f64())
    } else {
        format!("{}m{:02}s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests;
