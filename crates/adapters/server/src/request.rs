//! A request as handlers see it: what the client sent, unchanged, once it is known to be unambiguous.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Version, header};

use crate::limits::Limits;
use crate::tls::{TlsInfo, client_names};

/// All of a request but its body.
#[derive(Clone, Debug)]
pub struct Head {
    /// The method.
    pub method: Method,
    /// The path as it was sent, percent-encoding included, before any `?`; never empty.
    pub path: String,
    /// What came after the `?`, as it was sent; `None` without a `?`.
    pub query: Option<String>,
    /// The headers: names in lower case, values as they were sent. Values of one name keep their order, names are
    /// in the order in which each first came. There is exactly one `host`; on HTTP/2 it is the `:authority`.
    pub headers: Vec<(String, String)>,
    /// HTTP/1.0, 1.1 or 2.
    pub version: Version,
    /// The other end of the connection.
    pub peer: SocketAddr,
    /// How the connection is protected; `None` for plain HTTP.
    pub tls: Option<Arc<TlsInfo>>,
}

/// A request whose body has come in whole.
#[derive(Clone, Debug)]
pub struct Request {
    /// Everything but the body.
    pub head: Arc<Head>,
    /// The body, within the listener's limit.
    pub body: Bytes,
}

impl Head {
    /// The first value of a header; the name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether the client has shown a certificate with one of these names ([`client_names`]).
    pub fn shows_name_of(&self, names: &[String]) -> bool {
        let certificate = self.tls.as_ref().and_then(|tls| tls.client.as_ref());
        certificate
            .is_some_and(|certificate| client_names(certificate).iter().any(|name| names.contains(name)))
    }

    /// The host and port that the client asked for.
    pub fn host(&self) -> &str {
        self.header("host").unwrap_or_default()
    }
}

/// Why a request's head is refused before any handler sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeadError {
    #[error("a header's value is not UTF-8")]
    NotUtf8,
    #[error("the request names no host")]
    NoHost,
    #[error("the request names more than one host")]
    ManyHosts,
    #[error("the request has too many headers")]
    TooMany,
    #[error("the request's head is too large")]
    TooLarge,
    #[error("the method CONNECT is not served")]
    Connect,
}

impl HeadError {
    pub(crate) fn status(self) -> http::StatusCode {
        match self {
            Self::NotUtf8 | Self::NoHost | Self::ManyHosts => http::StatusCode::BAD_REQUEST,
            Self::TooMany | Self::TooLarge => http::StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Connect => http::StatusCode::METHOD_NOT_ALLOWED,
        }
    }
}

impl Head {
    /// Takes hyper's view of a head. What two readers could understand differently is refused.
    pub(crate) fn read(
        parts: &Parts,
        peer: SocketAddr,
        tls: Option<Arc<TlsInfo>>,
        limits: &Limits,
    ) -> Result<Self, HeadError> {
        if parts.method == Method::CONNECT {
            return Err(HeadError::Connect);
        }
        if parts.headers.len() > limits.max_headers {
            return Err(HeadError::TooMany);
        }
        let path = parts.uri.path();
        let query = parts.uri.query();
        let mut size = path.len().saturating_add(query.map_or(0, str::len));
        let mut headers = Vec::with_capacity(parts.headers.len().saturating_add(1));
        if let Some(host) = authority(parts)? {
            headers.push((String::from("host"), host.to_owned()));
        }
        for (name, value) in &parts.headers {
            size = size.saturating_add(name.as_str().len()).saturating_add(value.len());
            let value = std::str::from_utf8(value.as_bytes()).map_err(|_| HeadError::NotUtf8)?;
            headers.push((name.as_str().to_owned(), value.to_owned()));
        }
        if size > limits.max_header_bytes {
            return Err(HeadError::TooLarge);
        }
        Ok(Self {
            method: parts.method.clone(),
            path: if path.is_empty() { String::from("/") } else { path.to_owned() },
            query: query.map(str::to_owned),
            headers,
            version: parts.version,
            peer,
            tls,
        })
    }
}

/// The authority to be added as `host`, if the headers have none. A request has to name one host and no two.
///
/// Source: RFC 9112, 3.2 and 3.2.2; RFC 9113, 8.3.1.
fn authority(parts: &Parts) -> Result<Option<&str>, HeadError> {
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let authority = parts.uri.authority().map(http::uri::Authority::as_str);
    match (hosts.next(), authority) {
        _ if hosts.next().is_some() => Err(HeadError::ManyHosts),
        (Some(host), Some(authority)) if !host.as_bytes().eq_ignore_ascii_case(authority.as_bytes()) => {
            Err(HeadError::ManyHosts)
        }
        (Some(_), _) => Ok(None),
        (None, Some(authority)) => Ok(Some(authority)),
        (None, None) => Err(HeadError::NoHost),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(request: http::request::Builder) -> Result<Head, HeadError> {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Head::read(&parts, "127.0.0.1:1".parse().unwrap(), None, &Limits::default())
    }

    #[test]
    fn path_and_query_stay_as_sent() {
        let head = read(http::Request::get("/a%2Fb//c/../%7e?X=%20+&&=&x").header("host", "h")).unwrap();
        assert_eq!(head.path, "/a%2Fb//c/../%7e");
        assert_eq!(head.query.as_deref(), Some("X=%20+&&=&x"));
        assert_eq!(read(http::Request::get("/?").header("host", "h")).unwrap().query.as_deref(), Some(""));
        assert_eq!(read(http::Request::get("/").header("host", "h")).unwrap().query, None);
    }

    #[test]
    fn there_is_one_host() {
        let host = |request| read(request).map(|head| (head.host().to_owned(), head.headers.len()));
        let get = |uri: &str| http::Request::get(uri);
        assert_eq!(host(get("/").header("host", "a:1")), Ok((String::from("a:1"), 1)));
        assert_eq!(host(get("https://a:1/")), Ok((String::from("a:1"), 1)));
        assert_eq!(host(get("https://a:1/").header("host", "A:1")), Ok((String::from("A:1"), 1)));
        assert_eq!(host(get("https://a:1/").header("host", "b")), Err(HeadError::ManyHosts));
        assert_eq!(host(get("/").header("host", "a").header("host", "a")), Err(HeadError::ManyHosts));
        assert_eq!(host(get("/")), Err(HeadError::NoHost));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let get = || http::Request::get("/").header("host", "h");
        let latin1 = http::HeaderValue::from_bytes(b"caf\xe9").unwrap();
        assert_eq!(read(get().header("x", latin1)).err(), Some(HeadError::NotUtf8));
        let utf8 = http::HeaderValue::from_bytes("café".as_bytes()).unwrap();
        assert_eq!(read(get().header("x", utf8)).unwrap().header("x"), Some("café"));
        let long = "x".repeat(Limits::default().max_header_bytes);
        assert_eq!(read(get().header("x", long)).err(), Some(HeadError::TooLarge));
        let many = (0..Limits::default().max_headers).fold(get(), |request, n| request.header("x", n));
        assert_eq!(read(many).err(), Some(HeadError::TooMany));
        assert_eq!(read(get().method("CONNECT")).err(), Some(HeadError::Connect));
    }
}
