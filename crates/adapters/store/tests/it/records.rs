//! What every database has to do.

use std::sync::Arc;

use ringwall_store::{
    Batch, Change, Expect, MAX_BODY, MAX_NAME, MAX_PAGE, Place, Record, Scan, Store, StoreError, Table,
};
use serde::{Deserialize, Serialize};

use crate::lab::{ACCOUNT, KIND, Lab, place};

pub(crate) async fn put(store: &Store, name: &str, body: &[u8], expect: Expect) -> Result<i64, StoreError> {
    let mut batch = Batch::new();
    batch.put(place(name), body.to_vec(), expect);
    store.commit(batch).await
}

pub(crate) async fn delete(store: &Store, name: &str, expect: Expect) -> Result<i64, StoreError> {
    let mut batch = Batch::new();
    batch.delete(place(name), expect);
    store.commit(batch).await
}

async fn names(store: &Store, scan: Scan<'_>) -> Vec<String> {
    let records = store.scan(ACCOUNT, "", KIND, scan).await.unwrap();
    records.into_iter().map(|record| record.place.name).collect()
}

pub(crate) async fn are_read_as_they_were_written(lab: &Lab) {
    let store = lab.store().await;
    let long = "\u{10FFFE}".repeat(MAX_NAME / 4);
    let large: Vec<u8> = (0..MAX_BODY).map(|at| (at % 251) as u8).collect();
    let bodies: [(&str, &[u8]); 5] = [
        ("a", b""),
        ("a b'\"\\%_$1?", b"\0\xff"),
        ("\u{e9}\u{1f512}", b"{}"),
        (&long, b"long"),
        ("large", &large),
    ];
    let mut batch = Batch::new();
    for (name, body) in bodies {
        batch.put(place(name), body.to_vec(), Expect::Absent);
    }
    let revision = store.commit(batch).await.unwrap();
    for (name, body) in bodies {
        let record = Record { place: place(name), body: body.to_vec(), revision };
        assert_eq!(store.get(&place(name)).await.unwrap(), Some(record));
    }
    // The same name elsewhere is another record.
    for elsewhere in [
        Place::new(ACCOUNT, "eu-west-1", KIND, "a"),
        Place::new("", "", KIND, "a"),
        Place::new(ACCOUNT, "", "test/other", "a"),
        place("b"),
        place(""),
        place("a\0"),
    ] {
        assert_eq!(store.get(&elsewhere).await.unwrap(), None);
    }
    let later = put(&store, "a", b"2", Expect::Any).await.unwrap();
    assert!(later > revision);
    assert_eq!(store.generation().await.unwrap(), later);
    let reopened = lab.store().await;
    assert_eq!(reopened.get(&place("a")).await.unwrap().unwrap().body, b"2");
    delete(&store, "a", Expect::Present).await.unwrap();
    assert_eq!(reopened.get(&place("a")).await.unwrap(), None);
}

pub(crate) async fn are_listed_in_bytewise_order(lab: &Lab) {
    let store = lab.store().await;
    let mut sorted =
        ["a", "B", "b", "_", "\u{e9}", "Z", "a b", "a/b", "a-b", "ab", "\u{FFFF}", "\u{1f512}", "A"];
    for name in sorted {
        put(&store, name, b"", Expect::Absent).await.unwrap();
    }
    put(&store, "gone", b"", Expect::Absent).await.unwrap();
    delete(&store, "gone", Expect::Present).await.unwrap();
    sorted.sort_unstable();
    assert_eq!(names(&store, Scan::default()).await, sorted);
    for prefix in ["", "a", "a/", "\u{e9}", "zz"] {
        let expected: Vec<_> = sorted.iter().filter(|name| name.starts_with(prefix)).collect();
        let mut found = Vec::new();
        loop {
            let after = found.last().cloned();
            let page = names(&store, Scan { prefix, after: after.as_deref(), limit: 2 }).await;
            assert!(page.len() <= 2);
            if page.is_empty() {
                break;
            }
            found.extend(page);
        }
        assert_eq!(found.iter().collect::<Vec<_>>(), expected.iter().map(|name| **name).collect::<Vec<_>>());
    }
    assert_eq!(names(&store, Scan { limit: 0, ..Scan::default() }).await, [""; 0]);
    assert_eq!(names(&store, Scan { prefix: "a\0", ..Scan::default() }).await, [""; 0]);
}

