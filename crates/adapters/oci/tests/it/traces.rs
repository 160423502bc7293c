//! The calls of the system, as strace shows them: each acknowledgement comes after bytes, names and records are on the disk.

use std::collections::BTreeSet;

use ringwall_oci::Settings;

use crate::child::{command, open};
use crate::lab::{Lab, repository, run};

const IMAGES: u64 = 6;

#[test]
#[ignore = "needs strace; cargo xtask test runs it"]
fn an_acknowledgement_comes_after_all_of_it_is_on_the_disk() {
    let lab = Lab::new();
    run(async {
        let registry = open(&lab.path(""), Settings::default()).await;
        repository(&registry, "app").await;
    });
    let trace = lab.path("trace");
    let strace = [
        "strace",
        "-f",
        "-y",
        "-qq",
        "-s",
        "32",
        "-e",
        "trace=write,writev,pwrite64,openat,fsync,fdatasync,sync_file_range",
        "-o",
        trace.to_str().unwrap(),
    ];
    let output = command(&strace, &lab.path(""), 0, Some(IMAGES)).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let trace = String::from_utf8_lossy(&std::fs::read(&trace).unwrap()).into_owned();
    // What is written and not synced: files by their paths, and folders in which one was made. A write counts from its start and a
    // sync from its end, in whichever thread: that is the safe side of each.
    let mut dirty: BTreeSet<String> = BTreeSet::new();
    let mut pending: Vec<(String, String)> = Vec::new();
    let (mut acknowledged, mut objects) = (0, 0);
    for line in trace.lines() {
        let (thread, call) = line.split_once(' ').unwrap();
        let call = call.trim_start();
        let path =
            call.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(path, _)| path.to_owned());
        if call.starts_with("<... f") && call.contains("sync resumed") {
            let at = pending.iter().rposition(|(of, _)| of == thread).unwrap();
            let (_, path) = pending.remove(at);
            if call.ends_with("= 0") {
                dirty.remove(&path);
            }
        } else if call.starts_with("fsync(") || call.starts_with("fdatasync(") {
            let path = path.unwrap();
            if call.ends_with("<unfinished ...>") {
                pending.push((thread.to_owned(), path));
            } else if call.ends_with("= 0") {
                dirty.remove(&path);
            }
        } else if call.starts_with("openat(") && call.contains("O_CREAT") && is_object(call) {
            let made = call.split('"').nth(1).unwrap();
            dirty.insert(made.rsplit_once('/').unwrap().0.to_owned());
            objects += 1;
        } else if call.contains("write") && !call.starts_with("<...") {
            let path = path.unwrap_or_default();
            if call.starts_with("write(1<") {
                let is_answer =
                    ["upload ", "blob ", "whole ", "image "].iter().any(|word| call.contains(word));
                if is_answer {
                    assert!(dirty.is_empty(), "answered before it was on the disk: {dirty:?}\n{call}");
                    acknowledged += 1;
                }
            } else if is_object(&path) || path.ends_with("store.db-wal") {
                dirty.insert(path);
            }
        }
    }
    assert_eq!(acknowledged, IMAGES * 7);
    assert!(objects >= IMAGES, "{objects}");
}

/// The file by which the registry sees at its start that it may write is none.
fn is_object(text: &str) -> bool {
    text.contains("/objects/") && !text.contains(".probe")
}
