//! The calls of the system, as strace shows them: each acknowledgement comes after the log is on the disk.

use std::fs;

use crate::child::command;
use crate::lab::Lab;

const BATCHES: usize = 25;

/// What a line of the trace says.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Event {
    Begin,
    LogWritten,
    LogOnDisk,
    Acknowledged,
}

#[test]
#[ignore = "needs strace; cargo xtask test runs it"]
fn an_acknowledgement_comes_after_the_log_is_on_the_disk() {
    let lab = Lab::sqlite();
    let trace = lab.path("trace");
    // Of several threads' calls strace shows the start and the end, and to which file a number belongs.
    let strace = [
        "strace",
        "-f",
        "-y",
        "-qq",
        "-s",
        "64",
        "-e",
        "trace=write,pwrite64,fsync,fdatasync,sync_file_range",
        "-o",
        trace.to_str().unwrap(),
    ];
    let output = command(&strace, &lab.address, 0, Some(BATCHES)).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let trace = String::from_utf8(fs::read(&trace).unwrap()).unwrap();
    let events: Vec<Event> = trace.lines().filter_map(event).collect();
    let mut acknowledged = 0;
    let (mut written, mut unsynced) = (false, false);
    for event in events {
        match event {
            Event::Begin => (written, unsynced) = (false, false),
            Event::LogWritten => (written, unsynced) = (true, true),
            Event::LogOnDisk => unsynced = false,
            Event::Acknowledged => {
                assert!(
                    written && !unsynced,
                    "batch {acknowledged} was acknowledged before it was on the disk"
                );
                acknowledged += 1;
            }
        }
    }
    assert_eq!(acknowledged, BATCHES, "{trace}");
}

/// A write counts from its start and a sync from its end: that is the safe side of each.
fn event(line: &str) -> Option<Event> {
    let log = |line: &str| line.contains("store.db-wal>");
    if line.contains("write(1<") && line.contains("begin ") {
        Some(Event::Begin)
    } else if line.contains("write(1<") && line.contains("ack ") {
        Some(Event::Acknowledged)
    } else if line.contains("pwrite64(") && log(line) {
        Some(Event::LogWritten)
    } else if line.contains("sync(") && log(line) && line.ends_with("= 0") {
        Some(Event::LogOnDisk)
    } else if line.contains("<... f") && line.contains("sync resumed>") && line.ends_with("= 0") {
        // Which file it was is in the line of its start; the only other file that is synced is the database, by the same
        // thread, which has returned before it writes to the log again.
        Some(Event::LogOnDisk)
    } else {
        None
    }
}
