use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ringwall_server::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::harness::{FOREVER, SHORT, Serving, rest, until};

const GET: &str = "GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
const WAIT: &str = "GET /wait HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn large_bodies_are_refused_in_the_services_form() {
    let serving = Serving::with(Limits { max_body_bytes: 8, ..Limits::default() });
    let announced = "POST /x HTTP/1.1\r\nhost: h\r\ncontent-length: 9\r\nconnection: close\r\n\r\n123456789";
    let chunked = "POST /x HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n\
                   5\r\n12345\r\n4\r\n6789\r\n0\r\n\r\n";
    for request in [announced, chunked] {
        let said = serving.send(request).await;
        assert!(said.starts_with("HTTP/1.1 413 "), "{said}");
        assert!(said.ends_with("shaped /x the body is larger than 8 bytes"), "{said}");
    }
    let fits = serving.send(announced.replace('9', "8")).await;
    assert!(fits.ends_with("body=12345678"), "{fits}");
}

#[tokio::test]
async fn large_heads_are_refused() {
    let serving = Serving::with(Limits { max_header_bytes: 600, max_headers: 10, ..Limits::default() });
    let with = |header: &str, times: usize| {
        format!("GET / HTTP/1.1\r\nhost: h\r\n{}connection: close\r\n\r\n", header.repeat(times))
    };
    let long = with(&format!("x: {}\r\n", "y".repeat(600)), 1);
    let far_too_long = with(&format!("x: {}\r\n", "y".repeat(60_000)), 1);
    for request in [with("x: y\r\n", 9), long, far_too_long] {
        let said = serving.send(&request).await;
        assert!(said.starts_with("HTTP/1.1 431 "), "{said}");
    }
    let fits = serving.send(with("x: y\r\n", 8)).await;
    assert!(fits.starts_with("HTTP/1.1 200 "), "{fits}");
}

#[tokio::test]
async fn slow_heads_lose_their_connection() {
    let serving = Serving::with(Limits { header_read: SHORT, idle: FOREVER * 2, ..Limits::default() });
    let said = serving.send("GET / HTTP/1.1\r\nhost: h\r\nx: ").await;
    assert!(!said.contains("200"), "{said}");
}

