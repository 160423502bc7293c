//! An issuer on loopback: a real hyper server with TLS, in a thread of its own.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};
use ringwall_oidc::{Claims, Expected, Issuers, Settings, Thumbprint, Token, TokenError};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

use crate::signer::{NOW, P256, P384, RSA};

/// What a path answers with.
#[derive(Clone)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
    /// Never answers.
    pub(crate) silent: bool,
}

impl Page {
    pub(crate) fn json(value: &Value) -> Self {
        Self::text(&value.to_string())
    }

    pub(crate) fn text(text: &str) -> Self {
        Self { status: 200, headers: Vec::new(), body: text.to_owned().into(), silent: false }
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

pub(crate) const DISCOVERY: &str = "/.well-known/openid-configuration";
pub(crate) const KEYS: &str = "/keys";

/// A certificate chain with the key of its first certificate.
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: Vec<u8>,
}

/// An authority that makes certificates.
pub(crate) struct Authority {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) pem: String,
    params: CertificateParams,
    key: KeyPair,
}

impl Authority {
    pub(crate) fn root(name: &str) -> Self {
        let (params, key) = (ca(name), KeyPair::generate().unwrap());
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate: certificate.der().clone(), pem: certificate.pem(), params, key }
    }

    pub(crate) fn below(&self, name: &str) -> Self {
        let (params, key) = (ca(name), KeyPair::generate().unwrap());
        let certificate = params.signed_by(&key, &self.issuer()).unwrap();
        Self { certificate: certificate.der().clone(), pem: certificate.pem(), params, key }
    }

    fn issuer(&self) -> rcgen::Issuer<'_, &KeyPair> {
        rcgen::Issuer::from_params(&self.params, &self.key)
    }

    /// A server's certificate; the chain is this one alone.
    pub(crate) fn server(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer()).unwrap();
        Identity { chain: vec![certificate.der().clone()], key: key.serialize_der() }
    }

    pub(crate) fn thumbprint(&self) -> Thumbprint {
        thumbprint(&self.certificate)
    }
}

fn ca(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// What a server's certificate on loopback has.
pub(crate) fn localhost() -> CertificateParams {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "issuer");
    params
}

/// By a way of its own: the digest of `openssl x509 -fingerprint -sha1`, in lower case.
pub(crate) fn thumbprint(certificate: &CertificateDer<'_>) -> Thumbprint {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, certificate);
    data_encoding::HEXLOWER.encode(digest.as_ref()).parse().unwrap()
}

type Pages = Arc<Mutex<BTreeMap<String, Page>>>;

/// An issuer that listens until it is dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) address: SocketAddr,
    pages: Pages,
    requests: Arc<Mutex<BTreeMap<String, usize>>>,
    connections: Arc<AtomicUsize>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Server {
    /// Serves a discovery document, the test keys and whatever is put there later.
    pub(crate) fn new(identity: &Identity) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key.clone()));
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(identity.chain.clone(), key)
            .unwrap();
        Self::start(Some(TlsAcceptor::from(Arc::new(config))))
    }

    /// The same without TLS.
    pub(crate) fn plain() -> Self {
        Self::start(None)
    }

    fn start(tls: Option<TlsAcceptor>) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let url = format!("https://localhost:{}", address.port());
        let mut server = Self {
            url,
            address,
            pages: Pages::default(),
            requests: Arc::default(),
            connections: Arc::default(),
            runtime: None,
        };
        server.put(DISCOVERY, Page::json(&server.discovery()));
        server.put(KEYS, Page::json(&json!({ "keys": [RSA.jwk(), P256.jwk(), P384.jwk()] })));
        let (pages, requests, connections) =
            (Arc::clone(&server.pages), Arc::clone(&server.requests), Arc::clone(&server.connections));
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (pages, requests, tls) = (Arc::clone(&pages), Arc::clone(&requests), tls.clone());
                tokio::spawn(async move {
                    let service = service_fn(move |request: Request<Incoming>| {
                        answer(Arc::clone(&pages), Arc::clone(&requests), request)
                    });
                    let http = http1::Builder::new();
                    match tls {
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                let _ = http.serve_connection(TokioIo::new(stream), service).await;
                            }
                        }
                        None => {
                            let _ = http.serve_connection(TokioIo::new(stream), service).await;
                        }
                    }
                });
            }
        });
        server.runtime = Some(runtime);
        server
    }

    pub(crate) fn discovery(&self) -> Value {
        json!({ "issuer": self.url, "jwks_uri": format!("{}{KEYS}", self.url) })
    }

    pub(crate) fn put(&self, path: &str, page: Page) {
        self.pages.lock().unwrap().insert(path.to_owned(), page);
    }

    pub(crate) fn requests(&self, path: &str) -> usize {
        self.requests.lock().unwrap().get(path).copied().unwrap_or_default()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Stops listening, as a server that is down.
    pub(crate) fn stop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            let stopped = std::thread::spawn(|| runtime.shutdown_timeout(Duration::from_secs(10)));
            stopped.join().unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn answer(
    pages: Pages,
    requests: Arc<Mutex<BTreeMap<String, usize>>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    assert!(request.headers().contains_key("host"));
    *requests.lock().unwrap().entry(path.clone()).or_default() += 1;
    let page = pages.lock().unwrap().get(&path).cloned();
    let page = page.unwrap_or_else(|| Page::text("not here").status(404));
    if page.silent {
        std::future::pending::<()>().await;
    }
    let mut response = Response::builder().status(page.status);
    for (name, value) in page.headers {
        response = response.header(name, value);
    }
    Ok(response.body(Full::new(page.body)).unwrap())
}

/// A server with an authority that is trusted, and what asks it.
pub(crate) struct Setup {
    pub(crate) server: Server,
    pub(crate) issuers: Issuers,
    _folder: TempDir,
}

impl Setup {
    pub(crate) fn new() -> Self {
        let authority = Authority::root("test authority");
        let server = Server::new(&authority.server(&localhost()));
        let (folder, issuers) = issuers(&authority.pem, &[&server]);
        Self { server, issuers, _folder: folder }
    }

    pub(crate) async fn verify(&self, token: &str, now: i64) -> Result<Claims, TokenError> {
        verify(&self.issuers, &self.server.url, &[], token, now).await
    }

    /// What comes of a good token now.
    pub(crate) async fn good(&self) -> Result<Claims, TokenError> {
        self.verify(&RSA.sign(&crate::signer::claims(&self.server.url)), NOW).await
    }
}

/// What asks servers on loopback, with an authority beside the system's.
pub(crate) fn issuers(roots: &str, servers: &[&Server]) -> (TempDir, Issuers) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roots.pem");
    std::fs::write(&path, roots).unwrap();
    let allow = servers
        .iter()
        .map(|server| format!("localhost:{}", server.address.port()).parse().unwrap())
        .collect();
    let issuers = Issuers::new(&Settings { allow, roots: Some(path) }).unwrap();
    (folder, issuers)
}

pub(crate) async fn verify(
    issuers: &Issuers,
    url: &str,
    thumbprints: &[Thumbprint],
    token: &str,
    now: i64,
) -> Result<Claims, TokenError> {
    let audiences = ["sts.amazonaws.com".to_owned(), "other-client".to_owned()];
    let expected = Expected { issuer: url, audiences: &audiences, thumbprints };
    issuers.verify(&Token::parse(token)?, &expected, now).await
}
