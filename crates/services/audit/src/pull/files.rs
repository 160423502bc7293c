//! Files and folders, followed while they grow and rotate.

use std::path::PathBuf;
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
    let mut open = Builder::default();
    let polled = follower.poll(&mut |entry: &Entry<'_>| {
        if let Some(piece) = open.add(entry.file, entry.kind, entry.line, entry.text.as_bytes()) {
            stopped = stopped.and_then(|()| pull.push_now(piece));
        }
        // Whoever looks at it sees whether its end is missing.
        Ok(End::There)
    });
    if let Some(piece) = open.close() {
        stopped = stopped.and_then(|()| pull.push_now(piece));
    }
    stopped.map(|()| polled)
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
    match pull.handle.block_on(pull.shelf.cursor(NAME)) {
        // Marks of another version: all is read again, and is known as repeats.
        Ok(cursor) => Ok(cursor.and_then(|cursor| serde_json::from_slice(&cursor).ok()).unwrap_or_default()),
        Err(error) => Err(failed(pull, &error)),
    }
}

fn keep(pull: &Pull, marks: &[Mark]) -> Result<(), Stopped> {
    // They have no maps that could fail.
    let cursor = serde_json::to_vec(marks).unwrap_or_default();
    let kept = pull.handle.block_on(pull.shelf.set_cursor(NAME, cursor));
    kept.map_err(|error| failed(pull, &error))
}

fn failed(pull: &Pull, error: &crate::Error) -> Stopped {
    tracing::error!(cluster = pull.cluster, error = error_chain(error), "a source has to wait");
    Stopped
}
