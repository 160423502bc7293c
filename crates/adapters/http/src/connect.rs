use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::{HttpError, Reach};

/// How long resolving, connecting and the TLS handshake may take together: a host that is up answers within a fraction, and
/// what is left of a request's time is for another attempt.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens connections for the pool: TLS for `https`, and plain TCP where that is allowed.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) tls: Arc<ClientConfig>,
    pub(super) plain: Plain,
    pub(super) reach: Arc<Reach>,
}

/// Where `http://` may go. What is not encrypted shows credentials to the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Plain {
    /// To addresses of this machine alone.
    #[default]
    Loopback,
    /// Also to the addresses at which agents give credentials to tasks and pods, which are of this machine's link:
    /// 169.254.170.2, 169.254.170.23 and fd00:ec2::23.
    ///
    /// Source: AWS, *AWS SDKs and Tools Reference Guide*, "Container credential provider".
    Link,
    /// Anywhere, since the operator said so.
    Anywhere,
}

impl Plain {
    /// Whether an address may be spoken to without TLS.
    pub fn allows(self, address: IpAddr) -> bool {
        match self {
            Self::Loopback => is_loopback(address),
            Self::Link => is_loopback(address) || LINK.iter().any(|known| known.parse() == Ok(address)),
            Self::Anywhere => true,
        }
    }
}

/// See [`Plain::Link`].
const LINK: [&str; 3] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

impl tower_service::Service<Uri> for Connector {
    type Response = Stream;
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, HttpError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), HttpError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            let connecting = tokio::time::timeout(CONNECT_TIMEOUT, connector.connect(&uri));
            connecting.await.unwrap_or(Err(HttpError::Timeout))
        })
    }
}

impl Connector {
    async fn connect(&self, uri: &Uri) -> Result<Stream, HttpError> {
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let https = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        let found = tokio::net::lookup_host((host, port)).await;
        let found =
            found.map_err(|source| HttpError::Resolve { host: host.to_owned(), source: Arc::new(source) })?;
        // The address that is checked is the one that is connected to.
        let reached: Vec<SocketAddr> =
            found.filter(|address| self.reach.allows(host, port, address.ip())).collect();
        if reached.is_empty() {
            return Err(HttpError::Address { host: host.to_owned(), port });
        }
        let addresses: Vec<SocketAddr> =
            reached.into_iter().filter(|address| https || self.plain.allows(address.ip())).collect();
        if addresses.is_empty() {
            return Err(HttpError::Plain { host: host.to_owned() });
        }
        let broken =
            |source: io::Error| HttpError::Connect { host: host.to_owned(), port, source: Arc::new(source) };
        let stream = TcpStream::connect(addresses.as_slice()).await.map_err(broken)?;
        stream.set_nodelay(true).map_err(broken)?;
        if !https {
            return Ok(Stream::Plain(TokioIo::new(stream)));
        }
        let name =
            ServerName::try_from(host.to_owned()).map_err(|_| HttpError::Name { host: host.to_owned() })?;
        let stream = TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream).await;
        let stream =
            stream.map_err(|source| HttpError::Tls { host: host.to_owned(), source: Arc::new(source) })?;
        Ok(Stream::Tls(Box::new(TokioIo::new(stream))))
    }
}

/// A connection, with or without TLS.
pub(super) enum Stream {
    Plain(TokioIo<TcpStream>),
    Tls(Box<TokioIo<TlsStream<TcpStream>>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl Write for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_tls_only_this_machine_and_its_link_are_spoken_to() {
        for (address, loopback, link) in [
            ("127.0.0.1", true, true),
            ("::1", true, true),
            ("::ffff:127.0.0.1", true, true),
            ("169.254.170.2", false, true),
            ("169.254.170.23", false, true),
            ("169.254.169.254", false, false),
            ("fd00:ec2::23", false, true),
            ("169.254.170.24", false, false),
            ("10.0.0.1", false, false),
            ("1.1.1.1", false, false),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(Plain::Loopback.allows(address), loopback, "{address}");
            assert_eq!(Plain::Link.allows(address), link, "{address}");
            assert!(Plain::Anywhere.allows(address));
        }
    }
}
