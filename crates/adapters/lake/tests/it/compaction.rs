use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use ringwall_lake::{CompactSettings, Day, Lake, Location, Settings, compact, expire};

use crate::support::{event, event_on, files, ids, shop};

/// A day after the events'.
const LATER: i64 = 1_796_000_000_000;

fn settings(grace: u64) -> CompactSettings {
    // The files' own times are those of the machine.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
    CompactSettings { now: now + 1, grace: Duration::from_secs(grace), ..CompactSettings::at(LATER) }
}

async fn flushed(location: &Location, flushes: &[Vec<(u64, &str)>]) {
    for flush in flushes {
        let mut lake = Lake::open(location.clone(), Settings::default());
        for (position, id) in flush {
            lake.append(&shop(), *position, event(id, *position as u32)).unwrap();
        }
        lake.flush().await.unwrap();
    }
}

#[tokio::test]
async fn readers_see_each_row_once_at_every_step() {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::folder(folder.path()).unwrap();
    flushed(&location, &[vec![(1, "a"), (2, "b")], vec![(3, "c")], vec![(4, "b"), (5, "d")]]).await;
    assert_eq!(ids(&location).await, ["a", "b", "b", "c", "d"]);
    let done = compact(&location, &settings(3600)).await.unwrap();
    assert_eq!((done.made, done.replaced, done.rows, done.repeated, done.deleted), (1, 3, 4, 1, 0));
    assert_eq!(files(folder.path()).len(), 5, "the old files are still there");
    assert_eq!(ids(&location).await, ["a", "b", "c", "d"]);
    // Nothing is compacted anew as long as old files are there.
    assert_eq!(compact(&location, &settings(3600)).await.unwrap().made, 0);
    let done = compact(&location, &settings(0)).await.unwrap();
    assert_eq!((done.made, done.deleted), (0, 3));
    assert_eq!(files(folder.path()).len(), 1);
    assert_eq!(ids(&location).await, ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn a_crash_at_any_step_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::folder(folder.path()).unwrap();
    flushed(&location, &[vec![(1, "a")], vec![(2, "b")], vec![(3, "c")]]).await;
    compact(&location, &settings(3600)).await.unwrap();
    let all = files(folder.path());
    let name = |file: &std::path::Path| file.file_name().unwrap().to_str().unwrap().to_owned();
    let compacted = all.iter().find(|file| name(file).starts_with("compact-")).unwrap().clone();
    let kept = std::fs::read(&compacted).unwrap();
    // Before its second step: the list is there alone, and means nothing.
    std::fs::remove_file(&compacted).unwrap();
    assert_eq!(ids(&location).await, ["a", "b", "c"]);
    // The run that comes after it does the same again.
    compact(&location, &settings(3600)).await.unwrap();
    assert_eq!(std::fs::read(&compacted).unwrap(), kept);
    // In its third step: some old files are gone.
    let old = all.iter().find(|file| name(file).starts_with("shop-")).unwrap();
    std::fs::remove_file(old).unwrap();
    assert_eq!(ids(&location).await, ["a", "b", "c"]);
    let done = compact(&location, &settings(0)).await.unwrap();
    assert_eq!((done.deleted, done.made), (2, 0));
    assert_eq!(ids(&location).await, ["a", "b", "c"]);
    assert_eq!(files(folder.path()), [compacted]);
}

#[tokio::test]
async fn days_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::folder(folder.path()).unwrap();
    for (position, day) in [(1, "2026-11-18"), (2, "2026-11-18"), (3, "2026-11-19"), (4, "2026-11-19")] {
        let mut lake = Lake::open(location.clone(), Settings::default());
        lake.append(&shop(), position, event_on(&position.to_string(), day, 1)).unwrap();
        lake.flush().await.unwrap();
    }
    let before = Day::parse("20261119").unwrap();
    let done = compact(&location, &CompactSettings { before, ..settings(0) }).await.unwrap();
    assert_eq!((done.made, done.replaced, done.deleted), (1, 2, 2), "a day that goes on is left alone");
    assert_eq!(ids(&location).await, ["1", "2", "3", "4"]);
    assert_eq!(expire(&location, before).await.unwrap().files, 1);
    assert_eq!(ids(&location).await, ["3", "4"]);
    assert_eq!(before.before(1).to_string(), "20261118");
    assert_eq!((Day::parse("20261331"), Day::parse("2026111"), Day::parse("+2026111")), (None, None, None));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// The naive twin of the lake is a set of ids.
    #[test]
    fn whatever_is_flushed_and_compacted_is_a_set(
        flushes in proptest::collection::vec(proptest::collection::vec(0_u64..30, 1..8), 1..6),
        compactions in proptest::collection::vec(0_u64..3, 1..5),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let location = Location::folder(folder.path()).unwrap();
            let mut position = 0;
            let mut twin = BTreeSet::new();
            for flush in &flushes {
                let mut lake = Lake::open(location.clone(), Settings::default());
                for id in flush {
                    position += 1;
                    twin.insert(format!("{id:02}"));
                    lake.append(&shop(), position, event(&format!("{id:02}"), position as u32)).unwrap();
                }
                lake.flush().await.unwrap();
                for step in &compactions {
                    compact(&location, &settings(if *step == 0 { 3600 } else { 0 })).await.unwrap();
                }
            }
            compact(&location, &settings(0)).await.unwrap();
            compact(&location, &settings(0)).await.unwrap();
            let found = ids(&location).await;
            let distinct: BTreeSet<String> = found.iter().cloned().collect();
            assert_eq!(distinct, twin);
            // One file was never compacted, so that its own repetitions stay.
            if flushes.len() > 1 {
                assert_eq!(found.len(), distinct.len());
            }
        });
    }
}
