//! A client's side of HTTP/1.1, as thin as it gets: it shares the machine with what it measures.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// No answer takes longer, unless something is broken.
const FOREVER: Duration = Duration::from_secs(60);

/// Where a server listens, and how to speak to it.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<Arc<ClientConfig>>,
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

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

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
        Self { target: target.clone(), stream: None, received: Vec::new() }
    }

    fn connect(&self) -> Box<dyn Stream> {
        let stream = TcpStream::connect(self.target.address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(FOREVER)).unwrap();
        match &self.target.tls {
            None => Box::new(stream),
            Some(config) => {
                let name = ServerName::try_from("localhost").unwrap();
                Box::new(StreamOwned::new(ClientConnection::new(Arc::clone(config), name).unwrap(), stream))
            }
        }
    }

    /// Sends a request and reads its answer.
    pub(crate) fn exchange(&mut self, request: &[u8]) -> Reply<'_> {
        let mut stream = self.stream.take().unwrap_or_else(|| self.connect());
        stream.write_all(request).unwrap();
        self.received.clear();
        let head = loop {
            self.read(&mut *stream);
            if let Some(end) = self.received.windows(4).position(|found| found == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let text = std::str::from_utf8(&self.received[..head]).unwrap().to_ascii_lowercase();
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        let header = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let length: usize = header("content-length:").unwrap().parse().unwrap();
        let kept = text.starts_with("http/1.1") && header("connection:") != Some("close");
        while self.received.len() < head + length {
            self.read(&mut *stream);
        }
        self.stream = kept.then_some(stream);
        Reply { status, body: &self.received[head..head + length] }
    }

    fn read(&mut self, stream: &mut dyn Stream) {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).unwrap();
        assert!(count > 0, "the connection ended in the middle of an answer");
        self.received.extend_from_slice(&chunk[..count]);
    }
}
