use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use http::{HeaderValue, Response};
use ringwall_awsclient::{Client, Clock, ErrorKind};
use serde_json::json;

use crate::server::{Answer, NOW, Server, answer};

/// Answers with these one after another, then with the last again and again.
async fn scripted(answers: Vec<fn() -> Answer>) -> Server {
    let at = AtomicUsize::new(0);
    Server::start(move |_| {
        let next = at.fetch_add(1, Ordering::Relaxed).min(answers.len() - 1);
        answers[next]()
    })
    .await
}

fn fine() -> Answer {
    answer(200, "{}")
}

fn broken() -> Answer {
    answer(503, "")
}

fn throttled() -> Answer {
    answer(400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#)
}

fn denied() -> Answer {
    answer(400, r#"{"__type":"AccessDeniedException","message":"no"}"#)
}

async fn call(client: &Client) -> Result<serde_json::Value, ringwall_awsclient::CallError> {
    client.json("kms", "TrentService.ListKeys", &json!({})).await
}

#[tokio::test]
async fn what_may_help_is_tried_again() {
    for (answers, attempts, end) in [
        (vec![broken as fn() -> Answer, broken, fine], 3, None),
        (vec![throttled, fine], 2, None),
        (vec![broken], 3, Some(ErrorKind::Unavailable)),
        (vec![throttled], 3, Some(ErrorKind::Throttled)),
        (vec![denied, fine], 1, Some(ErrorKind::Denied)),
    ] {
        let server = scripted(answers).await;
        let result = call(&server.client()).await;
        assert_eq!(result.err().map(|error| error.kind), end);
        assert_eq!(server.asked().len(), attempts);
    }
}

#[tokio::test]
async fn a_connection_that_is_refused_is_tried_again_and_told() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let server = scripted(vec![fine]).await;
    let mut config = server.config();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    config.endpoints = ringwall_awsclient::Endpoints::all(url.parse().unwrap());
    let error = call(&Client::new(config).unwrap()).await.unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::Unavailable, 0));
    assert!(error.to_string().contains("can't be connected to"), "{error}");
    assert!(!error.is_client_error());
}

#[tokio::test]
async fn a_service_that_is_down_is_not_asked_without_end() {
    let server = scripted(vec![broken]).await;
    let client = server.client();
    for _ in 0..100 {
        call(&client).await.unwrap_err();
    }
    // A hundred first attempts, and the hundred retries that the quota has.
    assert_eq!(server.asked().len(), 200);
}

#[tokio::test]
async fn a_pause_beyond_the_time_is_not_waited_for() {
    let server = scripted(vec![|| {
        let mut answer = broken();
        answer.headers_mut().insert("retry-after", HeaderValue::from_static("3600"));
        answer
    }])
    .await;
    assert_eq!(call(&server.client()).await.unwrap_err().status, 503);
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_server_that_stalls_is_given_up() {
    // It takes connections and never says anything.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            kept.push(stream);
        }
    });
    let server = scripted(vec![fine]).await;
    let mut config = server.config();
    config.endpoints = ringwall_awsclient::Endpoints::all(url.parse().unwrap());
    config.timeout = Duration::from_millis(50);
    let error = call(&Client::new(config).unwrap()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.to_string().contains("no answer"), "{error}");
}

/// A service whose clock is ten hours ahead refuses a signature, and takes one by its own clock; the next call is right at
/// once.
#[tokio::test]
async fn a_clock_that_is_wrong_is_corrected() {
    const AHEAD: i64 = 36_000;
    let server = Server::start(|asked| {
        if asked.is_signed(NOW + AHEAD) {
            return fine();
        }
        let mut refused =
            answer(400, r#"{"__type":"InvalidSignatureException","message":"Signature expired"}"#);
        refused.headers_mut().insert("date", HeaderValue::from_static("Wed, 15 Nov 2023 08:13:20 GMT"));
        refused
    })
    .await;
    let client = server.client();
    call(&client).await.unwrap();
    assert_eq!(server.asked().len(), 2);
    call(&client.clone()).await.unwrap();
    assert_eq!(server.asked().len(), 3);
}

/// A wrong secret is not tried again and again because of clocks.
#[tokio::test]
async fn a_signature_that_is_wrong_stays_wrong() {
    let now = Arc::new(AtomicI64::new(NOW));
    let server = Server::start(|_| {
        let refused =
            answer(403, "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>");
        let (mut head, body) = refused.into_parts();
        head.headers.insert("date", HeaderValue::from_static("Tue, 14 Nov 2023 22:13:25 GMT"));
        Response::from_parts(head, body)
    })
    .await;
    let mut config = server.config();
    config.clock = Clock::new({
        let now = Arc::clone(&now);
        move || now.load(Ordering::Relaxed)
    });
    let client = Client::new(config).unwrap();
    assert_eq!(call(&client).await.unwrap_err().kind, ErrorKind::Denied);
    assert_eq!(server.asked().len(), 1);
    // With a clock that is wrong too, it is asked twice.
    now.store(NOW - 3600, Ordering::Relaxed);
    assert_eq!(call(&client).await.unwrap_err().kind, ErrorKind::Denied);
    assert_eq!(server.asked().len(), 3);
}
