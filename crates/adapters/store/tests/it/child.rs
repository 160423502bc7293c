//! A process that writes until somebody kills it: this test binary, started again for this one test.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use ringwall_store::{Batch, Expect, Options, Store};

use crate::lab::{place, run};

/// Tells the child which database to write to.
const ADDRESS: &str = "RINGWALL_STORE_CHILD";
/// Tells the child what to begin the names of its records with.
const ROUND: &str = "RINGWALL_STORE_CHILD_ROUND";
/// Tells the child how many batches to commit, one after the other; without it, many at a time and for ever.
const COUNT: &str = "RINGWALL_STORE_CHILD_COUNT";

/// How many write at the same time.
pub(crate) const TASKS: usize = 8;
/// How many records a batch writes, besides its task's counter.
pub(crate) const RECORDS: usize = 3;

/// The child's command line; put words in front to run it by another program.
pub(crate) fn command(before: &[&str], address: &str, round: usize, count: Option<usize>) -> Command {
    let own: PathBuf = std::env::current_exe().unwrap();
    let mut command = match before {
        [] => Command::new(own),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg(own);
            command
        }
    };
    command
        .args(["--exact", "child::writes", "--ignored", "--nocapture"])
        .env(ADDRESS, address)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .stdin(Stdio::null());
    if let Some(count) = count {
        command.env(COUNT, count.to_string());
    }
    command
}

/// A batch: some records, the counter of its task, and the deletion of what the batch before left for that.
pub(crate) fn batch(round: usize, task: usize, number: u64) -> Batch {
    let mut batch = Batch::new();
    for record in 0..RECORDS {
        let name = format!("{round} {task} {number} {record}");
        batch.put(place(&name), name.clone().into_bytes(), Expect::Absent);
    }
    batch.put(place(&counter(round, task)), number.to_string().into_bytes(), Expect::Any);
    batch.put(place(&leftover(round, task, number)), Vec::new(), Expect::Absent);
    if number > 0 {
        batch.delete(place(&leftover(round, task, number - 1)), Expect::Present);
    }
    batch
}

pub(crate) fn counter(round: usize, task: usize) -> String {
    format!("counter {round} {task}")
}

pub(crate) fn leftover(round: usize, task: usize, number: u64) -> String {
    format!("leftover {round} {task} {number}")
}

/// One call of the system for a line, so that the killed process says nothing by halves.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

#[test]
#[ignore = "no test of its own: the tests of crashes and traces start it"]
fn writes() {
    let variable = |name| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let address = variable(ADDRESS);
    let round: usize = variable(ROUND).parse().unwrap();
    let count: Option<u64> = std::env::var(COUNT).ok().map(|count| count.parse().unwrap());
    run(async {
        let store = Arc::new(Store::open(&address, Options::default()).await.unwrap());
        if let Some(count) = count {
            for number in 0..count {
                let batch = batch(round, 0, number);
                say(&format!("begin {number}"));
                store.commit(batch).await.unwrap();
                say(&format!("ack 0 {number}"));
            }
            return;
        }
        let tasks: Vec<_> = (0..TASKS)
            .map(|task| {
                let store = Arc::clone(&store);
                tokio::spawn(async move {
                    for number in 0.. {
                        store.commit(batch(round, task, number)).await.unwrap();
                        say(&format!("ack {task} {number}"));
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}
