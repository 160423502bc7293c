//! What runs in a process of its own, to be killed, traced or kept short of disk.

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use ringwall_trail::{Trail, TrailError};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::task::JoinSet;

use crate::folder::{FILE, ids, record};

const FOLDER: &str = "RINGWALL_TRAIL_TEST_FOLDER";
const PREFIX: &str = "RINGWALL_TRAIL_TEST_PREFIX";

/// The arguments that run one of the tests below in this very program.
pub(crate) fn arguments(test: &str) -> Vec<String> {
    let program = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
    let test = format!("child::{test}");
    [&program, &test, "--exact", "--ignored", "--nocapture"].map(str::to_owned).to_vec()
}

pub(crate) fn command(arguments: &[String], folder: &std::path::Path, prefix: &str) -> Command {
    let mut command = Command::new(&arguments[0]);
    command.args(&arguments[1..]).env(FOLDER, folder).env(PREFIX, prefix);
    command
}

/// None if nobody has started this as a child.
fn folder() -> Option<PathBuf> {
    Some(std::env::var_os(FOLDER)?.into())
}

/// Appends from many tasks for as long as it lives, and says on stderr what is on disk.
#[test]
#[ignore = "runs as a child of `crash`"]
fn appends_for_ever() {
    appends(8, usize::MAX);
}

/// The same with an end.
#[test]
#[ignore = "runs as a child of `crash`"]
fn appends_some() {
    appends(16, 20);
}

fn appends(tasks: usize, each: usize) {
    let Some(folder) = folder() else { return };
    let prefix = std::env::var(PREFIX).unwrap();
    let trail = Trail::open(&folder).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut set = JoinSet::new();
        for task in 0..tasks {
            let (trail, prefix) = (trail.clone(), prefix.clone());
            set.spawn(async move {
                for number in 0..each {
                    let id = format!("{prefix}-{task}-{number}.");
                    trail.append(&record(&format!("aside-{id}"))).await.unwrap();
                    trail.append_durable(&record(&id)).await.unwrap();
                    // In one system call.
                    std::io::stderr().write_all(format!("ack {id}\n").as_bytes()).unwrap();
                }
            });
        }
        set.join_all().await;
        trail.close().await.unwrap();
    });
}

/// Lives with a limit on the size of files, as with a full disk, and then without.
#[test]
#[ignore = "runs as a child of `crash`"]
fn runs_out_of_disk() {
    let Some(folder) = folder() else { return };
    let path = folder.join(FILE);
    let trail = Trail::open(&folder).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let limit = |bytes| {
        let maximum = getrlimit(Resource::Fsize).maximum;
        setrlimit(Resource::Fsize, Rlimit { current: bytes, maximum }).unwrap();
    };
    runtime.block_on(async {
        trail.append_durable(&record("a")).await.unwrap();
        let length = std::fs::metadata(&path).unwrap().len();
        // Some of the next record fits, and is written.
        limit(Some(length + 100));
        let error = trail.append_durable(&record("b")).await.unwrap_err();
        assert!(matches!(error, TrailError::Write { .. }), "{error}");
        assert_eq!(std::fs::metadata(&path).unwrap().len(), length, "the half record is taken back");
        assert_eq!(ids(&folder), ["a"]);
        limit(None);
        trail.append_durable(&record("c")).await.unwrap();
        assert_eq!(ids(&folder), ["a", "b", "c"]);
        assert_eq!(trail.stats().torn, 0);
    });
}
