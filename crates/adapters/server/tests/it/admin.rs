use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use prometheus_client::registry::Registry;
use ringwall_server::{Admin, Limits, Metrics, Server, live};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn get(address: SocketAddr, method: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("{method} {path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).await.unwrap();
    said
}

#[tokio::test]
async fn health_readiness_and_metrics_are_told() {
    let mut registry = Registry::default();
    let metrics = Metrics::register(&mut registry, "admin");
    let ready = Arc::new(AtomicBool::new(false));
    let admin = Admin::new(
        registry,
        Box::new({
            let ready = Arc::clone(&ready);
            move || if ready.load(Ordering::SeqCst) { Ok(()) } else { Err("waits for the store".to_owned()) }
        }),
    );
    let limits = live(Limits::default());
    let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0)), None, limits, metrics).unwrap();
    let address = server.address();
    let serving = tokio::spawn(server.serve(Arc::new(admin), std::future::pending()));

    let said = get(address, "GET", "/healthz").await;
    assert!(said.starts_with("HTTP/1.1 200 ") && said.ends_with("\r\n\r\nok\n"), "{said}");
    let said = get(address, "GET", "/readyz").await;
    assert!(said.starts_with("HTTP/1.1 503 ") && said.ends_with("waits for the store\n"), "{said}");
    ready.store(true, Ordering::SeqCst);
    assert!(get(address, "GET", "/readyz").await.starts_with("HTTP/1.1 200 "));
    assert!(get(address, "POST", "/healthz").await.starts_with("HTTP/1.1 405 "));
    assert!(get(address, "GET", "/other").await.starts_with("HTTP/1.1 404 "));

    let said = get(address, "GET", "/metrics").await;
    for line in [
        "content-type: text/plain; version=0.0.4; charset=utf-8",
        "ringwall_requests_total{listener=\"admin\",service=\"admin\",operation=\"\",code=\"\",status=\"200\"} 2",
        "ringwall_requests_total{listener=\"admin\",service=\"admin\",operation=\"\",code=\"\",status=\"503\"} 1",
        "ringwall_requests_in_flight{listener=\"admin\"} 1",
        "ringwall_connections_accepted_total{listener=\"admin\"} 6",
        "ringwall_request_duration_seconds_count{listener=\"admin\",service=\"admin\",operation=\"\"} 5",
    ] {
        assert!(said.lines().any(|found| found == line), "{line} is not in {said}");
    }
    serving.abort();
}
