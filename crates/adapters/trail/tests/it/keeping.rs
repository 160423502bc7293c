//! Where records are kept, and who may see them.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use ringwall_trail::{Record, Trail, TrailError};
use tokio::task::JoinSet;

use crate::folder::{FILE, at, example, ids, record, records, written};

#[tokio::test]
async fn a_file_is_of_one_account_region_and_day() {
    let folder = tempfile::tempdir().unwrap();
    let trail = Trail::open(folder.path()).unwrap();
    let others = [
        Record { recipient_account_id: "444455556666".to_owned(), ..record("account") },
        Record { aws_region: "us-east-1".to_owned(), ..record("region") },
        Record { event_time: at(1_795_766_400 + 57_600), ..record("next day") },
        Record { event_time: at(1_795_766_400 + 57_599), ..record("end of the day") },
    ];
    for record in [example()].iter().chain(&others) {
        trail.append_durable(record).await.unwrap();
    }
    let files: Vec<(String, usize)> = records(folder.path())
        .into_iter()
        .map(|(path, records)| {
            (path.strip_prefix(folder.path()).unwrap().to_str().unwrap().to_owned(), records.len())
        })
        .collect();
    let file = |path: &str, records| (format!("AWSLogs/{path}/events.jsonl"), records);
    assert_eq!(
        files,
        [
            file("111122223333/CloudTrail/eu-central-1/2026/11/27", 2),
            file("111122223333/CloudTrail/eu-central-1/2026/11/28", 1),
            file("111122223333/CloudTrail/us-east-1/2026/11/27", 1),
            file("444455556666/CloudTrail/eu-central-1/2026/11/27", 1),
        ]
    );
}

#[tokio::test]
async fn files_are_their_owners_alone() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("trail");
    let trail = Trail::open(&folder).unwrap();
    trail.append_durable(&example()).await.unwrap();
    let mode = |path: &str| fs::metadata(folder.join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(FILE), mode("lock"), mode(""), mode("AWSLogs/111122223333")),
        (0o600, 0o600, 0o700, 0o700)
    );
}

#[tokio::test]
async fn records_stand_in_the_order_in_which_they_were_appended() {
    let folder = tempfile::tempdir().unwrap();
    let trail = Trail::open(folder.path()).unwrap();
    let mut expected = Vec::new();
    for number in 0..500 {
        let id = number.to_string();
        match number % 50 {
            49 => trail.append_durable(&record(&id)).await.unwrap(),
            _ => trail.append(&record(&id)).await.unwrap(),
        }
        expected.push(id);
    }
    assert_eq!(ids(folder.path()), expected, "a durable one takes those before it along");
    assert_eq!(trail.stats().written, 500);
}

#[tokio::test]
async fn what_nobody_waits_for_is_written_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let trail = Trail::open(folder.path()).unwrap();
    trail.append(&record("a")).await.unwrap();
    written(&trail).await;
    assert_eq!(ids(folder.path()), ["a"]);
    assert_eq!(trail.stats().queued_bytes, 0);
}

#[tokio::test]
async fn closing_writes_everything_and_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let trail = Trail::open(folder.path()).unwrap();
    let clone = trail.clone();
    for number in 0..100 {
        trail.append(&record(&number.to_string())).await.unwrap();
    }
    trail.close().await.unwrap();
    assert_eq!(ids(folder.path()).len(), 100);
    assert!(matches!(clone.append(&example()).await, Err(TrailError::Closed)));
    assert!(matches!(clone.append_durable(&example()).await, Err(TrailError::Closed)));
    assert!(matches!(clone.close().await, Err(TrailError::Closed)));
    // Another one may follow in the same file.
    let trail = Trail::open(folder.path()).unwrap();
    trail.append_durable(&record("next")).await.unwrap();
    assert_eq!(ids(folder.path()).last().unwrap(), "next");
}

/// Whoever waits for its record may give up; the record stays.
#[tokio::test]
async fn a_caller_that_goes_away_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let trail = Trail::open(folder.path()).unwrap();
    let mut tasks = JoinSet::new();
    for number in 0..100 {
        let trail = trail.clone();
        tasks.spawn(async move { trail.append_durable(&record(&number.to_string())).await });
    }
    tokio::task::yield_now().await;
    tasks.abort_all();
    while tasks.join_next().await.is_some() {}
    trail.append(&record("last")).await.unwrap();
    trail.close().await.unwrap();
    assert_eq!(ids(folder.path()).len() as u64, trail.stats().written);
    assert_eq!(ids(folder.path()).last().unwrap(), "last");
    assert_eq!(trail.stats().queued_bytes, 0);
}

#[test]
fn two_can_not_write_in_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    let trail = Trail::open(folder.path()).unwrap();
    assert!(matches!(Trail::open(folder.path()), Err(TrailError::InUse(_))));
    drop(trail);
    // Its writer ends by itself.
    while let Err(error) = Trail::open(folder.path()) {
        assert!(matches!(error, TrailError::InUse(_)), "{error}");
        std::thread::yield_now();
    }
}

#[test]
fn a_folder_that_is_none_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Trail::open(&file).unwrap_err();
    assert!(matches!(error, TrailError::Folder(..)), "{error}");
    assert!(error.hint().is_some());
}
