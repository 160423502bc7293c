//! Backups of one database, restored into another.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ringwall_store::{Batch, Changed, Expect, Place, Record, Store, StoreError, Table};

use crate::lab::{ACCOUNT, KIND, Lab, place};
use crate::records::{Count, delete, put};

async fn all(store: &Store) -> Vec<Record> {
    let mut found: Vec<Record> = Vec::new();
    loop {
        let page = store.scan_kind(KIND, found.last().map(|record| &record.place), 1_000).await.unwrap();
        if page.is_empty() {
            return found;
        }
        found.extend(page);
    }
}

/// Records of several accounts and commits, more than are read at once, and one that is deleted.
async fn fill(store: &Store) {
    for round in 0..3 {
        let mut batch = Batch::new();
        for at in 0..100 {
            let account = if at % 2 == 0 { ACCOUNT } else { "" };
            let body = vec![round * 80 + (at % 80); usize::from(at)];
            batch.put(Place::new(account, "", KIND, format!("{round} \u{e9} {at}")), body, Expect::Absent);
        }
        store.commit(batch).await.unwrap();
    }
    delete(store, "1 \u{e9} 4", Expect::Present).await.unwrap();
}

pub(crate) async fn are_restored_as_they_were(lab: &Lab) {
    let store = lab.store().await;
    fill(&store).await;
    let path = lab.path("store.backup");
    let made = store.backup(&path).await.unwrap();
    assert_eq!((made.records, made.generation), (299, store.generation().await.unwrap()));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let file = std::io::BufReader::new(std::fs::File::open(&path).unwrap());
    assert_eq!(ringwall_store::check_backup(file, &path).unwrap(), made);
    // Into a database of its own sort, and into one of SQLite, from which it goes back.
    let (same, sqlite) = (lab.another().await, Lab::sqlite());
    for other in [&same, &sqlite] {
        let restored = other.store().await;
        assert_eq!(restored.restore(&path).await.unwrap(), made);
        assert_eq!(all(&restored).await, all(&store).await);
        assert!(restored.generation().await.unwrap() > made.generation);
        // Life goes on there.
        let revision = store.get(&place("0 \u{e9} 0")).await.unwrap().unwrap().revision;
        put(&restored, "0 \u{e9} 0", b"new", Expect::Revision(revision)).await.unwrap();
    }
    let again = sqlite.store().await;
    again.backup(&path).await.unwrap();
    let other = lab.another().await;
    let back = other.store().await;
    back.restore(&path).await.unwrap();
    assert_eq!(all(&back).await, all(&again).await);
}

/// What moves from one record to another meanwhile is in the backup once.
pub(crate) async fn show_one_moment(lab: &Lab) {
    let store = lab.store().await;
    fill(&store).await;
    put(&store, "0 left", b"{\"count\":1000}", Expect::Absent).await.unwrap();
    put(&store, "9 right", b"{\"count\":0}", Expect::Absent).await.unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let mover = tokio::spawn({
        let (store, done) = (store.clone(), Arc::clone(&done));
        async move {
            let table: Table<Count> = Table::new(&store, KIND);
            let mut moved = 0;
            while !done.load(Ordering::SeqCst) && moved < 1_000 {
                moved += 1;
                let mut batch = Batch::new();
                table.put(
                    &mut batch,
                    ACCOUNT,
                    "",
                    "0 left",
                    &Count { count: 1_000 - moved },
                    Expect::Present,
                );
                table.put(&mut batch, ACCOUNT, "", "9 right", &Count { count: moved }, Expect::Present);
                store.commit(batch).await.unwrap();
            }
            moved
        }
    });
    let mut moments = Vec::new();
    for at in 0..5 {
        let path = lab.path(&format!("{at}.backup"));
        store.backup(&path).await.unwrap();
        let other = Lab::sqlite();
        let copy = other.store().await;
        copy.restore(&path).await.unwrap();
        let table: Table<Count> = Table::new(&copy, KIND);
        let count = async |name| table.get(ACCOUNT, "", name).await.unwrap().unwrap().value.count;
        let (left, right) = (count("0 left").await, count("9 right").await);
        assert_eq!(left + right, 1_000);
        moments.push(right);
    }
    done.store(true, Ordering::SeqCst);
    assert!(mover.await.unwrap() > 0);
    assert!(moments.is_sorted(), "{moments:?}");
}

