use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::*;
use crate::fixture::notices;

fn settings(path: &Path) -> FileSettings {
    FileSettings {
        path: path.to_owned(),
        format: Format::GuardDuty,
        max_bytes: 1 << 20,
        max_age_seconds: 3600,
        keep: 2,
    }
}

fn lines(path: &Path) -> Vec<String> {
    let text = String::from_utf8(fs::read(path).unwrap()).unwrap();
    text.lines().map(str::to_owned).collect()
}

async fn send(sink: &FileSink, notices: &[Notice]) {
    sink.send(&notices.iter().collect::<Vec<_>>()).await.unwrap();
}

#[tokio::test]
async fn what_is_delivered_twice_stands_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("findings.jsonl");
    let notices = notices(5);
    let sink = FileSink::new(&settings(&path)).unwrap();
    send(&sink, &notices[..3]).await;
    send(&sink, &notices[1..4]).await;
    assert_eq!(lines(&path).len(), 4);
    drop(sink);
    // As after a process was killed between the write and the cursor's, in the midst of a line.
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend_from_slice(b"{\"schemaVersion\":\"2.0\",\"acc");
    fs::write(&path, &bytes).unwrap();
    let sink = FileSink::new(&settings(&path)).unwrap();
    send(&sink, &notices).await;
    let expected: Vec<String> =
        notices.iter().map(|notice| Format::GuardDuty.value(notice).to_string()).collect();
    assert_eq!(lines(&path), expected);
    assert_eq!(lines(&folder.path().join("findings.torn")).len(), 1);
}

#[tokio::test]
async fn it_is_rotated_by_size_and_the_oldest_go() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("findings.jsonl");
    fs::write(folder.path().join("findings-of-others.jsonl"), "").unwrap();
    let sink = FileSink::new(&FileSettings { max_bytes: 1, ..settings(&path) }).unwrap();
    let notices = notices(5);
    for notice in &notices {
        send(&sink, std::slice::from_ref(notice)).await;
    }
    let rotated = rotate::rotated(&path).unwrap();
    assert_eq!(rotated.len(), 2);
    let ids = |path: &Path| {
        let line: serde_json::Value = serde_json::from_str(&lines(path)[0]).unwrap();
        line["id"].as_str().unwrap().to_owned()
    };
    let kept = [&rotated[0], &rotated[1], &path].map(|path| ids(path));
    assert_eq!(kept.to_vec(), notices[2..].iter().map(Notice::id).collect::<Vec<_>>());
    // Those of the file before are known too.
    drop(sink);
    let sink = FileSink::new(&settings(&path)).unwrap();
    send(&sink, &notices[3..]).await;
    assert_eq!(lines(&path).len(), 1);
    assert!(folder.path().join("findings-of-others.jsonl").exists());
}

#[test]
fn it_is_rotated_by_age() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("findings");
    let sink = FileSink::new(&settings(&path)).unwrap();
    let append = |line: &str, now| sink.0.append(&[line.as_bytes().to_vec()], now).unwrap();
    let now = SystemTime::now();
    append("one\n", now);
    append("two\n", now + Duration::from_secs(3500));
    assert_eq!(rotate::rotated(&path).unwrap().len(), 0);
    append("three\n", now + Duration::from_secs(3700));
    assert_eq!((lines(&path), rotate::rotated(&path).unwrap().len()), (vec!["three".to_owned()], 1));
    // Nothing new, nothing rotated.
    append("three\n", now + Duration::from_secs(100_000));
    assert_eq!(rotate::rotated(&path).unwrap().len(), 1);
}

#[test]
fn only_the_last_lines_are_known_again() {
    let mut recent = Recent::new(2);
    recent.add_all(b"one\ntwo\nthree\n");
    let has = |line: &[u8]| recent.has(&recent::digest(line));
    assert_eq!([has(b"one\n"), has(b"two\n"), has(b"three")], [false, true, true]);
}

#[test]
fn a_file_that_can_not_be_written_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let told = FileSink::new(&settings(&folder.path().join("no/such"))).unwrap_err();
    assert!(told.contains("no/such"), "{told}");
}
