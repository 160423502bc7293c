use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use ringwall_stream::{Finding, Lease, Position, Replica, Stream, StreamError};

use crate::eventually;
use crate::server::Server;

/// What a detector is here: how often each id came, each event once however often its batch is read.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
struct Counts(BTreeMap<String, u64>);

impl Counts {
    fn look_at(&mut self, entry: &[u8], changed: &mut BTreeSet<String>) {
        for id in std::str::from_utf8(entry).unwrap().split(' ').skip(1) {
            *self.0.entry(id.to_owned()).or_default() += 1;
            changed.insert(id.to_owned());
        }
    }
}

struct Partition {
    lease: Lease,
    position: Position,
    counts: Counts,
}

async fn take(replica: &Replica, cluster: &str) -> Result<Option<Partition>, StreamError> {
    let Some(lease) = replica.acquire(cluster).await? else { return Ok(None) };
    let counts =
        lease.state().await?.map(|state| serde_json::from_slice(&state).unwrap()).unwrap_or_default();
    Ok(Some(Partition { position: lease.position(), counts, lease }))
}

/// A replica as the service has it: it takes what is its share, gives back what is not, and commits a few batches at a time.
async fn work(stream: Stream, entries: Arc<AtomicUsize>) {
    let replica = stream.join().await.unwrap();
    let mut held: HashMap<String, Partition> = HashMap::new();
    loop {
        let view = replica.view();
        for cluster in &view.mine {
            if !held.contains_key(cluster)
                && let Some(partition) = take(&replica, cluster).await.unwrap()
            {
                held.insert(cluster.clone(), partition);
            }
        }
        let foreign: Vec<_> = held.keys().filter(|cluster| !view.mine.contains(*cluster)).cloned().collect();
        for cluster in foreign {
            held.remove(&cluster).unwrap().lease.release().await.unwrap();
        }
        let mut lost = Vec::new();
        for (cluster, partition) in &mut held {
            let read = partition.lease.read(partition.position, 300).await.unwrap();
            let mut changed = BTreeSet::new();
            for (position, entry) in &read {
                partition.counts.look_at(entry, &mut changed);
                partition.position = *position;
                entries.fetch_add(1, Ordering::Relaxed);
            }
            if changed.is_empty() {
                continue;
            }
            let finding = |id: &String| {
                let version = partition.counts.0[id];
                Finding { id: id.clone(), version, body: format!("{id} {version}").into() }
            };
            let findings: Vec<_> = changed.iter().map(finding).collect();
            let state = serde_json::to_vec(&partition.counts).unwrap();
            match partition.lease.commit(partition.position, &state, &findings).await {
                Ok(()) => {}
                Err(StreamError::Lost(_)) => lost.push(cluster.clone()),
                Err(error) => panic!("{error}"),
            }
        }
        for cluster in lost {
            held.remove(&cluster);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Three share seven clusters, one is gone in the middle without a word, a fourth comes: what is found is what one alone would find.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: cargo xtask test"]
async fn replicas_that_come_and_go_find_what_one_alone_finds() {
    let server = Server::start();
    let stream = server.connect().await;
    let clusters: Vec<String> = (0..7).map(|number| format!("cluster.{number}")).collect();
    let mut alone: BTreeMap<(String, String), u64> = BTreeMap::new();
    let looked_at: Vec<_> = (0..4).map(|_| Arc::new(AtomicUsize::new(0))).collect();
    let mut workers = Vec::new();
    for entries in &looked_at[..3] {
        workers.push(tokio::spawn(work(server.connect().await, Arc::clone(entries))));
    }
    let mut number = 0_usize;
    while number < 700 || looked_at[3].load(Ordering::Relaxed) == 0 {
        let cluster = &clusters[number % clusters.len()];
        // As many events of different ids as the number says.
        let ids: Vec<_> = (0..3).map(|part| format!("id-{}", (number * 7 + part * part) % 11)).collect();
        for id in &ids {
            *alone.entry((cluster.clone(), id.clone())).or_default() += 1;
        }
        stream.push(cluster, Bytes::from(format!("{number} {}", ids.join(" ")))).await.unwrap();
        number += 1;
        if number == 200 {
            eventually("all three work", || async {
                looked_at[..3].iter().all(|entries| entries.load(Ordering::Relaxed) > 0)
            })
            .await;
        }
        if number == 300 {
            workers[1].abort();
        }
        if number == 400 {
            workers.push(tokio::spawn(work(server.connect().await, Arc::clone(&looked_at[3]))));
        }
        // What is dealt with already tells the fourth nothing: until it works, there is more to do.
        if number >= 700 {
            assert!(number < 2_000, "the fourth has nothing to do");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    eventually("all is dealt with", || async { stream.bytes().await.unwrap() == 0 }).await;
    let found: BTreeMap<_, _> = stream
        .findings(None)
        .await
        .unwrap()
        .into_iter()
        .map(|(cluster, finding)| {
            assert_eq!(finding.body, format!("{} {}", finding.id, finding.version));
            ((cluster, finding.id), finding.version)
        })
        .collect();
    assert_eq!(found, alone);
    for worker in &workers {
        worker.abort();
    }
}
