use bytes::Bytes;
use ringwall_stream::{PushError, Settings, Stream, split};

use crate::server::Server;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: cargo xtask test"]
async fn what_is_pushed_is_read_once_in_order_and_by_its_cluster_alone() {
    let server = Server::start();
    let stream = server.connect().await;
    let replica = stream.join().await.unwrap();
    // Names that would match others, or divide the subject.
    let names = ["prod", "prod.eu", "*", ">", "arn:aws:eks:eu-west-1:111122223333:cluster/prod", "Ü b"];
    let mut pushed = Vec::new();
    for number in 0..30_u32 {
        for name in names {
            let entry = Bytes::from(format!("{name} {number}"));
            pushed.push((name, stream.push(name, entry.clone()).await.unwrap(), entry));
        }
    }
    assert_eq!(stream.clusters().await.unwrap(), names.iter().map(ToString::to_string).collect());
    for name in names {
        let expected: Vec<_> =
            pushed.iter().filter(|(of, ..)| *of == name).map(|(_, at, entry)| (*at, entry.clone())).collect();
        let mut lease = replica.acquire(name).await.unwrap().unwrap();
        assert_eq!(lease.position(), 0);
        assert_eq!(lease.read(0, 1 << 20).await.unwrap(), expected);
        assert_eq!(lease.read(expected.last().unwrap().0, 1 << 20).await.unwrap(), []);
        // From anywhere, forwards and backwards; at least one, and no more than fit.
        assert_eq!(lease.read(expected[9].0, 0).await.unwrap(), expected[10..11]);
        assert_eq!(lease.read(expected[3].0, 1 << 20).await.unwrap(), expected[4..]);
        let two = expected[0].1.len() + expected[1].1.len();
        assert_eq!(lease.read(0, two).await.unwrap(), expected[..2]);
        assert_eq!(lease.read(expected[1].0, two).await.unwrap()[0], expected[2]);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: cargo xtask test"]
async fn what_is_pushed_again_is_there_once() {
    let server = Server::start();
    let stream = server.connect().await;
    let entry = Bytes::from_static(b"batch");
    let first = stream.push("one", entry.clone()).await.unwrap();
    // Another replica gets the apiserver's second attempt.
    let other = server.connect().await;
    assert_eq!(other.push("one", entry.clone()).await.unwrap(), first);
    // The same bytes of another cluster are another batch.
    assert_ne!(other.push("two", entry).await.unwrap(), first);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: cargo xtask test"]
async fn a_reader_that_waits_is_told() {
    let server = Server::start();
    let stream = server.connect().await;
    let replica = stream.join().await.unwrap();
    let mut lease = replica.acquire("one").await.unwrap().unwrap();
    // One that waits in turns loses nothing, and leaves nothing behind.
    for _ in 0..20 {
        let turn = std::time::Duration::from_millis(10);
        let _ = tokio::time::timeout(turn, lease.wait(0)).await.unwrap_err();
        assert_eq!(lease.read(0, 100).await.unwrap(), []);
    }
    assert!(consumers(&server).await <= 1);
    let waiting = tokio::spawn(async move {
        lease.wait(0).await.unwrap();
        lease.read(0, 100).await.unwrap()
    });
    stream.push("two", Bytes::from_static(b"not this")).await.unwrap();
    let position = stream.push("one", Bytes::from_static(b"this")).await.unwrap();
    assert_eq!(waiting.await.unwrap(), [(position, Bytes::from_static(b"this"))]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: cargo xtask test"]
async fn a_full_stream_refuses_and_takes_again_after_a_commit() {
    let server = Server::start();
    let stream = Stream::connect(&Settings { event_bytes: 1 << 20, ..server.settings() }).await.unwrap();
    let mut last = 0;
    let refusal = loop {
        let mut entry = vec![0_u8; 100 << 10];
        entry[..8].copy_from_slice(&u64::to_be_bytes(last));
        match stream.push("one", entry.into()).await {
            Ok(position) => last = position,
            Err(refusal) => break refusal,
        }
    };
    assert!(matches!(refusal, PushError::Full(_)), "{refusal}");
    // What was taken is all there.
    assert_eq!(last, 10);
    let replica = stream.join().await.unwrap();
    let mut lease = replica.acquire("one").await.unwrap().unwrap();
    assert_eq!(lease.read(0, 1 << 30).await.unwrap().len(), 10);
    lease.commit(6, b"", &[]).await.unwrap();
    stream.push("one", Bytes::from_static(b"room again")).await.unwrap();
    assert_eq!(
        lease.read(0, 1 << 30).await.unwrap().iter().map(|(at, _)| *at).collect::<Vec<_>>(),
        [7, 8, 9, 10, 11]
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: cargo xtask test"]
async fn one_cluster_that_floods_leaves_room_for_others() {
    let server = Server::start();
    let stream = Stream::connect(&Settings { event_bytes: 1 << 20, ..server.settings() }).await.unwrap();
    let mut taken = 0;
    let refusal = loop {
        match stream.push("flood", Bytes::from(format!("{taken}"))).await {
            Ok(_) => taken += 1,
            Err(refusal) => break refusal,
        }
    };
    assert_eq!(taken, 64);
    assert!(matches!(refusal, PushError::Full(_)), "{refusal}");
    stream.push("other", Bytes::from_static(b"batch")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: cargo xtask test"]
async fn what_is_too_long_is_refused_by_name_and_fits_when_split() {
    let server = Server::with("max_payload: 64KB\n");
    let stream = server.connect().await;
    let events: Vec<_> =
        (0..100).map(|number| format!(r#"{{"auditID":"{number}","x":"{}"}}"#, "x".repeat(2000))).collect();
    let list = Bytes::from(format!(
        r#"{{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{}]}}"#,
        events.join(",")
    ));
    let refusal = stream.push("one", list.clone()).await.unwrap_err();
    let PushError::TooLong { len, max } = refusal else { panic!("{refusal}") };
    assert_eq!((len, max), (list.len(), stream.max_entry()));
    for part in split(&list, stream.max_entry()).unwrap().parts {
        stream.push("one", part).await.unwrap();
    }
    let replica = stream.join().await.unwrap();
    let mut lease = replica.acquire("one").await.unwrap().unwrap();
    let mut read = Vec::new();
    for (_, part) in lease.read(0, 1 << 30).await.unwrap() {
        let part: serde_json::Value = serde_json::from_slice(&part).unwrap();
        assert_eq!(part["kind"], "EventList");
        read.extend(part["items"].as_array().unwrap().iter().map(ToString::to_string));
    }
    assert_eq!(read, events);
    let longest = Bytes::from(vec![b'x'; stream.max_entry()]);
    stream.push("one", longest).await.unwrap();
}

/// How many consumers the stream of events has, as an independent client sees it.
async fn consumers(server: &Server) -> usize {
    let context = async_nats::jetstream::new(async_nats::connect(server.address()).await.unwrap());
    context.get_stream("RINGWALL_EVENTS").await.unwrap().cached_info().state.consumer_count
}
