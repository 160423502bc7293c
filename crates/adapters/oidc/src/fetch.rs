use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, HOST, USER_AGENT};
use http::{HeaderMap, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use ringwall_http::{Endpoint, is_public};
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, Error as TlsError};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use crate::FetchError;
use crate::token::cut;
use crate::trust::{Thumbprint, Trust};

/// How long an issuer has for both its documents. Source: AWS, *STS API Reference*, AssumeRoleWithWebIdentity: the
/// identity provider has five seconds to answer.
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// Longest URL: what IAM takes for a provider's. Source: AWS, *IAM API Reference*, CreateOpenIDConnectProvider, `Url`:
/// maximum length of 255; more here, since `jwks_uri` is not bound by it.
const MAX_URL_BYTES: usize = 2048;

/// Most bytes and count of an answer's headers.
const MAX_HEADER_BYTES: usize = 16 << 10;
const MAX_HEADERS: usize = 100;

/// Most fetches at a time: as many sockets as slow issuers can hold.
const MAX_FETCHES: usize = 32;

/// An https client that goes to public addresses, and to those that are listed.
#[derive(Debug)]
pub(crate) struct Client {
    trust: Trust,
    allow: Vec<Endpoint>,
    fetches: Semaphore,
}

/// A document with what its server says about keeping it.
pub(crate) struct Document {
    pub(crate) body: Bytes,
    /// `max-age`, zero if it must not be kept; none if nothing is said.
    pub(crate) max_age: Option<i64>,
}

/// A URL that may be fetched.
#[derive(Debug)]
pub(crate) struct Url {
    text: String,
    /// Without brackets.
    host: String,
    port: u16,
    authority: String,
    target: String,
}

impl Url {
    /// Checks what can be told by the text.
    pub(crate) fn parse(text: &str) -> Result<Self, FetchError> {
        let refuse = |why| FetchError::Url { url: cut(text), why };
        if text.len() > MAX_URL_BYTES {
            return Err(refuse("it is too long"));
        }
        if !text.starts_with("https://") {
            return Err(refuse("it does not begin with `https://`"));
        }
        if text.contains('#') {
            return Err(refuse("it has a fragment"));
        }
        let uri: Uri = text.parse().map_err(|_| refuse("it is no URL"))?;
        let authority = uri.authority().ok_or_else(|| refuse("it has no host"))?;
        if authority.as_str().contains('@') {
            return Err(refuse("it has a user"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(refuse("it has no host"));
        }
        let port = match authority.as_str().rsplit_once(':') {
            Some((_, port)) if !port.ends_with(']') => {
                port.parse().ok().filter(|port| *port != 0).ok_or_else(|| refuse("its port is none"))?
            }
            _ => 443,
        };
        let target = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { text: text.to_owned(), host, port, authority: authority.as_str().to_owned(), target })
    }

    /// The discovery document of an issuer. Source: OpenID Connect Discovery 1.0, 4.1: after the issuer without a slash
    /// at its end.
    pub(crate) fn discovery(issuer: &str) -> Result<Self, FetchError> {
        if issuer.contains('?') {
            return Err(FetchError::Url { url: cut(issuer), why: "an issuer has no query" });
        }
        Self::parse(&format!(
            "{}/.well-known/openid-configuration",
            issuer.strip_suffix('/').unwrap_or(issuer)
        ))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

impl Client {
    pub(crate) fn new(trust: Trust, allow: Vec<Endpoint>) -> Self {
        Self { trust, allow, fetches: Semaphore::new(MAX_FETCHES) }
    }

    /// Gets a document of at most `limit` bytes. Whoever calls it bounds the time.
    pub(crate) async fn get(
        &self,
        url: &Url,
        thumbprints: &[Thumbprint],
        limit: usize,
    ) -> Result<Document, FetchError> {
        let _fetch = self.fetches.acquire().await;
        let broken =
            |error: hyper::Error| FetchError::Http { host: url.host.clone(), source: Arc::new(error) };
        let connection = self.connect(url, self.trust.client(thumbprints)?).await?;
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_HEADER_BYTES)
            .max_headers(MAX_HEADERS)
            .handshake(TokioIo::new(connection))
            .await
            .map_err(broken)?;
        // Dropped with this call, and the connection with it.
        let mut tasks = JoinSet::new();
        tasks.spawn(connection);
        let request = Request::get(&url.target)
            .header(HOST, &url.authority)
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("ringwall/", env!("CARGO_PKG_VERSION")))
            .header(CONNECTION, "close")
            .body(Empty::<Bytes>::new())
            .map_err(|_| FetchError::Url { url: cut(&url.text), why: "it can't be asked for" })?;
        let answer = sender.send_request(request).await.map_err(broken)?;
        let (head, body) = answer.into_parts();
        if head.status != StatusCode::OK {
            return Err(FetchError::Status { url: cut(&url.text), status: head.status.as_u16() });
        }
        if head.headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            return Err(FetchError::Document { url: cut(&url.text), why: "it is compressed".to_owned() });
        }
        let body = Limited::new(body, limit).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                return FetchError::TooLong { url: cut(&url.text), limit };
            }
            match error.downcast::<hyper::Error>() {
                Ok(error) => broken(*error),
                Err(error) => FetchError::Document { url: cut(&url.text), why: error.to_string() },
            }
        })?;
        Ok(Document { body: body.to_bytes(), max_age: max_age(&head.headers) })
    }

    /// The thumbprint of the last certificate that the server sends, whoever has signed it. Nothing is sent to it.
    pub(crate) async fn thumbprint(&self, url: &Url) -> Result<Thumbprint, FetchError> {
        let _fetch = self.fetches.acquire().await;
        let stream = self.connect(url, self.trust.anyone()?).await?;
        let (_, session) = stream.get_ref();
        let last = session.peer_certificates().and_then(<[_]>::last);
        last.and_then(Thumbprint::of).ok_or(FetchError::Thumbprint)
    }

    /// Resolves, checks and connects. The address that is checked is the one that is connected to: a name that
    /// resolves to another one later gains nothing.
    async fn connect(
        &self,
        url: &Url,
        config: ClientConfig,
    ) -> Result<tokio_rustls::client::TlsStream<TcpStream>, FetchError> {
        let name = ServerName::try_from(url.host.clone())
            .map_err(|_| FetchError::Url { url: cut(&url.text), why: "its host is no name" })?;
        let connector = TlsConnector::from(Arc::new(config));
        let stream = self.connect_tcp(url).await?;
        connector.connect(name, stream).await.map_err(|error| tls_error(url, error))
    }

    async fn connect_tcp(&self, url: &Url) -> Result<TcpStream, FetchError> {
        let found = tokio::net::lookup_host((url.host.as_str(), url.port)).await;
        let found =
            found.map_err(|error| FetchError::Resolve { host: cut(&url.host), source: Arc::new(error) })?;
        let listed = self.allow.iter().any(|endpoint| endpoint.is(&url.host, url.port));
        let addresses: Vec<SocketAddr> = found.filter(|address| listed || is_public(address.ip())).collect();
        if addresses.is_empty() {
            return Err(FetchError::Address { host: cut(&url.host), port: url.port });
        }
        TcpStream::connect(addresses.as_slice())
            .await
            .map_err(|error| FetchError::Connect { host: cut(&url.host), source: Arc::new(error) })
    }
}

