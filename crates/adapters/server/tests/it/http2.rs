use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use ringwall_server::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::harness::{FOREVER, SHORT, Serving};

type Sender = hyper::client::conn::http2::SendRequest<Full<Bytes>>;

async fn connect(serving: &Serving) -> Sender {
    let io = TokioIo::new(serving.connect().await);
    let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    sender
}

async fn send(sender: &mut Sender, request: http::request::Builder, body: &str) -> (u16, String) {
    let request = request.body(Full::from(body.to_owned())).unwrap();
    let response = sender.send_request(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn the_authority_is_the_host() {
    let serving = Serving::with(Limits::default());
    let mut sender = connect(&serving).await;
    let (status, said) = send(&mut sender, http::Request::post("http://a:1/x?y=%2f"), "abc").await;
    assert_eq!(status, 200);
    assert!(said.starts_with("POST /x Some(\"y=%2f\") HTTP/2.0 None [(\"host\", \"a:1\")"), "{said}");
    assert!(said.ends_with("body=abc"), "{said}");
    let two = http::Request::get("http://a:1/").header("host", "b");
    assert_eq!(send(&mut sender, two, "").await.0, 400);
}

#[tokio::test]
async fn limits_hold() {
    let serving = Serving::with(Limits { max_body_bytes: 8, max_headers: 10, ..Limits::default() });
    let mut sender = connect(&serving).await;
    let (status, said) = send(&mut sender, http::Request::post("http://a/x"), "123456789").await;
    assert_eq!((status, said.as_str()), (413, "shaped /x the body is larger than 8 bytes"));
    let many =
        (0..11).fold(http::Request::get("http://a/"), |request, n| request.header(format!("x-{n}"), n));
    assert_eq!(send(&mut sender, many, "").await.0, 431);
    // The connection has outlived both.
    assert_eq!(send(&mut sender, http::Request::get("http://a/"), "").await.0, 200);
}

#[tokio::test]
async fn a_stream_that_is_reset_has_its_request_finished() {
    let serving = Serving::with(Limits::default());
    let mut sender = connect(&serving).await;
    let request = http::Request::get("http://a/wait").body(Full::default()).unwrap();
    let waiting = tokio::spawn(sender.send_request(request));
    serving.begun(1).await;
    waiting.abort();
    tokio::time::sleep(SHORT).await;
    serving.echo.let_go.add_permits(1);
    crate::harness::until(|| serving.echo.finished.load(std::sync::atomic::Ordering::SeqCst) == 1).await;
}

#[tokio::test]
async fn idle_connections_are_told_to_go() {
    let serving = Serving::with(Limits { idle: SHORT, ..Limits::default() });
    let mut sender = connect(&serving).await;
    assert_eq!(send(&mut sender, http::Request::get("http://a/"), "").await.0, 200);
    crate::harness::until(|| sender.is_closed()).await;
}

/// CVE-2023-44487: streams opened and reset at once, without end.
#[tokio::test]
async fn rapid_resets_lose_the_connection() {
    let serving = Serving::with(Limits::default());
    let mut stream = serving.connect().await;
    let mut attack = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    attack.extend([0, 0, 0, 4, 0, 0, 0, 0, 0]); // SETTINGS
    // :method GET, :scheme http, :path / from the static table, :authority a as a literal.
    let head = [0x82, 0x86, 0x84, 0x41, 1, b'a'];
    for id in (1..4001_u32).step_by(2) {
        attack.extend([0, 0, 6, 1, 5]); // HEADERS with END_STREAM and END_HEADERS
        attack.extend(id.to_be_bytes());
        attack.extend(head);
        attack.extend([0, 0, 4, 3, 0]); // RST_STREAM
        attack.extend(id.to_be_bytes());
        attack.extend(8_u32.to_be_bytes()); // CANCEL
    }
    let _ = stream.write_all(&attack).await;
    let mut said = Vec::new();
    let _ = tokio::time::timeout(FOREVER, stream.read_to_end(&mut said))
        .await
        .expect("the connection stays open");
    // GOAWAY (type 7) with ENHANCE_YOUR_CALM (11).
    let go_away = said.windows(17).any(|frame| frame[3] == 7 && frame[13..17] == 11_u32.to_be_bytes());
    assert!(go_away, "{said:?}");
}
