use bytes::Bytes;
use ringwall_stream::{Finding, StreamError};

use crate::eventually;
use crate::server::Server;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: cargo xtask test"]
async fn a_cluster_has_one_owner_and_the_next_goes_on_from_the_last_commit() {
    let server = Server::start();
    let stream = server.connect().await;
    for number in 1..=5 {
        stream.push("one", Bytes::from(format!("{number}"))).await.unwrap();
    }
    let (first, second) = (stream.join().await.unwrap(), server.connect().await.join().await.unwrap());
    eventually("both see both", || async {
        first.view().replicas.len() == 2 && second.view().replicas.len() == 2
    })
    .await;
    let mut lease = first.acquire("one").await.unwrap().unwrap();
    assert!(second.acquire("one").await.unwrap().is_none());
    assert_eq!(lease.state().await.unwrap(), None);
    // Longer than a message may be, so in pieces.
    let state: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    lease.commit(3, &state, &[]).await.unwrap();
    lease.release().await.unwrap();

    let mut lease = second.acquire("one").await.unwrap().unwrap();
    assert_eq!((lease.epoch(), lease.position()), (2, 3));
    assert!(lease.state().await.unwrap().unwrap() == state);
    assert_eq!(
        lease.read(3, 100).await.unwrap(),
        [(4, Bytes::from_static(b"4")), (5, Bytes::from_static(b"5"))]
    );
    // An empty state is one, too.
    lease.commit(5, b"", &[]).await.unwrap();
    assert_eq!(lease.state().await.unwrap(), Some(Vec::new()));
    assert_eq!(stream.bytes().await.unwrap(), 0, "what was dealt with is removed");
    // The same replica gets it again, as after an error.
    drop(lease);
    assert_eq!(second.acquire("one").await.unwrap().unwrap().position(), 5);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: cargo xtask test"]
async fn who_is_silent_loses_its_clusters_and_can_commit_no_more() {
    let server = Server::start();
    let stream = server.connect().await;
    stream.push("one", Bytes::from_static(b"event")).await.unwrap();
    let first = stream.join().await.unwrap();
    let second = server.connect().await.join().await.unwrap();
    eventually("the second sees the first", || async { second.view().replicas.len() == 2 }).await;
    let mut former = first.acquire("one").await.unwrap().unwrap();
    former.commit(0, b"first", &[]).await.unwrap();
    assert_eq!(messages(&server, "RINGWALL_EVENTS").await, 1, "what was not dealt with stays");
    assert!(second.acquire("one").await.unwrap().is_none());

    // Its heart stops, yet it believes that it has the cluster.
    drop(first);
    eventually("the second is alone", || async { second.view().replicas.len() == 1 }).await;
    assert_eq!(second.view().mine.iter().collect::<Vec<_>>(), ["one"]);
    let mut lease = second.acquire("one").await.unwrap().unwrap();
    assert_eq!(lease.state().await.unwrap().unwrap(), b"first");
    lease.commit(1, b"second", &[]).await.unwrap();

    let refusal = former.commit(1, b"late", &[]).await.unwrap_err();
    assert!(matches!(refusal, StreamError::Lost(_)), "{refusal}");
    assert!(matches!(former.commit(1, b"late", &[]).await.unwrap_err(), StreamError::Lost(_)));
    former.release().await.unwrap();
    // Nothing of that shows, and what it left behind goes with the next commit.
    assert_eq!(lease.state().await.unwrap().unwrap(), b"second");
    lease.commit(1, b"third", &[]).await.unwrap();
    assert_eq!(messages(&server, "RINGWALL_STATE").await, 1);
    assert!(second.acquire("one").await.unwrap().is_some());
}

/// Many take a free cluster at the same time, then those that believe they have it commit: one each time.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: cargo xtask test"]
async fn of_many_at_once_one_wins() {
    let server = Server::start();
    let stream = server.connect().await;
    stream.add("one").await.unwrap();
    let mut replicas = Vec::new();
    for _ in 0..6 {
        replicas.push(server.connect().await.join().await.unwrap());
    }
    eventually("all see all", || async { replicas.iter().all(|replica| replica.view().replicas.len() == 6) })
        .await;
    for round in 1..=5 {
        let taken =
            futures_util::future::join_all(replicas.iter().map(|replica| replica.acquire("one"))).await;
        let mut taken: Vec<_> = taken.into_iter().filter_map(Result::unwrap).collect();
        assert_eq!(taken.len(), 1);
        let lease = taken.pop().unwrap();
        assert_eq!(lease.epoch(), round);
        lease.release().await.unwrap();
    }
    // The same replica may hold two leases of a cluster, as after an error: the older one is fenced as well.
    let mut leases = Vec::new();
    for _ in 0..4 {
        leases.push(replicas[0].acquire("one").await.unwrap().unwrap());
    }
    let commits =
        futures_util::future::join_all(leases.iter_mut().map(|lease| lease.commit(0, b"x", &[]))).await;
    let done: Vec<bool> = commits.iter().map(Result::is_ok).collect();
    assert_eq!(done, [false, false, false, true]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: cargo xtask test"]
async fn findings_are_there_once_the_commit_is() {
    let server = Server::start();
    let stream = server.connect().await;
    let replica = stream.join().await.unwrap();
    let mut lease = replica.acquire("one").await.unwrap().unwrap();
    let finding =
        |version: u64| Finding { id: "f".to_owned(), version, body: format!("seen {version}").into() };
    lease.commit(0, b"", &[finding(2)]).await.unwrap();
    assert_eq!(stream.findings(Some("one")).await.unwrap(), [("one".to_owned(), finding(2))]);
    assert_eq!(stream.findings(Some("two")).await.unwrap(), []);
}

/// How many messages a stream has, as an independent client sees it.
async fn messages(server: &Server, name: &str) -> u64 {
    let context = async_nats::jetstream::new(async_nats::connect(server.address()).await.unwrap());
    context.get_stream(name).await.unwrap().cached_info().state.messages
}
