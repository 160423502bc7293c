//! A client's side of HTTP/1.1, as thin as it gets: it shares the machine with what it measures.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;

/// No answer takes longer, unless something is broken.
const FOREVER: Duration = Duration::from_secs(60);

/// Where a server listens, and how to speak to it.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<Arc<ClientConfig>>,
}

/// What clients run on: one thread for all of them, which leaves the other processors to the server.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// TLS that trusts this authority alone.
pub(crate) fn trusting(authority: &[u8]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
}

trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

/// A connection that is kept between requests as long as the server keeps it.
pub(crate) struct Connection {
    target: Target,
    stream: Option<Box<dyn Stream>>,
    received: Vec<u8>,
}

/// An answer.
pub(crate) struct Reply<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Connection {
    pub(crate) fn new(target: &Target) -> Self {
        Self { target: target.clone(), stream: None, received: Vec::with_capacity(16 << 10) }
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Reply<'_> {
        let head = self.head(request).await;
        let text = std::str::from_utf8(&self.received[..head.end]).unwrap();
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, body: &self.received[head.end..] }
    }

    async fn head(&mut self, request: &[u8]) -> Head {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(&self.target).await,
        };
        stream.write_all(request).await.unwrap();
        self.received.clear();
        let head = loop {
            self.read(&mut *stream).await;
            if let Some(end) = self.received.windows(4).position(|found| found == b"\r\n\r\n") {
                break Head::of(&self.received[..end + 4]);
            }
        };
        while self.received.len() < head.end + head.length {
            self.read(&mut *stream).await;
        }
        self.stream = head.kept.then_some(stream);
        head
    }

    async fn read(&mut self, stream: &mut dyn Stream) {
        let read = tokio::time::timeout(FOREVER, stream.read_buf(&mut self.received)).await;
        assert!(read.unwrap().unwrap() > 0, "the connection ended in the middle of an answer");
    }
}

/// What an answer's head tells of the rest.
struct Head {
    end: usize,
    length: usize,
    kept: bool,
}

impl Head {
    fn of(head: &[u8]) -> Self {
        let text = std::str::from_utf8(head).unwrap();
        let header = |wanted: &str| {
            let mut headers = text.lines().filter_map(|line| line.split_once(": "));
            headers.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
        };
        Self {
            end: head.len(),
            length: header("content-length").unwrap().parse().unwrap(),
            kept: text.starts_with("HTTP/1.1") && header("connection") != Some("close"),
        }
    }
}

async fn connect(target: &Target) -> Box<dyn Stream> {
    let stream = TcpStream::connect(target.address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    match &target.tls {
        None => Box::new(stream),
        Some(config) => {
            let name = ServerName::try_from("localhost").unwrap();
            Box::new(TlsConnector::from(Arc::clone(config)).connect(name, stream).await.unwrap())
        }
    }
}
