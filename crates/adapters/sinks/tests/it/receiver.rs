//! A receiver on a loopback port that answers from a script, and keeps what it was sent.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use ringwall_http::{HttpClient, HttpLimits, HttpRequest, HttpSettings};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Sent {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What is answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl From<u16> for Answer {
    fn from(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new() }
    }
}

type Script = Box<dyn FnMut(&Sent) -> Answer + Send>;

pub(crate) struct Receiver {
    pub(crate) port: u16,
    /// Its authority, for `ca-file`; the certificate's name is `localhost`.
    pub(crate) ca_file: PathBuf,
    sent: Arc<Mutex<Vec<Sent>>>,
    _folder: tempfile::TempDir,
}

impl Receiver {
    pub(crate) async fn start(answer: impl FnMut(&Sent) -> Answer + Send + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let ca_file = folder.path().join("ca.pem");
        std::fs::write(&ca_file, own.cert.pem()).unwrap();
        let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let sent = Arc::new(Mutex::new(Vec::new()));
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(Box::new(answer)));
        let kept = Arc::clone(&sent);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, kept, script) = (acceptor.clone(), Arc::clone(&kept), Arc::clone(&script));
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service =
                        service_fn(move |request| exchange(request, Arc::clone(&kept), Arc::clone(&script)));
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self { port, ca_file, sent, _folder: folder }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// What was sent since this was asked last.
    pub(crate) fn take(&self) -> Vec<Sent> {
        std::mem::take(&mut *self.sent.lock().unwrap())
    }
}

async fn exchange(
    request: Request<Incoming>,
    kept: Arc<Mutex<Vec<Sent>>>,
    script: Arc<Mutex<Script>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let sent = Sent { path: head.uri.path().to_owned(), headers: head.headers, body };
    let answer = (script.lock().unwrap())(&sent);
    kept.lock().unwrap().push(sent);
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    Ok(response.body(Full::from(answer.body)).unwrap())
}

/// What is at an address of this machine.
pub(crate) async fn get(url: &str) -> Bytes {
    let client = HttpClient::new(&HttpSettings::default()).unwrap();
    let request = HttpRequest {
        method: hyper::Method::GET,
        url: url.parse().unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
    };
    let limits = HttpLimits { max_body: 1 << 20, timeout: Duration::from_secs(30) };
    client.send(request, limits).await.unwrap().body
}
