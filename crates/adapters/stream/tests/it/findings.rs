use std::time::Duration;

use ringwall_stream::Finding;

use crate::server::Server;

fn finding(id: &str, version: u64) -> Finding {
    Finding { id: id.to_owned(), version, body: format!("{id} seen {version} times").into() }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: cargo xtask test"]
async fn a_newer_version_replaces_an_older_one_and_never_the_other_way_round() {
    let server = Server::start();
    let stream = server.connect().await;
    let replica = stream.join().await.unwrap();
    let mut lease = replica.acquire("one").await.unwrap().unwrap();
    // A hundred that change a hundred times, in an order that a replica has which reads again.
    let all: Vec<_> = (0..20).map(|id| finding(&format!("id.{id}"), 3)).collect();
    lease.commit(0, b"", &all).await.unwrap();
    for version in [1, 5, 4, 5, 2] {
        let again: Vec<_> = all.iter().map(|one| finding(&one.id, version)).collect();
        lease.commit(0, b"", &again).await.unwrap();
    }
    let found = stream.findings(None).await.unwrap();
    assert_eq!(found.len(), 20);
    assert!(found.iter().all(|(cluster, one)| cluster == "one" && *one == finding(&one.id, 5)), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: cargo xtask test"]
async fn a_sink_gets_each_version_once_whichever_replica_asks() {
    let server = Server::start();
    let stream = server.connect().await;
    let replica = stream.join().await.unwrap();
    let mut lease = replica.acquire("one").await.unwrap().unwrap();
    lease.commit(0, b"", &[finding("a", 1), finding("b", 1)]).await.unwrap();

    let (here, there) =
        (stream.sink("hook").await.unwrap(), server.connect().await.sink("hook").await.unwrap());
    let mut first = here.next(1, Duration::from_secs(5)).await.unwrap();
    let mut second = there.next(10, Duration::from_secs(5)).await.unwrap();
    assert_eq!((first.len(), second.len()), (1, 1));
    let (first, second) = (first.pop().unwrap(), second.pop().unwrap());
    let mut ids = [first.finding.id.clone(), second.finding.id.clone()];
    ids.sort_unstable();
    assert_eq!(ids, ["a", "b"]);
    let again = second.finding.clone();
    first.done().await.unwrap();
    second.later(Duration::from_millis(10)).await.unwrap();
    let mut once_more = here.next(10, Duration::from_secs(5)).await.unwrap();
    assert_eq!(once_more.len(), 1);
    let once_more = once_more.pop().unwrap();
    assert_eq!((once_more.cluster.as_str(), &once_more.finding), ("one", &again));
    once_more.done().await.unwrap();
    assert!(here.next(10, Duration::ZERO).await.unwrap().is_empty());

    // Read again: the same version is not sent again, a newer one is. Of two newer ones nobody asked for in between, the newest.
    lease.commit(0, b"", &[finding("a", 1), finding("b", 2)]).await.unwrap();
    lease.commit(0, b"", &[finding("b", 3)]).await.unwrap();
    let next = here.next(10, Duration::from_secs(5)).await.unwrap();
    assert_eq!(next.iter().map(|delivery| delivery.finding.clone()).collect::<Vec<_>>(), [finding("b", 3)]);
    // Another sink has a place of its own.
    assert_eq!(stream.sink("mail").await.unwrap().next(10, Duration::from_secs(5)).await.unwrap().len(), 2);
}
