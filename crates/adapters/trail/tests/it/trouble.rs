//! Half records, full disks, files in the way: nothing is lost that was accepted, and nothing is said that is not so.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use ringwall_trail::{MAX_RECORD_BYTES, Record, Trail, TrailError};
use serde_json::Value;

use crate::folder::{FILE, ids, record, written};

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_half_record_is_moved_aside_at_whatever_byte_it_ends() {
    let line = format!("{}\n", serde_json::to_string(&record("first")).unwrap());
    let torn = format!("{}\n", serde_json::to_string(&record("torn")).unwrap());
    for length in (1..torn.len()).step_by(97).chain([torn.len() - 1]) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let half = &torn.as_bytes()[..length];
        write(&path, &[line.as_bytes(), half].concat());
        let trail = Trail::open(folder.path()).unwrap();
        trail.append_durable(&record("next")).await.unwrap();
        assert_eq!(ids(folder.path()), ["first", "next"], "{length}");
        assert_eq!(trail.stats().torn, 1);
        assert_eq!(fs::read(path.with_extension("torn")).unwrap(), [half, b"\n"].concat());
    }
}

#[tokio::test]
async fn a_file_of_a_half_record_alone_or_of_nothing_is_used() {
    for (bytes, torn) in [(&b"{\"eventV"[..], 1), (&[0; 512], 1), (b"", 0)] {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join(FILE), bytes);
        let trail = Trail::open(folder.path()).unwrap();
        trail.append_durable(&record("next")).await.unwrap();
        assert_eq!(ids(folder.path()), ["next"]);
        assert_eq!(trail.stats().torn, torn);
    }
}

/// The longest record that can be torn is found; what is longer was not written here and is not touched.
#[tokio::test]
async fn what_is_no_trail_is_not_cut() {
    for (length, torn) in
        [(MAX_RECORD_BYTES - 1, true), (MAX_RECORD_BYTES, false), (3 * MAX_RECORD_BYTES, false)]
    {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let foreign = [b"first\n".as_slice(), &vec![b'x'; length]].concat();
        write(&path, &foreign);
        let trail = Trail::open(folder.path()).unwrap();
        let outcome = trail.append_durable(&record("next")).await;
        assert_eq!(outcome.is_ok(), torn, "{length}: {outcome:?}");
        if !torn {
            assert!(matches!(outcome, Err(TrailError::Foreign(_))));
            assert_eq!(fs::read(&path).unwrap(), foreign);
        }
    }
}

#[tokio::test]
async fn a_link_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let outside = folder.path().join("outside");
    fs::write(&outside, "mine\n").unwrap();
    let path = folder.path().join("trail").join(FILE);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    symlink(&outside, &path).unwrap();
    let trail = Trail::open(&folder.path().join("trail")).unwrap();
    let error = trail.append_durable(&record("next")).await.unwrap_err();
    assert!(matches!(error, TrailError::Write { .. }), "{error}");
    assert_eq!(fs::read(&outside).unwrap(), b"mine\n");
}

/// A file stands where an account's folder has to be.
fn obstruct(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("AWSLogs/111122223333");
    write(&path, b"");
    path
}

#[tokio::test]
async fn who_waits_is_told_of_a_failure_and_what_was_accepted_is_written_later() {
    let folder = tempfile::tempdir().unwrap();
    let obstacle = obstruct(folder.path());
    let trail = Trail::open(folder.path()).unwrap();
    trail.append(&record("a")).await.unwrap();
    for id in ["b", "c"] {
        let error = trail.append_durable(&record(id)).await.unwrap_err();
        assert!(matches!(error, TrailError::Write { .. }), "{error}");
        assert!(error.hint().unwrap().contains("disk"));
    }
    let stats = trail.stats();
    assert!(stats.failing && stats.failed_writes >= 2 && stats.written == 0, "{stats:?}");
    // Others are not held up.
    let other = Record { recipient_account_id: "444455556666".to_owned(), ..record("other") };
    trail.append_durable(&other).await.unwrap();
    fs::remove_file(obstacle).unwrap();
    trail.append_durable(&record("d")).await.unwrap();
    assert_eq!(ids(folder.path()), ["a", "b", "c", "d", "other"]);
    let stats = trail.stats();
    assert!(!stats.failing && stats.written == 5 && stats.queued_bytes == 0, "{stats:?}");
}

/// It is tried again without anybody's asking.
#[tokio::test]
async fn the_writer_recovers_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let obstacle = obstruct(folder.path());
    let trail = Trail::open(folder.path()).unwrap();
    trail.append_durable(&record("a")).await.unwrap_err();
    fs::remove_file(obstacle).unwrap();
    written(&trail).await;
    assert_eq!(ids(folder.path()), ["a"]);
}

#[tokio::test]
async fn closing_tells_what_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    obstruct(folder.path());
    let trail = Trail::open(folder.path()).unwrap();
    trail.append(&record("a")).await.unwrap();
    assert!(matches!(trail.close().await, Err(TrailError::Write { .. })));
}

/// Appends until the queue is full, and says how many went in.
async fn fill(trail: &Trail) -> usize {
    let big = Record { request_parameters: Some(Value::from("x".repeat(90 << 10))), ..record("big") };
    let mut count = 0;
    // The clock jumps when nothing moves: the wait for room ends at once.
    loop {
        match trail.append(&big).await {
            Ok(()) => count += 1,
            Err(TrailError::Full) => return count,
            Err(other) => unreachable!("{other}"),
        }
        assert!(count < 1000, "the queue has no bound");
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_after_a_while_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let obstacle = obstruct(folder.path());
    let trail = Trail::open(folder.path()).unwrap();
    let accepted = fill(&trail).await;
    assert!(accepted > 100);
    let stats = trail.stats();
    assert_eq!(stats.refused, 1);
    assert!((31 << 20..=32 << 20).contains(&stats.queued_bytes), "{stats:?}");
    fs::remove_file(obstacle).unwrap();
    trail.close().await.unwrap();
    assert_eq!(ids(folder.path()).iter().filter(|id| *id == "big").count(), accepted);
}

/// An append that finds no room waits, and goes on when there is.
#[tokio::test]
async fn a_full_queue_makes_callers_wait() {
    let folder = tempfile::tempdir().unwrap();
    let obstacle = obstruct(folder.path());
    let trail = Trail::open(folder.path()).unwrap();
    tokio::time::pause();
    let accepted = fill(&trail).await;
    tokio::time::resume();
    let waiting = tokio::spawn({
        let trail = trail.clone();
        let big = Record { request_parameters: Some(Value::from("x".repeat(90 << 10))), ..record("last") };
        async move { trail.append_durable(&big).await }
    });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!waiting.is_finished());
    fs::remove_file(obstacle).unwrap();
    waiting.await.unwrap().unwrap();
    let ids = ids(folder.path());
    assert_eq!((ids.len(), ids.last().unwrap().as_str()), (accepted + 1, "last"));
}
