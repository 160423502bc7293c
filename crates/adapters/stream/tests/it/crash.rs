use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use ringwall_stream::Position;

use crate::server::Server;

/// The server is killed again and again while batches come and are committed: what was acknowledged is there, once, and what was
/// committed stays so.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: cargo xtask test"]
async fn a_killed_server_loses_nothing_that_it_acknowledged() {
    let mut server = Server::start();
    let stream = server.connect().await;
    let replica = stream.join().await.unwrap();
    let ended = Arc::new(AtomicBool::new(false));
    let pushing: Vec<_> = (0..4)
        .map(|task| {
            let (stream, ended) = (stream.clone(), Arc::clone(&ended));
            tokio::spawn(async move {
                let mut acknowledged: BTreeMap<Position, Bytes> = BTreeMap::new();
                let mut number = 0_u64;
                while !ended.load(Ordering::Relaxed) {
                    let entry = Bytes::from(format!("{task} {number} {}", "x".repeat(2000)));
                    // As an apiserver does: again until it is taken.
                    match stream.push("one", entry.clone()).await {
                        Ok(position) => {
                            acknowledged.insert(position, entry);
                            number += 1;
                        }
                        Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                    }
                }
                acknowledged
            })
        })
        .collect();
    let (position, state) = (0, Vec::new());
    let mut lease = replica.acquire("one").await.unwrap().unwrap();
    let mut committed = (position, state);
    let mut seen: BTreeMap<Position, Bytes> = BTreeMap::new();
    for round in 0..5_u32 {
        for _ in 0..5 {
            let Ok(read) = lease.read(committed.0, 64 << 10).await else { break };
            let Some((last, _)) = read.last() else {
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            let next = (*last, format!("state {last}").into_bytes());
            lease.commit(next.0, &next.1, &[]).await.unwrap();
            seen.extend(read);
            committed = next;
        }
        tokio::time::sleep(Duration::from_millis(u64::from(40 + 30 * round))).await;
        server.kill();
        server.restart();
        // A new owner, as after an error, finds what was committed.
        lease = loop {
            match replica.acquire("one").await {
                Ok(lease) => break lease.unwrap(),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        };
        assert_eq!(lease.position(), committed.0);
        assert_eq!(lease.state().await.unwrap().unwrap_or_default(), committed.1);
    }
    ended.store(true, Ordering::Relaxed);
    let mut acknowledged = BTreeMap::new();
    for task in pushing {
        for (position, entry) in task.await.unwrap() {
            assert!(acknowledged.insert(position, entry).is_none(), "two batches at one position");
        }
    }
    let mut after = committed.0;
    loop {
        let read = lease.read(after, 1 << 20).await.unwrap();
        let Some((last, _)) = read.last() else { break };
        after = *last;
        seen.extend(read);
    }
    assert!(acknowledged.len() > 20, "{}", acknowledged.len());
    for (position, entry) in &acknowledged {
        assert_eq!(seen.get(position), Some(entry), "position {position} is lost");
    }
    let mut entries: Vec<_> = seen.values().collect();
    entries.sort_unstable();
    entries.dedup();
    assert_eq!(entries.len(), seen.len(), "a batch is there twice");
}

/// The server forgets who waits when it is killed, and says so to nobody.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: cargo xtask test"]
async fn who_waits_while_the_server_is_killed_is_told_afterwards() {
    let mut server = Server::start();
    let stream = server.connect().await;
    let replica = stream.join().await.unwrap();
    let mut lease = replica.acquire("one").await.unwrap().unwrap();
    let first = stream.push("one", Bytes::from_static(b"before")).await.unwrap();
    assert_eq!(lease.read(0, 100).await.unwrap().len(), 1);
    // As a partition waits: in turns.
    let waiting = tokio::spawn(async move {
        while tokio::time::timeout(Duration::from_millis(250), lease.wait(first)).await.is_err() {}
        lease.read(first, 100).await.unwrap()
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    server.kill();
    server.restart();
    while stream.push("one", Bytes::from_static(b"after")).await.is_err() {}
    let read = tokio::time::timeout(Duration::from_secs(60), waiting).await.unwrap().unwrap();
    assert_eq!(
        read.iter().map(|(_, entry)| entry.clone()).collect::<Vec<_>>(),
        [Bytes::from_static(b"after")]
    );
}
