//! The store beside a map that knows nothing of databases.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use ringwall_store::{Batch, Expect, Place, Record, Scan, Store, StoreError};
use tokio::runtime::Handle;

use crate::lab::{KIND, Lab};

/// Few, so that they meet.
const NAMES: [&str; 5] = ["a", "a/", "a/b", "b", "\u{e9}"];

type Twin = BTreeMap<String, (Vec<u8>, i64)>;

#[derive(Debug, Clone)]
enum Step {
    /// Batches that are committed at the same time.
    Commit(Vec<Vec<Operation>>),
    Scan {
        prefix: String,
        after: Option<String>,
        limit: usize,
    },
    Reopen,
}

#[derive(Debug, Clone)]
struct Operation {
    name: &'static str,
    expect: Guess,
    /// What to write, nothing to delete.
    action: Action,
}

#[derive(Debug, Clone)]
enum Action {
    Put(Vec<u8>),
    Delete,
    Require,
}

#[derive(Debug, Clone, Copy)]
enum Guess {
    Any,
    Absent,
    Present,
    /// The revision before the step, or this much off.
    Revision(i64),
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let guess = prop_oneof![
        Just(Guess::Any),
        Just(Guess::Absent),
        Just(Guess::Present),
        Just(Guess::Revision(0)),
        Just(Guess::Revision(-1)),
    ];
    let action = prop_oneof![
        3 => prop::collection::vec(any::<u8>(), 0..4).prop_map(Action::Put),
        1 => Just(Action::Delete),
        1 => Just(Action::Require),
    ];
    prop::sample::subsequence(&NAMES[..], 1..=3).prop_flat_map(move |names| {
        let details = prop::collection::vec((guess.clone(), action.clone()), names.len());
        details.prop_map(move |details| {
            let pairs = names.iter().zip(details);
            pairs.map(|(name, (expect, action))| Operation { name, expect, action }).collect()
        })
    })
}

fn step() -> impl Strategy<Value = Step> {
    let name = prop::sample::select(&NAMES[..]).prop_map(str::to_owned);
    prop_oneof![
        6 => prop::collection::vec(operations(), 1..=6).prop_map(Step::Commit),
        3 => (prop_oneof![Just(String::new()), name.clone()], prop::option::of(name), 0_usize..4)
            .prop_map(|(prefix, after, limit)| Step::Scan { prefix, after, limit }),
        1 => Just(Step::Reopen),
    ]
}

pub(crate) async fn agrees_with_a_map(lab: &Lab) {
    let handle = Handle::current();
    let cases = if lab.is_postgres() { 24 } else { 48 };
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let address = lab.address.clone();
    tokio::task::spawn_blocking(move || {
        let accounts = AtomicU64::new(0);
        TestRunner::new(config)
            .run(&prop::collection::vec(step(), 1..12), |steps| {
                let account = accounts.fetch_add(1, Ordering::Relaxed);
                handle.block_on(check(&address, &format!("{account:012}"), &steps));
                Ok(())
            })
            .unwrap();
    })
    .await
    .unwrap();
}

async fn open(address: &str) -> Store {
    Store::open(address, Default::default()).await.unwrap()
}

async fn check(address: &str, account: &str, steps: &[Step]) {
    let mut store = open(address).await;
    let mut twin = Twin::new();
    for step in steps {
        match step {
            Step::Commit(batches) => commit(&store, account, batches, &mut twin).await,
            Step::Scan { prefix, after, limit } => {
                let scan = Scan { prefix, after: after.as_deref(), limit: *limit };
                let found = store.scan(account, "", KIND, scan).await.unwrap();
                let expected: Vec<Record> = records(account, &twin)
                    .filter(|record| record.place.name.starts_with(prefix))
                    .filter(|record| after.as_ref().is_none_or(|after| record.place.name > *after))
                    .take(*limit)
                    .collect();
                assert_eq!(found, expected);
            }
            Step::Reopen => {
                store.close().await;
                store = open(address).await;
            }
        }
        let all = store.scan(account, "", KIND, Scan::default()).await.unwrap();
        assert_eq!(all, records(account, &twin).collect::<Vec<_>>());
        for name in NAMES {
            let found = store.get(&Place::new(account, "", KIND, name)).await.unwrap();
            assert_eq!(found.map(|record| (record.body, record.revision)), twin.get(name).cloned());
        }
    }
    store.close().await;
}

fn records<'t>(account: &'t str, twin: &'t Twin) -> impl Iterator<Item = Record> + 't {
    twin.iter().map(move |(name, (body, revision))| Record {
        place: Place::new(account, "", KIND, name),
        body: body.clone(),
        revision: *revision,
    })
}

/// Commits all at once. The generations say in which order they were made; a refused one must be refused by one of the
/// states in between.
async fn commit(store: &Store, account: &str, batches: &[Vec<Operation>], twin: &mut Twin) {
    let expected: Vec<Vec<(&Operation, Expect)>> = batches
        .iter()
        .map(|batch| batch.iter().map(|operation| (operation, expectation(operation, twin))).collect())
        .collect();
    let tasks: Vec<_> = expected
        .iter()
        .map(|operations| {
            let mut batch = Batch::new();
            for (Operation { name, action, .. }, expect) in operations {
                let place = Place::new(account, "", KIND, *name);
                match action {
                    Action::Put(body) => batch.put(place, body.clone(), *expect),
                    Action::Delete => batch.delete(place, *expect),
                    Action::Require => batch.require(place, *expect),
                };
            }
            let store = store.clone();
            tokio::spawn(async move { store.commit(batch).await })
        })
        .collect();
    let (mut made, mut refused) = (BTreeMap::new(), Vec::new());
    for (operations, task) in expected.iter().zip(tasks) {
        match task.await.unwrap() {
            Ok(generation) => assert!(made.insert(generation, operations).is_none()),
            Err(StoreError::Conflict(place)) => refused.push((operations, place.name)),
            Err(error) => panic!("{error}"),
        }
    }
    let mut states = vec![twin.clone()];
    for (generation, operations) in made {
        for (operation, expect) in operations {
            assert!(met(*expect, twin.get(operation.name)), "{operation:?} at {generation} of {twin:?}");
        }
        for (operation, _) in operations {
            match &operation.action {
                Action::Put(body) => {
                    twin.insert(operation.name.to_owned(), (body.clone(), generation));
                }
                Action::Delete => {
                    twin.remove(operation.name);
                }
                Action::Require => {}
            }
        }
        states.push(twin.clone());
    }
    for (operations, name) in refused {
        let (_, expect) = operations.iter().find(|(operation, _)| operation.name == name).unwrap();
        assert!(
            states.iter().any(|state| !met(*expect, state.get(&name))),
            "{operations:?} at {name}: {states:?}"
        );
    }
}

fn expectation(operation: &Operation, twin: &Twin) -> Expect {
    match operation.expect {
        Guess::Any => Expect::Any,
        Guess::Absent => Expect::Absent,
        Guess::Present => Expect::Present,
        Guess::Revision(off) => {
            Expect::Revision(twin.get(operation.name).map_or(0, |(_, revision)| revision + off))
        }
    }
}

fn met(expect: Expect, record: Option<&(Vec<u8>, i64)>) -> bool {
    match expect {
        Expect::Any => true,
        Expect::Absent => record.is_none(),
        Expect::Present => record.is_some(),
        Expect::Revision(revision) => record.is_some_and(|(_, found)| *found == revision),
    }
}