pub(crate) async fn of_all_accounts_are_listed_page_by_page(lab: &Lab) {
    let store = lab.store().await;
    let mut places = Vec::new();
    let mut batch = Batch::new();
    for account in ["", "000000000001", "123456789012"] {
        for region in ["", "eu-west-1", "us-east-1"] {
            for name in ["a", "b"] {
                places.push(Place::new(account, region, KIND, name));
                batch.put(Place::new(account, region, KIND, name), Vec::new(), Expect::Absent);
                batch.put(Place::new(account, region, "test/zother", name), Vec::new(), Expect::Absent);
                batch.put(Place::new(account, region, "test/a", name), Vec::new(), Expect::Absent);
            }
        }
    }
    store.commit(batch).await.unwrap();
    for limit in [1, 4, 5, MAX_PAGE + 1] {
        let mut found: Vec<Place> = Vec::new();
        loop {
            let page = store.scan_kind(KIND, found.last(), limit).await.unwrap();
            if page.is_empty() {
                break;
            }
            found.extend(page.into_iter().map(|record| record.place));
        }
        assert_eq!(found, places);
    }
}

pub(crate) async fn are_written_if_they_are_as_expected(lab: &Lab) {
    let store = lab.store().await;
    let conflict =
        |result: Result<i64, StoreError>| matches!(result, Err(StoreError::Conflict(at)) if at == place("a"));
    // No record.
    assert!(conflict(put(&store, "a", b"1", Expect::Present).await));
    assert!(conflict(put(&store, "a", b"1", Expect::Revision(1)).await));
    assert!(conflict(put(&store, "a", b"1", Expect::Revision(0)).await));
    assert!(conflict(delete(&store, "a", Expect::Present).await));
    delete(&store, "a", Expect::Any).await.unwrap();
    delete(&store, "a", Expect::Absent).await.unwrap();
    let first = put(&store, "a", b"1", Expect::Absent).await.unwrap();
    // A record.
    assert!(conflict(put(&store, "a", b"2", Expect::Absent).await));
    assert!(conflict(delete(&store, "a", Expect::Absent).await));
    assert_eq!(store.get(&place("a")).await.unwrap().unwrap().body, b"1");
    let second = put(&store, "a", b"2", Expect::Revision(first)).await.unwrap();
    assert!(conflict(put(&store, "a", b"3", Expect::Revision(first)).await));
    let third = put(&store, "a", b"3", Expect::Present).await.unwrap();
    assert!(conflict(delete(&store, "a", Expect::Revision(second)).await));
    delete(&store, "a", Expect::Revision(third)).await.unwrap();
    // A deleted record.
    assert!(conflict(put(&store, "a", b"4", Expect::Revision(third)).await));
    assert!(conflict(put(&store, "a", b"4", Expect::Present).await));
    let fourth = put(&store, "a", b"4", Expect::Absent).await.unwrap();
    assert!(fourth > third && third > second && second > first);
}

pub(crate) async fn that_cannot_be_are_refused(lab: &Lab) {
    let store = lab.store().await;
    let generation = store.generation().await.unwrap();
    assert!(matches!(put(&store, "a\0", b"", Expect::Any).await, Err(StoreError::BadPlace { .. })));
    let large = vec![0; MAX_BODY + 1];
    assert!(matches!(put(&store, "a", &large, Expect::Any).await, Err(StoreError::BodyTooLarge { .. })));
    assert_eq!(store.generation().await.unwrap(), generation);
}

pub(crate) async fn of_a_batch_are_written_together_or_not_at_all(lab: &Lab) {
    let store = lab.store().await;
    let before = put(&store, "there", b"1", Expect::Absent).await.unwrap();
    let mut refused = Batch::new();
    refused
        .put(place("new"), Vec::new(), Expect::Absent)
        .delete(place("there"), Expect::Present)
        .require(place("missing"), Expect::Present);
    assert!(matches!(store.commit(refused).await, Err(StoreError::Conflict(at)) if at == place("missing")));
    assert_eq!(names(&store, Scan::default()).await, ["there"]);
    assert_eq!(store.generation().await.unwrap(), before);
    let mut made = Batch::new();
    made.put(place("new"), Vec::new(), Expect::Absent)
        .delete(place("there"), Expect::Revision(before))
        .require(place("missing"), Expect::Absent);
    let after = store.commit(made).await.unwrap();
    assert_eq!(names(&store, Scan::default()).await, ["new"]);
    assert_eq!(store.get(&place("new")).await.unwrap().unwrap().revision, after);
}

