use ringwall_server::Limits;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::harness::{FOREVER, SHORT, Serving, rest};

const WAIT: &[u8] = b"GET /wait HTTP/1.1\r\nhost: h\r\n\r\n";

#[tokio::test]
async fn requests_in_hand_are_answered() {
    let serving = Serving::with(Limits { drain: FOREVER, ..Limits::default() });
    let (address, echo) = (serving.address, std::sync::Arc::clone(&serving.echo));
    let mut busy = serving.connect().await;
    busy.write_all(WAIT).await.unwrap();
    serving.begun(1).await;
    let mut idle = serving.connect().await;
    idle.write_all(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
    serving.begun(2).await;

    let served = serving.stop();
    // The idle connection ends at once, and there are no new ones.
    let said = rest(&mut idle).await;
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
    assert!(TcpStream::connect(address).await.is_err());
    assert!(!served.is_finished());

    echo.let_go.add_permits(1);
    let said = rest(&mut busy).await;
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
    assert!(said.contains("connection: close"), "{said}");
    assert!(served.await.unwrap().is_clean());
}

#[tokio::test]
async fn what_does_not_end_is_cut_and_counted() {
    let serving = Serving::with(Limits { drain: SHORT, ..Limits::default() });
    let mut busy = serving.connect().await;
    busy.write_all(WAIT).await.unwrap();
    serving.begun(1).await;
    let drained = serving.stop().await.unwrap();
    assert_eq!((drained.connections, drained.requests), (1, 1));
    assert_eq!(rest(&mut busy).await, "");
}

/// A client that hung up has its request finished before the server is.
#[tokio::test]
async fn requests_without_a_client_are_waited_for() {
    let serving = Serving::with(Limits { drain: FOREVER, ..Limits::default() });
    let echo = std::sync::Arc::clone(&serving.echo);
    let mut gone = serving.connect().await;
    gone.write_all(WAIT).await.unwrap();
    serving.begun(1).await;
    drop(gone);
    let served = serving.stop();
    tokio::time::sleep(SHORT).await;
    assert!(!served.is_finished());
    echo.let_go.add_permits(1);
    assert!(served.await.unwrap().is_clean());
}
