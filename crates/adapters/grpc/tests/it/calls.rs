//! Calls, their limits, and their end.

use std::time::Duration;

use ringwall_grpc::kms_v2::StatusRequest;
use ringwall_grpc::{Access, Drained, Limits, connect};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tonic::Code;

use crate::harness::{Served, encrypt};

#[tokio::test]
async fn a_call_is_answered_and_knows_its_caller() {
    let served = Served::start(Limits::default(), Access::default());
    let mut client = served.client().await;
    let answer = client.encrypt(encrypt(100_000)).await.unwrap().into_inner();
    assert_eq!(answer.ciphertext, encrypt(100_000).plaintext);
    let own = rustix::process::geteuid().as_raw().to_string();
    assert_eq!(client.status(StatusRequest {}).await.unwrap().into_inner().key_id, own);
    drop(client);
    assert!(served.drained().await.is_clean());
}

#[tokio::test]
async fn a_message_that_is_too_long_is_refused_and_the_connection_goes_on() {
    let limits = Limits { max_message_bytes: 4096, ..Limits::default() };
    let served = Served::start(limits, Access::default());
    let mut client = served.client().await;
    // The field's tag and length take four bytes.
    assert!(client.encrypt(encrypt(4092)).await.is_ok());
    for bytes in [4200, 3_000_000] {
        let refusal = client.encrypt(encrypt(bytes)).await.unwrap_err();
        assert_eq!(refusal.code(), Code::ResourceExhausted, "{refusal}");
    }
    assert!(client.encrypt(encrypt(10)).await.is_ok());
}

#[tokio::test]
async fn a_call_that_takes_too_long_ends() {
    let limits = Limits { call: Duration::from_millis(50), ..Limits::default() };
    let served = Served::start(limits, Access::default());
    let held = served.held().await;
    assert_eq!(held.await.unwrap().unwrap_err().code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn beyond_the_limit_of_calls_one_is_refused() {
    let served = Served::start(Limits { max_calls: 1, ..Limits::default() }, Access::default());
    let held = served.held().await;
    let mut client = served.client().await;
    assert_eq!(client.status(StatusRequest {}).await.unwrap_err().code(), Code::Unavailable);
    served.echo.gate.add_permits(1);
    assert_eq!(held.await.unwrap().unwrap(), "held");
    assert!(client.status(StatusRequest {}).await.is_ok());
}

#[tokio::test]
async fn beyond_the_limit_of_connections_one_waits() {
    let served = Served::start(Limits { max_connections: 1, ..Limits::default() }, Access::default());
    let mut first = served.client().await;
    assert!(first.status(StatusRequest {}).await.is_ok());
    let path = served.path.clone();
    let second = tokio::spawn(async move {
        let channel = connect(&path).await.unwrap();
        let mut client = super::harness::client(channel);
        client.status(StatusRequest {}).await
    });
    // It is still answered, but the second one is not yet.
    assert!(first.status(StatusRequest {}).await.is_ok());
    assert!(!second.is_finished());
    drop(first);
    assert!(second.await.unwrap().is_ok());
}

#[tokio::test]
async fn an_unknown_method_is_unimplemented() {
    use ringwall_grpc::csi_v1alpha1::VersionRequest;
    use ringwall_grpc::csi_v1alpha1::csi_driver_provider_client::CsiDriverProviderClient;
    let served = Served::start(Limits::default(), Access::default());
    let mut client = CsiDriverProviderClient::new(connect(&served.path).await.unwrap());
    let refusal = client.version(VersionRequest::default()).await.unwrap_err();
    assert_eq!(refusal.code(), Code::Unimplemented);
}

#[tokio::test]
async fn calls_in_hand_are_answered_when_it_stops() {
    let mut served = Served::start(Limits::default(), Access::default());
    let held = served.held().await;
    served.stop();
    // No new connections: the file is gone, or what is left of it refuses.
    while UnixStream::connect(&served.path).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!served.path.exists());
    served.echo.gate.add_permits(1);
    assert_eq!(held.await.unwrap().unwrap(), "held");
    assert!(served.drained().await.is_clean());
}

#[tokio::test]
async fn calls_that_do_not_end_are_cut_when_it_stops() {
    let limits = Limits { drain: Duration::from_millis(50), ..Limits::default() };
    let served = Served::start(limits, Access::default());
    let held = served.held().await;
    assert_eq!(served.drained().await, Drained { connections: 1, calls: 1 });
    assert!(held.await.unwrap().is_err());
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let limits = Limits { idle: Duration::from_millis(50), ..Limits::default() };
    let served = Served::start(limits, Access::default());
    let mut silent = UnixStream::connect(&served.path).await.unwrap();
    let mut bytes = Vec::new();
    // Ends when the server hangs up, and not before.
    silent.read_to_end(&mut bytes).await.unwrap();

    let mut client = served.client().await;
    assert!(client.status(StatusRequest {}).await.is_ok());
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(client.status(StatusRequest {}).await.is_err(), "it was closed");
}

#[tokio::test]
async fn what_is_no_http_2_costs_its_connection_alone() {
    let served = Served::start(Limits::default(), Access::default());
    let mut stray = UnixStream::connect(&served.path).await.unwrap();
    stray.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut bytes = Vec::new();
    drop(stray.read_to_end(&mut bytes).await);
    assert!(served.client().await.status(StatusRequest {}).await.is_ok());
}
