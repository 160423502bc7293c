//! Files and folders, followed while they grow and rotate.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use ringwall_logs::{End, Entry, Follower, Mark, Polled, Start};
use ringwall_model::error_chain;

use super::{Pull, Stopped};
use crate::piece::Builder;

/// How often it is looked whether a file has grown.
const EVERY: Duration = Duration::from_millis(500);

/// After a queue that failed.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// Under this its cursor is kept.
const NAME: &str = "files";

/// Follows files until the process ends.
///
/// # Errors
///
/// The thread can't be made.
pub(crate) fn follow(pull: Pull, named: Vec<PathBuf>) -> std::io::Result<thread::JoinHandle<()>> {
    let name = format!("files-{}", pull.cluster);
    thread::Builder::new().name(name).spawn(move || {
        let mut told = Vec::new();
        while !pull.is_stopped() {
            // What was read and not kept is read again from the last mark.
            if run(&pull, &named, &mut told).is_err() && !pull.is_stopped() {
                thread::sleep(TRY_AGAIN);
            }
        }
    })
}

fn run(pull: &Pull, named: &[PathBuf], told: &mut Vec<String>) -> Result<(), Stopped> {
    let marks = marks(pull)?;
    let mut kept = marks.clone();
    let mut follower = Follower::new(named.to_vec(), Start::Beginning).resume(marks);
    while !pull.is_stopped() {
        let polled = poll(pull, &mut follower)?;
        tell(pull, &polled, told);
        let marks = follower.marks();
        if marks != kept {
            keep(pull, &marks)?;
            kept = marks;
        }
        if polled.bytes == 0 {
            thread::sleep(EVERY);
        }
    }
    Ok(())
}

/// Puts what has come into the queue.
fn poll(pull: &Pull, follower: &mut Follower) -> Result<Polled, Stopped> {
    let mut stopped = Ok(());
    let mut open: Option<Builder> = None;
    let polled = follower.poll(&mut |entry: &Entry<'_>| {
        if open.as_ref().is_some_and(|open| !open.is_of(entry.file)) {
            stopped = stopped.and(close(pull, &mut open));
        }
        let builder = open.get_or_insert_with(|| Builder::new(Arc::clone(entry.file)));
        builder.add(entry.kind, entry.line, entry.text.as_bytes());
        if builder.is_full() {
            stopped = stopped.and(close(pull, &mut open));
        }
        // Whoever looks at it sees whether its end is missing.
        Ok(End::There)
    });
    stopped.and(close(pull, &mut open)).map(|()| polled)
}

fn close(pull: &Pull, open: &mut Option<Builder>) -> Result<(), Stopped> {
    match open.take().and_then(Builder::finish) {
        Some(piece) => pull.push_now(piece),
        None => Ok(()),
    }
}

/// Tells what could not be read, each problem once while it lasts.
fn tell(pull: &Pull, polled: &Polled, told: &mut Vec<String>) {
    let problems: Vec<String> =
        polled.problems.iter().map(|problem| format!("{}: {}", problem.name, problem.why)).collect();
    for problem in problems.iter().filter(|problem| !told.contains(problem)) {
        pull.problem("files", problem, "see the name");
    }
    *told = problems;
    for tally in &polled.done {
        pull.metrics.event(&pull.cluster, "unreadable", tally.unreadable);
        if let Some(stopped) = &tally.stopped {
            pull.problem("files", &tally.file, &stopped.why);
        }
    }
}

fn marks(pull: &Pull) -> Result<Vec<Mark>, Stopped> {
    match pull.keep.cursor(NAME) {
        // Marks of another version: all is read again, and is known as repeats.
        Ok(cursor) => Ok(cursor.and_then(|cursor| serde_json::from_slice(&cursor).ok()).unwrap_or_default()),
        Err(error) => Err(failed(pull, &error)),
    }
}

fn keep(pull: &Pull, marks: &[Mark]) -> Result<(), Stopped> {
    // They have no maps that could fail.
    let cursor = serde_json::to_vec(marks).unwrap_or_default();
    pull.keep.set_cursor(NAME, &cursor).map_err(|error| failed(pull, &error))
}

fn failed(pull: &Pull, error: &crate::KeepError) -> Stopped {
    tracing::error!(cluster = pull.cluster, error = error_chain(error), "a source has to wait");
    Stopped
}
