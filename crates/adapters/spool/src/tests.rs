use std::time::Duration;

use super::*;

fn entry(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn texts(spool: &Spool, after: Position) -> Vec<String> {
    let entries = spool.read(after, usize::MAX).unwrap();
    entries.into_iter().map(|(_, entry)| String::from_utf8(entry.to_vec()).unwrap()).collect()
}

/// Until what was given back is written, which nobody is told.
async fn until(holds: impl Fn() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it does not come to hold");
}

#[tokio::test]
async fn what_was_taken_is_there_until_it_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spool");
    let spool = Spool::open(&path, 1000).unwrap();
    assert!(texts(&spool, 0).is_empty());
    for (text, position) in [("one", 1), ("two", 2), ("three", 3)] {
        assert_eq!(spool.push(entry(text)).await.unwrap(), position);
    }
    assert_eq!(texts(&spool, 0), ["one", "two", "three"]);
    assert_eq!(texts(&spool, 2), ["three"]);
    spool.done(2).await;
    until(|| spool.bytes() == 5).await;
    assert_eq!(texts(&spool, 0), ["three"]);
    drop(spool);

    let mut again = Spool::open(&path, 1000);
    for _ in 0..1000 {
        if again.is_ok() {
            break;
        }
        // The writer of the one before is about to end.
        tokio::time::sleep(Duration::from_millis(10)).await;
        again = Spool::open(&path, 1000);
    }
    let again = again.unwrap();
    assert_eq!(texts(&again, 0), ["three"]);
    assert_eq!(again.bytes(), 5);
    again.done(3).await;
    until(|| again.bytes() == 0).await;
    assert_eq!(again.push(entry("four")).await.unwrap(), 4, "no position is given twice");
}

#[tokio::test]
async fn a_full_one_takes_nothing_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(&folder.path().join("spool"), 8).unwrap();
    spool.push(entry("12345")).await.unwrap();
    let full = spool.push(entry("6789")).await;
    assert!(matches!(full, Err(PushError::Full { held: 5, max: 8 })), "{full:?}");
    spool.push(entry("678")).await.unwrap();
    assert_eq!(texts(&spool, 0), ["12345", "678"]);
    spool.done(1).await;
    until(|| spool.bytes() == 3).await;
    spool.push(entry("9abcd")).await.unwrap();
    assert_eq!(texts(&spool, 0), ["678", "9abcd"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_senders_and_a_reader_lose_nothing_and_keep_each_senders_order() {
    const SENDERS: usize = 8;
    const EACH: usize = 50;
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(&folder.path().join("spool"), 1 << 20).unwrap();
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let spool = spool.clone();
            tokio::spawn(async move {
                for number in 0..EACH {
                    spool.push(entry(&format!("{sender} {number}"))).await.unwrap();
                }
            })
        })
        .collect();
    let (mut seen, mut last) = (vec![0; SENDERS], 0);
    while seen.iter().sum::<usize>() < SENDERS * EACH {
        spool.wait(last).await;
        for (position, entry) in spool.read(last, 64).unwrap() {
            let text = String::from_utf8(entry.to_vec()).unwrap();
            let (sender, number) = text.split_once(' ').unwrap();
            let (sender, number): (usize, usize) = (sender.parse().unwrap(), number.parse().unwrap());
            assert_eq!(seen[sender], number);
            assert_eq!(position, last + 1);
            (seen[sender], last) = (number + 1, position);
        }
        spool.done(last).await;
    }
    for sender in senders {
        sender.await.unwrap();
    }
    until(|| spool.bytes() == 0).await;
}

#[tokio::test]
async fn one_process_has_it_open_and_no_other_file_is_taken_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spool");
    let _spool = Spool::open(&path, 8).unwrap();
    assert!(Spool::open(&path, 8).is_err());
    let other = folder.path().join("other");
    std::fs::write(&other, "something else, which is not to be lost").unwrap();
    assert!(Spool::open(&other, 8).is_err());
    assert_eq!(std::fs::read(&other).unwrap(), b"something else, which is not to be lost");
}
