//! Kills under load: what was acknowledged is there, and nothing is there by halves.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};

use ringwall_store::{Scan, Store};

use crate::child::{RECORDS, TASKS, batch, command, counter, leftover};
use crate::lab::{ACCOUNT, KIND, Lab};

/// How often the process is killed.
const KILLS: usize = 24;

pub(crate) async fn lose_nothing_that_was_acknowledged(lab: &Lab) {
    let mut acknowledged = Vec::new();
    for round in 0..KILLS {
        // Sooner and later, from before the first acknowledgement on.
        let enough = (round * round * 2) % 400;
        let address = lab.address.clone();
        let acks = tokio::task::spawn_blocking(move || kill_after(&address, round, enough)).await.unwrap();
        assert!(acks.len() >= enough);
        acknowledged.push(acks);
        if round % 6 == 5 || round == KILLS - 1 {
            let store = lab.store().await;
            for (round, acks) in acknowledged.iter().enumerate() {
                check(&store, round, acks).await;
            }
            store.close().await;
        }
    }
    assert!(acknowledged.iter().map(Vec::len).sum::<usize>() > 1_000);
}

/// Lets the child write until it has acknowledged so many batches, kills it, and returns all that it acknowledged.
fn kill_after(address: &str, round: usize, enough: usize) -> Vec<(usize, u64)> {
    let mut child = command(&[], address, round, None).spawn().unwrap();
    let mut acks = Vec::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut started = false;
    while !started || acks.len() < enough {
        let line = lines.next().expect("the child ended by itself").unwrap();
        started |= line.starts_with("running");
        acks.extend(ack(&line));
    }
    child.kill().unwrap();
    // What was in the pipe was acknowledged too.
    acks.extend(lines.map_while(Result::ok).filter_map(|line| ack(&line)));
    assert!(!child.wait().unwrap().success());
    acks
}

/// Reads `ack TASK NUMBER`; the test harness prints a word of its own in front of the first one.
fn ack(line: &str) -> Option<(usize, u64)> {
    let (_, rest) = line.split_once("ack ")?;
    let (task, number) = rest.split_once(' ')?;
    Some((task.parse().unwrap(), number.parse().unwrap()))
}

async fn names(store: &Store, prefix: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    loop {
        let after = found.last().cloned();
        let page = store
            .scan(ACCOUNT, "", KIND, Scan { prefix, after: after.as_deref(), ..Scan::default() })
            .await
            .unwrap();
        if page.is_empty() {
            return found;
        }
        for record in page {
            assert_eq!(record.body, record.place.name.as_bytes());
            found.insert(record.place.name);
        }
    }
}

async fn check(store: &Store, round: usize, acks: &[(usize, u64)]) {
    for task in 0..TASKS {
        let found = names(store, &format!("{round} {task} ")).await;
        // A task's batches come one after the other, so that there are all before the last one.
        let batches = found.len() / RECORDS;
        let expected: BTreeSet<String> = (0..batches)
            .flat_map(|number| (0..RECORDS).map(move |record| format!("{round} {task} {number} {record}")))
            .collect();
        assert_eq!(found, expected, "a batch is there by halves");
        let last = u64::try_from(batches).unwrap().checked_sub(1);
        let acknowledged = acks.iter().filter(|(of, _)| *of == task).map(|(_, number)| *number).max();
        assert!(acknowledged <= last, "{acknowledged:?} was acknowledged and {last:?} is there");
        let read = async |name: String| {
            store.get(&crate::lab::place(&name)).await.unwrap().map(|record| record.body)
        };
        assert_eq!(read(counter(round, task)).await, last.map(|last| last.to_string().into_bytes()));
        if let Some(last) = last {
            assert!(read(leftover(round, task, last)).await.is_some());
            for before in 0..last {
                assert!(read(leftover(round, task, before)).await.is_none());
            }
        }
        // At most the one batch that was not answered is there beside those that were.
        assert!(last <= Some(acknowledged.map_or(0, |acknowledged| acknowledged + 1)));
    }
    assert_eq!(batch(0, 0, 1).len(), RECORDS + 3);
}