#[tokio::test]
async fn slow_bodies_are_refused() {
    let serving = Serving::with(Limits { body_read: SHORT, ..Limits::default() });
    let said = serving.send("POST /x HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\nabc").await;
    assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
    assert!(said.ends_with("shaped /x the body took too long"), "{said}");
    assert_eq!(serving.echo.begun.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn idle_connections_end() {
    let serving = Serving::with(Limits { idle: SHORT, header_read: FOREVER * 2, ..Limits::default() });
    // Before any byte, after the first of HTTP/2's preface, and between requests.
    assert_eq!(serving.send("").await, "");
    assert_eq!(serving.send("PRI").await, "");
    let said = serving.send("GET / HTTP/1.1\r\nhost: h\r\n\r\n").await;
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
}

#[tokio::test]
async fn a_request_in_hand_is_not_idle() {
    let serving = Serving::with(Limits { idle: SHORT, ..Limits::default() });
    let mut stream = serving.connect().await;
    stream.write_all(WAIT.as_bytes()).await.unwrap();
    serving.begun(1).await;
    tokio::time::sleep(SHORT * 3).await;
    serving.echo.let_go.add_permits(1);
    let said = rest(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
}

#[tokio::test]
async fn what_takes_too_long_is_answered_and_still_finished() {
    let serving = Serving::with(Limits { request: SHORT, ..Limits::default() });
    let said = serving.send(WAIT).await;
    assert!(said.starts_with("HTTP/1.1 503 "), "{said}");
    assert!(said.ends_with("shaped /wait there was no answer in time"), "{said}");
    assert_eq!(serving.echo.finished.load(Ordering::SeqCst), 0);
    serving.echo.let_go.add_permits(1);
    until(|| serving.echo.finished.load(Ordering::SeqCst) == 1).await;
}

#[tokio::test]
async fn what_a_client_hangs_up_on_is_finished() {
    let serving = Serving::with(Limits::default());
    let mut stream = serving.connect().await;
    stream.write_all(WAIT.as_bytes()).await.unwrap();
    serving.begun(1).await;
    drop(stream);
    tokio::time::sleep(SHORT).await;
    serving.echo.let_go.add_permits(1);
    until(|| serving.echo.finished.load(Ordering::SeqCst) == 1).await;
}

#[tokio::test]
async fn too_many_requests_are_refused_and_the_limit_can_change() {
    let serving = Serving::with(Limits { max_concurrent_requests: 1, ..Limits::default() });
    let mut first = serving.connect().await;
    first.write_all(WAIT.as_bytes()).await.unwrap();
    serving.begun(1).await;
    let said = serving.send(GET).await;
    assert!(said.starts_with("HTTP/1.1 503 "), "{said}");
    assert!(said.ends_with("shaped / too many requests are in hand"), "{said}");

    serving.limits.store(Arc::new(Limits { max_concurrent_requests: 2, ..Limits::default() }));
    let said = serving.send(GET).await;
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");

    serving.echo.let_go.add_permits(1);
    rest(&mut first).await;
    serving.limits.store(Arc::new(Limits { max_concurrent_requests: 1, ..Limits::default() }));
    let said = serving.send(GET).await;
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
}

#[tokio::test]
async fn bodies_share_the_memory_for_them() {
    let serving = Serving::with(Limits { max_buffered_bytes: 8, ..Limits::default() });
    let mut first = serving.connect().await;
    first
        .write_all(b"POST /wait HTTP/1.1\r\nhost: h\r\ncontent-length: 6\r\nconnection: close\r\n\r\n123456")
        .await
        .unwrap();
    serving.begun(1).await;
    let post = "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\nconnection: close\r\n\r\n123";
    let said = serving.send(post).await;
    assert!(said.starts_with("HTTP/1.1 503 "), "{said}");
    serving.echo.let_go.add_permits(1);
    rest(&mut first).await;
    let said = serving.send(post).await;
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
}

#[tokio::test]
async fn connections_above_the_limit_wait() {
    let serving = Serving::with(Limits { max_connections: 1, ..Limits::default() });
    let first = serving.connect().await;
    let mut one = first;
    one.write_all(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
    let mut buffer = [0; 16];
    tokio::time::timeout(FOREVER, one.read(&mut buffer)).await.unwrap().unwrap();

    let mut second = serving.connect().await;
    second.write_all(GET.as_bytes()).await.unwrap();
    let waited = tokio::time::timeout(SHORT, second.read(&mut buffer)).await;
    assert!(waited.is_err(), "the second connection was served beside the first");
    drop(one);
    let said = rest(&mut second).await;
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");

    // A higher limit holds for those who wait already.
    let mut first = serving.connect().await;
    first.write_all(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
    tokio::time::timeout(FOREVER, first.read(&mut buffer)).await.unwrap().unwrap();
    let mut second = serving.connect().await;
    second.write_all(GET.as_bytes()).await.unwrap();
    serving.limits.store(Arc::new(Limits { max_connections: 2, ..Limits::default() }));
    let said = rest(&mut second).await;
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
}

#[tokio::test]
async fn a_panic_is_an_answer() {
    let serving = Serving::with(Limits::default());
    let said = serving.send("GET /panic HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").await;
    assert!(said.starts_with("HTTP/1.1 500 "), "{said}");
    assert!(said.ends_with("shaped /panic an internal error"), "{said}");
    let said = serving.send(GET).await;
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
}

#[tokio::test]
async fn a_body_that_breaks_off_reaches_no_handler() {
    let serving = Serving::with(Limits::default());
    let mut stream = serving.connect().await;
    stream.write_all(b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\nabc").await.unwrap();
    stream.shutdown().await.unwrap();
    rest(&mut stream).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(serving.echo.begun.load(Ordering::SeqCst), 0);
}
