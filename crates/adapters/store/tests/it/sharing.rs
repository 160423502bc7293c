//! Two stores on one database, as two processes have it.

use std::collections::BTreeSet;
use std::time::Duration;

use ringwall_store::{Batch, Changed, Changes, Expect, Options, Store, Table};

use crate::lab::{ACCOUNT, KIND, Lab, place};
use crate::records::{Count, delete, put};

/// The names of the places that changed, until these are among them.
async fn until(changes: &mut Changes, wanted: &[&str]) -> BTreeSet<String> {
    let mut told = BTreeSet::new();
    while !wanted.iter().all(|name| told.contains(*name)) {
        match changes.next().await.unwrap() {
            Changed::Places(places) => told.extend(places.iter().map(|place| place.name.clone())),
            Changed::Anything => panic!("the places are few enough to be named"),
        }
    }
    told
}

pub(crate) async fn changes_of_others_are_seen(lab: &Lab) {
    let ours = lab.store().await;
    let options = Options { poll: Duration::from_millis(20), ..Options::default() };
    let theirs = Store::open(&lab.address, options).await.unwrap();
    let table: Table<Count> = Table::new(&theirs, KIND);
    put(&ours, "a", b"{\"count\":1}", Expect::Absent).await.unwrap();
    put(&ours, "b", b"{\"count\":1}", Expect::Absent).await.unwrap();
    theirs.refresh().await.unwrap();
    let mut changes = theirs.subscribe();
    for name in ["a", "b"] {
        assert_eq!(table.get(ACCOUNT, "", name).await.unwrap().unwrap().value.count, 1);
    }
    // By looking now and then, without being asked to.
    put(&ours, "a", b"{\"count\":2}", Expect::Present).await.unwrap();
    until(&mut changes, &["a"]).await;
    assert_eq!(table.get(ACCOUNT, "", "a").await.unwrap().unwrap().value.count, 2);
    // Deletions too.
    delete(&ours, "b", Expect::Present).await.unwrap();
    until(&mut changes, &["b"]).await;
    assert_eq!(table.get(ACCOUNT, "", "b").await.unwrap(), None);
    // By being asked to.
    let deaf = lab.deaf_store().await;
    let table: Table<Count> = Table::new(&deaf, KIND);
    assert_eq!(table.get(ACCOUNT, "", "a").await.unwrap().unwrap().value.count, 2);
    put(&ours, "a", b"{\"count\":3}", Expect::Present).await.unwrap();
    assert_eq!(table.get(ACCOUNT, "", "a").await.unwrap().unwrap().value.count, 2, "from memory");
    deaf.refresh().await.unwrap();
    assert_eq!(table.get(ACCOUNT, "", "a").await.unwrap().unwrap().value.count, 3);
}

/// Each sees its own commit and the other's that came before it, in whichever order they come.
pub(crate) async fn commits_in_turn_tell_both_sides(lab: &Lab) {
    let (ours, theirs) = (lab.deaf_store().await, lab.deaf_store().await);
    let mut changes = theirs.subscribe();
    put(&ours, "ours", b"", Expect::Absent).await.unwrap();
    put(&theirs, "theirs", b"", Expect::Absent).await.unwrap();
    // A commit tells of what came before it, or a subscriber would take itself for up to date.
    assert_eq!(until(&mut changes, &["theirs"]).await, ["ours", "theirs"].map(str::to_owned).into());
    put(&theirs, "again", b"", Expect::Absent).await.unwrap();
    assert_eq!(until(&mut changes, &["again"]).await, ["again".to_owned()].into());
}

async fn commit_many(store: &Store, count: usize, batch: impl Fn(usize) -> Batch) {
    let commits: Vec<_> = (0..count)
        .map(|at| {
            let (store, batch) = (store.clone(), batch(at));
            tokio::spawn(async move { store.commit(batch).await })
        })
        .collect();
    for commit in commits {
        commit.await.unwrap().unwrap();
    }
}

pub(crate) async fn many_changes_are_told_as_anything(lab: &Lab) {
    let (ours, deaf) = (lab.store().await, lab.deaf_store().await);
    let table: Table<Count> = Table::new(&deaf, KIND);
    put(&ours, "a", b"{\"count\":1}", Expect::Absent).await.unwrap();
    deaf.refresh().await.unwrap();
    assert!(table.get(ACCOUNT, "", "a").await.unwrap().is_some());
    delete(&ours, "a", Expect::Present).await.unwrap();
    let mut changes = deaf.subscribe();
    // Past the most that are named.
    commit_many(&ours, 11, |at| {
        let mut batch = Batch::new();
        for more in 0..1_000 {
            batch.put(place(&format!("{at} {more}")), Vec::new(), Expect::Any);
        }
        batch
    })
    .await;
    deaf.refresh().await.unwrap();
    assert_eq!(changes.next().await, Some(Changed::Anything));
    assert_eq!(table.get(ACCOUNT, "", "a").await.unwrap(), None);
}

pub(crate) async fn old_deletions_are_pruned(lab: &Lab) {
    let (ours, deaf) = (lab.store().await, lab.deaf_store().await);
    let table: Table<Count> = Table::new(&deaf, KIND);
    put(&ours, "a", b"{\"count\":1}", Expect::Absent).await.unwrap();
    deaf.refresh().await.unwrap();
    assert!(table.get(ACCOUNT, "", "a").await.unwrap().is_some());
    delete(&ours, "a", Expect::Present).await.unwrap();
    let mut changes = deaf.subscribe();
    let raw = lab.raw().await;
    let deletions = async || {
        let (count,): (i64,) = sqlx::query_as("SELECT count(*) FROM ringwall_records WHERE deleted = 1")
            .fetch_one(&raw)
            .await
            .unwrap();
        count
    };
    assert_eq!(deletions().await, 1);
    // Past the generations for which deletions are kept, and the next time that pruning is due.
    commit_many(&ours, 12_000, |at| {
        let mut batch = Batch::new();
        batch.require(place(&format!("no {at}")), Expect::Absent);
        batch
    })
    .await;
    // Pruning comes after the commit's answer, before the next one's.
    put(&ours, "last", b"", Expect::Absent).await.unwrap();
    assert_eq!(deletions().await, 0);
    deaf.refresh().await.unwrap();
    assert_eq!(changes.next().await, Some(Changed::Anything));
    assert_eq!(table.get(ACCOUNT, "", "a").await.unwrap(), None);
}
