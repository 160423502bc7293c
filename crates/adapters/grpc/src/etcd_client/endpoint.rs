use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use http::Uri;
use http::uri::{Authority, Scheme};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use super::EtcdError;
use crate::http2::Connection;

/// Where a member of etcd listens.
#[derive(Debug, Clone)]
pub(super) enum Endpoint {
    Tcp { text: String, host: String, port: u16, tls: bool },
    Unix { text: String, path: PathBuf },
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { text, .. } | Self::Unix { text, .. } => f.write_str(text),
        }
    }
}

impl Endpoint {
    pub(super) fn parse(text: &str) -> Result<Self, EtcdError> {
        let refuse = |why| EtcdError::Endpoint { endpoint: text.to_owned(), why };
        let (scheme, rest) = text.split_once("://").ok_or_else(|| refuse("it has no scheme"))?;
        let tls = match scheme {
            "https" => true,
            "http" => false,
            "unix" if rest.starts_with('/') => {
                return Ok(Self::Unix { text: text.to_owned(), path: rest.into() });
            }
            "unix" => return Err(refuse("the path of a socket begins with a slash")),
            _ => return Err(refuse("its scheme is neither https nor http nor unix")),
        };
        let uri: Uri = text.parse().map_err(|_| refuse("it is no URL"))?;
        if uri.path() != "/" || uri.query().is_some() {
            return Err(refuse("it has a path"));
        }
        let authority = uri.authority().ok_or_else(|| refuse("it has no host"))?;
        if authority.as_str().contains('@') {
            return Err(refuse("it has a user"));
        }
        let port = authority.port_u16().ok_or_else(|| refuse("it has no port"))?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self::Tcp { text: text.trim_end_matches('/').to_owned(), host, port, tls })
    }

    /// Whether it speaks TLS.
    pub(super) fn is_tls(&self) -> bool {
        matches!(self, Self::Tcp { tls: true, .. })
    }

    /// Connects and shakes hands; the caller bounds the time.
    pub(super) async fn connect(&self, tls: Option<&Arc<ClientConfig>>) -> io::Result<Connection> {
        match self {
            Self::Unix { path, .. } => {
                let stream = UnixStream::connect(path).await?;
                let authority = Authority::from_static("localhost");
                Connection::over(stream, Scheme::HTTP, authority).await.map_err(io::Error::other)
            }
            Self::Tcp { host, port, tls: wanted, .. } => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                stream.set_nodelay(true)?;
                let bracketed =
                    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
                let authority: Authority = bracketed.parse().map_err(io::Error::other)?;
                let handshake = match tls.filter(|_| *wanted) {
                    Some(config) => {
                        let name = ServerName::try_from(host.clone()).map_err(io::Error::other)?;
                        let stream = TlsConnector::from(Arc::clone(config)).connect(name, stream).await?;
                        Connection::over(stream, Scheme::HTTPS, authority).await
                    }
                    None => Connection::over(stream, Scheme::HTTP, authority).await,
                };
                handshake.map_err(io::Error::other)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Endpoint;

    #[test]
    fn endpoints_are_urls_with_a_port_or_sockets() {
        for (text, tls) in [
            ("https://10.0.0.1:2379", true),
            ("https://[::1]:2379/", true),
            ("http://etcd.local:2379", false),
        ] {
            assert_eq!(Endpoint::parse(text).unwrap().is_tls(), tls, "{text}");
        }
        assert!(matches!(Endpoint::parse("unix:///run/etcd.sock"), Ok(Endpoint::Unix { .. })));
        for text in [
            "",
            "127.0.0.1:2379",
            "https://etcd",
            "ftp://etcd:1",
            "unix://run/etcd",
            "https://u@etcd:1",
            "https://etcd:1/v3",
            "https://etcd:1?a",
            "https://etcd:99999",
        ] {
            assert!(Endpoint::parse(text).is_err(), "{text}");
        }
    }
}
