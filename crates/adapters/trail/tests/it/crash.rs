//! Processes that are killed, traced and kept short of disk.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use ringwall_trail::Trail;

use crate::child::{arguments, command};
use crate::folder::{FILE, ids, record};

/// Killed at any moment, a process leaves every record that it acknowledged, whole and once, and no half ones that the
/// next one does not put right.
#[test]
fn what_was_acknowledged_survives_sigkill() {
    const ROUNDS: u64 = 12;
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        let mut child = command(&arguments("appends_for_ever"), folder.path(), &format!("r{round}"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        // It has begun; from here on, any moment will do.
        acknowledged.extend(lines.next().unwrap().strip_prefix("ack ").map(str::to_owned));
        let reader = std::thread::spawn(move || lines.collect::<Vec<_>>());
        std::thread::sleep(Duration::from_millis(5 + 13 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        // The last line may be cut as well.
        let whole =
            |line: &String| Some(line.strip_prefix("ack ")?.to_owned()).filter(|id| id.ends_with('.'));
        acknowledged.extend(reader.join().unwrap().iter().filter_map(whole));
    }
    let trail = Trail::open(folder.path()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(trail.append_durable(&record("last"))).unwrap();
    let found = ids(folder.path());
    let unique: BTreeSet<&String> = found.iter().collect();
    assert_eq!(unique.len(), found.len(), "a record stands twice");
    let missing: Vec<&String> = acknowledged.iter().filter(|id| !unique.contains(id)).collect();
    assert!(missing.is_empty(), "{} of {} are missing: {missing:?}", missing.len(), acknowledged.len());
    assert!(acknowledged.len() > ROUNDS as usize * 8, "{} say little", acknowledged.len());
}

#[test]
fn a_full_disk_leaves_whole_records() {
    let folder = tempfile::tempdir().unwrap();
    // The system's answer to a file that is too long is a signal, unless that is ignored.
    let mut shell = ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"].map(str::to_owned).to_vec();
    shell.extend(arguments("runs_out_of_disk"));
    let output = command(&shell, folder.path(), "").output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// By the system calls: no record is acknowledged before an fsync of its file has ended that began after the record was
/// written, nor before each folder on the way was synced.
#[test]
fn nothing_is_acknowledged_before_it_is_on_disk() {
    if Command::new("strace").arg("-V").output().is_err() {
        panic!("strace is not installed (hint: `cargo xtask test` installs it)");
    }
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("strace");
    let trail = folder.path().join("trail");
    let calls = "trace=write,pwrite64,writev,fsync,fdatasync";
    let mut traced = ["strace", "-f", "-y", "-s", "1000000", "-e", calls, "-o"].map(str::to_owned).to_vec();
    traced.push(log.to_str().unwrap().to_owned());
    traced.extend(arguments("appends_some"));
    let output = command(&traced, &trail, "t").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let log = String::from_utf8(std::fs::read(&log).unwrap()).unwrap();
    let trace = Trace::read(&log, &trail);
    assert_eq!(trace.acknowledged, 16 * 20);
    assert!(trace.file_syncs < trace.acknowledged, "{} fsyncs: many records share one", trace.file_syncs);
}

/// What a trace shows; reading it fails at the first acknowledgement that comes too early.
struct Trace {
    acknowledged: usize,
    file_syncs: usize,
}

impl Trace {
    fn read(log: &str, trail: &Path) -> Self {
        let file = trail.join(FILE);
        let folders: Vec<&Path> =
            file.ancestors().skip(1).take_while(|folder| folder.starts_with(trail)).collect();
        assert_eq!(folders.len(), 8);
        let synced_path = |line: &str| {
            let (_, rest) = line.split_once("sync(")?;
            let (_, rest) = rest.split_once('<')?;
            Some(rest.split_once('>')?.0.to_owned())
        };
        let mut trace = Self { acknowledged: 0, file_syncs: 0 };
        // Records that are written, those of them that an fsync that is under way covers, and those that one has covered.
        let (mut written, mut covered, mut durable) = (String::new(), String::new(), String::new());
        let mut under_way: BTreeMap<&str, String> = BTreeMap::new();
        let mut synced = BTreeSet::new();
        for line in log.lines() {
            let (process, call) = line.split_once(' ').unwrap();
            let call = call.trim_start();
            let is_sync = call.starts_with("fsync(") || call.starts_with("fdatasync(");
            let ended = if is_sync && call.ends_with("<unfinished ...>") {
                under_way.insert(process, synced_path(call).unwrap());
                None
            } else if is_sync {
                assert!(call.ends_with("= 0"), "{call}");
                synced_path(call)
            } else if call.contains("sync resumed>") {
                assert!(call.ends_with("= 0"), "{call}");
                under_way.remove(process)
            } else {
                None
            };
            let begins = is_sync && synced_path(call).is_some_and(|path| Path::new(&path) == file);
            if begins {
                covered.push_str(&std::mem::take(&mut written));
            }
            if let Some(path) = ended {
                if Path::new(&path) == file {
                    durable.push_str(&std::mem::take(&mut covered));
                    trace.file_syncs += 1;
                }
                synced.insert(path);
            }
            if call.starts_with("write(") && call.contains("events.jsonl>") {
                written.push_str(call);
            }
            if let Some((_, rest)) = call.split_once("\"ack ") {
                let id = rest.split_once('.').unwrap().0;
                assert!(
                    durable.contains(&format!("\\\"eventID\\\":\\\"{id}.\\\"")),
                    "{id} is not on disk: {call}"
                );
                for folder in &folders {
                    assert!(synced.contains(folder.to_str().unwrap()), "{} was not synced", folder.display());
                }
                trace.acknowledged += 1;
            }
        }
        trace
    }
}