pub(crate) async fn are_restored_into_empty_stores_alone(lab: &Lab) {
    let store = lab.store().await;
    put(&store, "a", b"1", Expect::Absent).await.unwrap();
    let path = lab.path("store.backup");
    store.backup(&path).await.unwrap();
    put(&store, "b", b"2", Expect::Absent).await.unwrap();
    let before = (all(&store).await, store.generation().await.unwrap());
    assert!(matches!(store.restore(&path).await, Err(StoreError::NotEmpty)));
    assert_eq!((all(&store).await, store.generation().await.unwrap()), before);
}

pub(crate) async fn that_are_damaged_restore_nothing(lab: &Lab) {
    let store = lab.store().await;
    fill(&store).await;
    let path = lab.path("store.backup");
    store.backup(&path).await.unwrap();
    let whole = std::fs::read(&path).unwrap();
    let other = lab.another().await;
    let target = other.store().await;
    for damage in 0..4 {
        let mut bytes = whole.clone();
        match damage {
            0 => bytes.truncate(whole.len() / 2),
            1 => bytes[whole.len() / 2] ^= 1,
            // The last record is missing, the end is there.
            2 => {
                let lines: Vec<_> = whole.split_inclusive(|byte| *byte == b'\n').collect();
                let (end, kept) = (lines[lines.len() - 1], &lines[..lines.len() - 2]);
                bytes = [&kept.concat()[..], end].concat();
            }
            _ => bytes.clear(),
        }
        std::fs::write(&path, bytes).unwrap();
        let error = target.restore(&path).await.unwrap_err();
        assert!(matches!(&error, StoreError::BadBackup { path: at, .. } if *at == path), "{error}");
        assert!(error.hint().is_some());
        assert_eq!((all(&target).await, target.generation().await.unwrap()), (Vec::new(), 0));
    }
    let missing = target.restore(Path::new("/no/such.backup")).await.unwrap_err();
    assert_eq!(missing.to_string(), "`/no/such.backup` can't be opened");
    std::fs::write(&path, whole).unwrap();
    target.restore(&path).await.unwrap();
}

/// Another process that remembers what was there before finds all of it gone.
pub(crate) async fn restored_are_seen_by_others(lab: &Lab) {
    let path = lab.path("store.backup");
    let other = lab.another().await;
    let source = other.store().await;
    put(&source, "a", b"{\"count\":7}", Expect::Absent).await.unwrap();
    source.backup(&path).await.unwrap();

    let (ours, theirs) = (lab.store().await, lab.deaf_store().await);
    let tables: [Table<Count>; 2] = [Table::new(&ours, KIND), Table::new(&theirs, KIND)];
    for count in 0..5 {
        put(&ours, "a", format!("{{\"count\":{count}}}").as_bytes(), Expect::Any).await.unwrap();
    }
    theirs.refresh().await.unwrap();
    for table in &tables {
        assert_eq!(table.get(ACCOUNT, "", "a").await.unwrap().unwrap().value.count, 4);
    }
    delete(&ours, "a", Expect::Present).await.unwrap();
    let mut changes = theirs.subscribe();
    ours.restore(&path).await.unwrap();
    theirs.refresh().await.unwrap();
    assert_eq!(changes.next().await, Some(Changed::Anything));
    for table in &tables {
        assert_eq!(table.get(ACCOUNT, "", "a").await.unwrap().unwrap().value.count, 7);
    }
}

pub(crate) async fn leave_nothing_when_they_fail(lab: &Lab) {
    let store = lab.store().await;
    put(&store, "a", b"1", Expect::Absent).await.unwrap();
    // A folder of the name can't be replaced by a file.
    let backups = lab.path("backups");
    std::fs::create_dir_all(backups.join("taken/inside")).unwrap();
    let error = store.backup(&backups.join("taken")).await.unwrap_err();
    assert!(matches!(error, StoreError::File { .. }), "{error}");
    assert!(store.backup(&lab.path("no/such/folder")).await.is_err());
    assert!(store.backup(Path::new("/")).await.is_err());
    let left: Vec<_> = std::fs::read_dir(&backups).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["taken"]);
    store.backup(&backups.join("good")).await.unwrap();
    // A second one takes the first one's place.
    put(&store, "b", b"1", Expect::Absent).await.unwrap();
    assert_eq!(store.backup(&backups.join("good")).await.unwrap().records, 2);
    assert_eq!(std::fs::read_dir(&backups).unwrap().count(), 2);
}