fn tls_error(url: &Url, error: io::Error) -> FetchError {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<TlsError>());
    match cause {
        Some(TlsError::InvalidCertificate(CertificateError::UnknownIssuer)) => FetchError::Thumbprint,
        Some(TlsError::InvalidCertificate(_)) => {
            FetchError::Certificate { host: cut(&url.host), source: Arc::new(error) }
        }
        _ => FetchError::Tls { host: cut(&url.host), source: Arc::new(error) },
    }
}

/// How long a document may be kept (RFC 9111, 5.2.2), in seconds.
fn max_age(headers: &HeaderMap) -> Option<i64> {
    let mut age = None;
    for value in headers.get_all(CACHE_CONTROL) {
        for directive in value.to_str().unwrap_or_default().split(',') {
            let directive = directive.trim().to_ascii_lowercase();
            if directive == "no-store" || directive == "no-cache" {
                return Some(0);
            }
            if let Some(seconds) = directive.strip_prefix("max-age=") {
                let seconds = seconds.trim_matches('"').parse::<i64>().unwrap_or(0).max(0);
                age = Some(age.map_or(seconds, |age: i64| age.min(seconds)));
            }
        }
    }
    age
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_https_with_a_host_and_nothing_strange() {
        let url = Url::parse("https://issuer.example:8443/a/b?c=d").unwrap();
        assert_eq!((url.host.as_str(), url.port, url.target.as_str()), ("issuer.example", 8443, "/a/b?c=d"));
        let url = Url::parse("https://[2606:4700::1]").unwrap();
        assert_eq!((url.host.as_str(), url.port, url.target.as_str()), ("2606:4700::1", 443, "/"));
        let long = format!("https://host/{}", "a".repeat(MAX_URL_BYTES));
        for text in [
            "",
            "http://host",
            "HTTPS://host",
            "//host",
            "https://",
            "https:///path",
            "https://user@host/",
            "https://user:word@host/",
            "https://host:0/",
            "https://host:65536/",
            "https://host:x/",
            "https://host/#fragment",
            "https://host/ space",
            "https://ho st/",
            "file:///etc/passwd",
            "https://host\r\nevil: 1/",
            long.as_str(),
        ] {
            assert!(matches!(Url::parse(text), Err(FetchError::Url { .. })), "{text}");
        }
    }

    #[test]
    fn the_discovery_document_is_below_the_issuer() {
        let of = |issuer| Url::discovery(issuer).map(|url| url.text);
        assert_eq!(of("https://a.example").unwrap(), "https://a.example/.well-known/openid-configuration");
        assert_eq!(
            of("https://a.example/b/").unwrap(),
            "https://a.example/b/.well-known/openid-configuration"
        );
        assert!(of("https://a.example/?b").is_err());
    }

    #[test]
    fn the_shortest_age_counts() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CACHE_CONTROL, value.parse().unwrap());
            }
            max_age(&headers)
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&["public"]), None);
        assert_eq!(of(&["public, Max-Age=60, must-revalidate"]), Some(60));
        assert_eq!(of(&["max-age=60", "max-age=30"]), Some(30));
        assert_eq!(of(&["max-age=60, no-store"]), Some(0));
        assert_eq!(of(&["no-cache"]), Some(0));
        assert_eq!(of(&["max-age=soon"]), Some(0));
        assert_eq!(of(&["max-age=-1"]), Some(0));
        assert_eq!(of(&["max-age=99999999999999999999"]), Some(0));
    }
}