/// Of many that create the same record one does, and those beside it are not held back.
pub(crate) async fn of_batches_that_wait_are_checked_one_by_one(lab: &Lab) {
    let store = lab.store().await;
    let commits: Vec<_> = (0..300)
        .map(|at| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut batch = Batch::new();
                batch.put(place(&format!("own {at}")), Vec::new(), Expect::Absent);
                batch.put(place(&format!("shared {}", at % 30)), at.to_string().into_bytes(), Expect::Absent);
                (at, store.commit(batch).await)
            })
        })
        .collect();
    let mut generations = Vec::new();
    for commit in commits {
        let (at, result) = commit.await.unwrap();
        let own = store.get(&place(&format!("own {at}"))).await.unwrap();
        let shared = store.get(&place(&format!("shared {}", at % 30))).await.unwrap().unwrap();
        match result {
            Ok(generation) => {
                assert_eq!((own.unwrap().revision, shared.revision), (generation, generation));
                assert_eq!(shared.body, at.to_string().into_bytes());
                generations.push(generation);
            }
            Err(StoreError::Conflict(conflict)) => {
                assert_eq!((conflict, own), (shared.place, None));
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(generations.len(), 30);
    generations.sort_unstable();
    generations.dedup();
    assert_eq!(generations.len(), 30, "every commit has a generation of its own");
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Count {
    pub(crate) count: u64,
}

pub(crate) async fn are_updated_by_many_at_once(lab: &Lab) {
    let stores = [lab.store().await, lab.store().await];
    let tasks: Vec<_> = (0..6)
        .map(|task| {
            let table: Table<Count> = Table::new(&stores[task % 2], KIND);
            tokio::spawn(async move {
                for _ in 0..20 {
                    table
                        .update::<StoreError>(&place("count"), |now| {
                            let count = now.map_or(0, |now| now.count);
                            Ok(Change::Put(Count { count: count + 1 }))
                        })
                        .await
                        .unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    for store in stores {
        store.refresh().await.unwrap();
        let table: Table<Count> = Table::new(&store, KIND);
        assert_eq!(table.get(ACCOUNT, "", "count").await.unwrap().unwrap().value.count, 120);
    }
}

pub(crate) async fn as_values_are_read_as_they_were_written(lab: &Lab) {
    let store = lab.store().await;
    let table: Table<Count> = Table::new(&store, KIND);
    assert_eq!(table.get(ACCOUNT, "", "a").await.unwrap(), None);
    let mut batch = Batch::new();
    for (name, count) in [("a", 1), ("b", 2)] {
        table.put(&mut batch, ACCOUNT, "", name, &Count { count }, Expect::Absent);
    }
    let revision = store.commit(batch).await.unwrap();
    let row = table.get(ACCOUNT, "", "a").await.unwrap().unwrap();
    assert_eq!((row.value.count, row.revision, &row.place), (1, revision, &place("a")));
    let again = table.clone().get(ACCOUNT, "", "a").await.unwrap().unwrap();
    assert!(Arc::ptr_eq(&row, &again), "the second one is from memory");

    let rows = table.scan(ACCOUNT, "", Scan::default()).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.value.count).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(table.scan_all(Some(&place("a")), 10).await.unwrap(), rows[1..]);

    let update = async |change: Change<Count>| {
        let row = table.update::<StoreError>(&place("a"), |_| Ok(change.clone())).await.unwrap();
        row.map(|row| row.value.count)
    };
    assert_eq!(update(Change::Put(Count { count: 7 })).await, Some(7));
    assert_eq!(table.get(ACCOUNT, "", "a").await.unwrap().unwrap().value.count, 7);
    assert_eq!(update(Change::Keep).await, Some(7));
    assert_eq!(update(Change::Delete).await, None);
    assert_eq!(table.get(ACCOUNT, "", "a").await.unwrap(), None);
    assert_eq!(update(Change::Delete).await, None);
    assert_eq!(update(Change::Keep).await, None);
    let refused = table.update(&place("b"), |_| Err(StoreError::Closed)).await;
    assert!(matches!(refused, Err(StoreError::Closed)));
}

pub(crate) async fn that_are_no_such_values_are_told(lab: &Lab) {
    let store = lab.store().await;
    put(&store, "a", b"{\"count\": -1}", Expect::Absent).await.unwrap();
    let table: Table<Count> = Table::new(&store, KIND);
    let error = table.get(ACCOUNT, "", "a").await.unwrap_err();
    assert!(matches!(&error, StoreError::Unreadable { place: at, .. } if *at == place("a")), "{error}");
    let words: Table<std::collections::BTreeMap<Vec<u8>, u8>> = Table::new(&store, KIND);
    let mut batch = Batch::new();
    words.put(&mut batch, ACCOUNT, "", "b", &[(vec![1], 1)].into(), Expect::Any);
    assert!(matches!(store.commit(batch).await, Err(StoreError::Unwritable { .. })));
}

pub(crate) async fn are_not_to_be_had_of_a_closed_store(lab: &Lab) {
    let store = lab.store().await;
    let mut changes = store.subscribe();
    put(&store, "a", b"1", Expect::Absent).await.unwrap();
    store.clone().close().await;
    assert!(matches!(put(&store, "b", b"1", Expect::Absent).await, Err(StoreError::Closed)));
    assert!(store.get(&place("a")).await.is_err());
    assert!(changes.next().await.is_some());
    assert!(changes.next().await.is_none());
    assert!(store.subscribe().next().await.is_none());
    assert!(lab.store().await.get(&place("a")).await.unwrap().is_some());
}
