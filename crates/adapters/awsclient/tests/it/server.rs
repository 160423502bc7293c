//! A server on loopback that answers as a function says, and remembers what it was asked.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use ringwall_awsclient::{Client, Clock, Config, Endpoints, Retry, Static};
use ringwall_model::Secret;
use ringwall_sigv4::{Lifetime, Parts, parse, signing_key};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Whether [`SECRET`] signed it, as a service would check it, at `now`.
    pub(crate) fn is_signed(&self, now: i64) -> bool {
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        let parts = Parts {
            method: &self.method,
            path: &self.path,
            query: self.query.as_deref(),
            headers: &headers,
            authority: None,
        };
        let Ok(Some(presented)) = parse(&parts) else { return false };
        let scope = presented.scope();
        let secret = Secret::from(SECRET.to_owned());
        let key = signing_key(&secret, &scope.date, &scope.region, &scope.service).unwrap();
        presented.verify(self.body.as_bytes(), &key, now, Lifetime::Stated).is_ok()
    }
}

pub(crate) type Answer = Response<Full<Bytes>>;

pub(crate) fn answer(status: u16, body: impl Into<Bytes>) -> Answer {
    Response::builder().status(status).body(Full::new(body.into())).unwrap()
}

pub(crate) struct Server {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    connections: Arc<Mutex<usize>>,
}

impl Server {
    /// Over plain HTTP.
    pub(crate) async fn start(handler: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self::run(None, Arc::new(handler)).await
    }

    pub(crate) async fn start_tls(
        tls: rustls::ServerConfig,
        handler: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::run(Some(TlsAcceptor::from(Arc::new(tls))), Arc::new(handler)).await
    }

    async fn run(tls: Option<TlsAcceptor>, handler: Arc<dyn Fn(&Asked) -> Answer + Send + Sync>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = match tls {
            Some(_) => format!("https://localhost:{port}"),
            None => format!("http://127.0.0.1:{port}"),
        };
        let asked = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(Mutex::new(0));
        let server = Self { url, asked: Arc::clone(&asked), connections: Arc::clone(&connections) };
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                *connections.lock().unwrap() += 1;
                let (asked, handler, tls) = (Arc::clone(&asked), Arc::clone(&handler), tls.clone());
                tokio::spawn(async move {
                    let service = service_fn(move |request: Request<Incoming>| {
                        let (asked, handler) = (Arc::clone(&asked), Arc::clone(&handler));
                        async move {
                            let (head, body) = request.into_parts();
                            let body = body.collect().await.unwrap().to_bytes();
                            let said = Asked {
                                method: head.method.to_string(),
                                path: head.uri.path().to_owned(),
                                query: head.uri.query().map(str::to_owned),
                                headers: head.headers,
                                body: String::from_utf8(body.to_vec()).unwrap(),
                            };
                            asked.lock().unwrap().push(said.clone());
                            Ok::<_, Infallible>(handler(&said))
                        }
                    });
                    // A client that goes away is no failure of the test.
                    let _ = match tls {
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => {
                                http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
                            }
                            Err(_) => return,
                        },
                        None => http1::Builder::new().serve_connection(TokioIo::new(stream), service).await,
                    };
                });
            }
        });
        server
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    /// A client of it whose clock stands still at [`NOW`], and that waits milliseconds.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.config()).unwrap()
    }

    pub(crate) fn config(&self) -> Config {
        let milliseconds = std::time::Duration::from_millis;
        let mut config = Config::new("eu-central-1", Arc::new(Static::key("AKIDEXAMPLE", SECRET.to_owned())));
        config.endpoints = Endpoints::all(self.url.parse().unwrap());
        config.retry = Retry { base: milliseconds(1), throttled_base: milliseconds(1), ..Retry::default() };
        config.clock = Clock::new(|| NOW);
        config
    }
}

pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// 2023-11-14T22:13:20Z.
pub(crate) const NOW: i64 = 1_700_000_000;
