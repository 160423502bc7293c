//! What the Pod Identity agent bears from its cache, next to a bare handler of hyper that answers the same bytes, in the
//! same run: `cargo bench -p ringwall-identity --bench agent`.
//!
//! Clients on loopback each wait for an answer before they ask again, over one connection each, as many as pods of a node
//! ask at once at the worst.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark stops at the first surprise")]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use ringwall_identity::agent::{Agent, Metrics, PodCredentials, Refused, Settings, Upstream};
use ringwall_model::Secret;
use ringwall_server::{Limits, Server, live};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Clients at once.
const CLIENTS: usize = 32;
/// Tokens that are kept: a full cache.
const TOKENS: usize = 2000;
/// How long each server is asked, a round.
const ROUND: Duration = Duration::from_secs(2);
/// Of so many rounds, the servers in turn, the best counts.
const ROUNDS: usize = 3;

const NOW: i64 = 1_764_230_730;

struct Given;

impl Upstream for Given {
    async fn assume(&self, _: &Secret) -> Result<PodCredentials, Refused> {
        Ok(PodCredentials {
            access_key_id: "ASIAIOSFODNN7EXAMPLE".into(),
            secret_access_key: Secret::from("s".repeat(40)),
            session_token: Secret::from("t".repeat(1000)),
            account: "111122223333".into(),
            expires: NOW + 6 * 3600,
        })
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let requests: Vec<String> = (0..TOKENS).map(|n| request(&token(n))).collect();
        let requests: Arc<[String]> = requests.into();
        let agent = agent();
        let mut body = 0;
        for request in requests.iter() {
            body = once(agent, request).await;
        }
        let bare = bare(body).await;
        let (mut ours, mut theirs) = (Measured::default(), Measured::default());
        for _ in 0..ROUNDS {
            ours.better(measure(agent, &requests).await);
            theirs.better(measure(bare, &requests).await);
        }
        println!("{CLIENTS} clients, {TOKENS} tokens kept, answers of {body} bytes");
        println!("agent, from its cache: {ours}");
        println!("bare hyper:            {theirs}");
        println!("the agent has {:.2} of the bare handler's rate", ours.rate / theirs.rate);
    });
}

/// A token as kubelets get them, some 1,100 bytes.
fn token(n: usize) -> String {
    let part = |value: serde_json::Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let claims = json!({
        "aud": ["pods.eks.amazonaws.com"], "exp": NOW + 86400, "iat": NOW, "nbf": NOW,
        "iss": "https://oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",
        "jti": format!("8d6b7a5e-27a5-4a2a-9a9e-{n:012}"),
        "kubernetes.io": {
            "namespace": "shop", "node": { "name": "ip-10-0-0-1.eu-central-1.compute.internal", "uid": "1c5e0b1a-93a2-4a54-8d7e-2b8c6a0f7d33" },
            "pod": { "name": format!("checkout-{n}"), "uid": "1c5e0b1a-93a2-4a54-8d7e-2b8c6a0f7d33" },
            "serviceaccount": { "name": "checkout", "uid": "8d6b7a5e-27a5-4a2a-9a9e-3a2f4f0a9c11" },
        },
        "sub": "system:serviceaccount:shop:checkout",
    });
    let header = json!({ "alg": "RS256", "kid": "0123456789abcdef0123456789abcdef01234567" });
    format!("{}.{}.{}", part(header), part(claims), BASE64URL_NOPAD.encode(&[7; 256]))
}

fn request(token: &str) -> String {
    format!(
        "GET /v1/credentials HTTP/1.1\r\nhost: 169.254.170.23\r\naccept: application/json\r\nuser-agent: Boto3/1.44\r\nauthorization: {token}\r\n\r\n"
    )
}

fn agent() -> SocketAddr {
    let limits = live(Limits::default());
    let server = Server::bind(([127, 0, 0, 1], 0).into(), None, limits, Default::default()).unwrap();
    let address = server.address();
    // All clients have one address here, so that the limit of a pod must not count.
    let settings =
        Settings { hosts: vec!["169.254.170.23:80".parse().unwrap()], rate: u32::MAX, burst: u32::MAX };
    let agent = Agent::new(settings, Given, Arc::new(|| NOW * 1000), Metrics::default());
    tokio::spawn(async move { server.serve(Arc::new(agent), std::future::pending()).await });
    address
}

/// What HTTP alone costs: a handler that answers as many bytes and looks at nothing.
async fn bare(body: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let body = Bytes::from(vec![b'x'; body]);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let body = body.clone();
            let service = service_fn(move |_| {
                let body = Full::new(body.clone());
                async { Ok::<_, Infallible>(http::Response::new(body)) }
            });
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    address
}

/// What clients saw.
#[derive(Default)]
struct Measured {
    rate: f64,
    median: Duration,
    p99: Duration,
}

impl Measured {
    fn better(&mut self, other: Self) {
        if other.rate > self.rate {
            *self = other;
        }
    }
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.0} requests/s, median {:?}, p99 {:?}", self.rate, self.median, self.p99)
    }
}

async fn measure(server: SocketAddr, requests: &Arc<[String]>) -> Measured {
    let begun = Instant::now();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let requests = Arc::clone(requests);
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(server).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let (mut took, mut at) = (Vec::new(), client * 61);
                while begun.elapsed() < ROUND {
                    let asked = Instant::now();
                    answer(&mut stream, &requests[at % requests.len()]).await;
                    took.push(asked.elapsed());
                    at += 1;
                }
                took
            })
        })
        .collect();
    let mut took = Vec::new();
    for client in clients {
        took.extend(client.await.unwrap());
    }
    let rate = took.len() as f64 / begun.elapsed().as_secs_f64();
    took.sort_unstable();
    Measured { rate, median: took[took.len() / 2], p99: took[took.len() * 99 / 100] }
}

async fn once(server: SocketAddr, request: &str) -> usize {
    answer(&mut TcpStream::connect(server).await.unwrap(), request).await
}

/// Asks and reads the answer; the length of its body.
async fn answer(stream: &mut TcpStream, request: &str) -> usize {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut said = [0; 4096];
    let mut length = 0;
    loop {
        let read = stream.read(&mut said[length..]).await.unwrap();
        assert!(read > 0, "the server hung up");
        length += read;
        let text = &said[..length];
        let Some(end) = text.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = std::str::from_utf8(&text[..end]).unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        let body = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let body: usize = body.parse().unwrap();
        if length == end + 4 + body {
            return body;
        }
    }
}
