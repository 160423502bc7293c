//! HTTP to others: bounded in size and time, without redirects, cookies, proxies or compression.
//!
//! ```no_run
//! use ringwall_http::{HttpClient, HttpLimits, HttpRequest, HttpSettings, Reach};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = HttpClient::new(&HttpSettings { reach: Reach::Outside(Vec::new()), ..HttpSettings::default() })?;
//! let request = HttpRequest {
//!     method: http::Method::POST,
//!     url: "https://receiver.example/findings".parse()?,
//!     headers: http::HeaderMap::new(),
//!     body: "{}".into(),
//! };
//! let limits = HttpLimits { max_body: 1 << 10, timeout: std::time::Duration::from_secs(10) };
//! println!("{}", client.send(request, limits).await?.status);
//! # Ok(())
//! # }
//! ```
//!
//! A name is resolved, its addresses are checked, and one of those that were checked is connected to: a name that resolves to
//! another address later gains nothing.

mod address;
mod connect;
mod error;
mod stream;
mod url;

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use tokio::sync::Semaphore;

pub use self::address::{Endpoint, EndpointError, Reach, is_public};
use self::connect::Connector;
pub use self::connect::Plain;
pub use self::error::{HttpError, SetupError};
pub use self::stream::HttpStream;
pub use self::url::{Url, UrlError, cut};

/// Most bytes and count of an answer's headers: AWS sends about ten.
const MAX_HEADER_BYTES: usize = 32 << 10;
const MAX_HEADERS: usize = 100;
/// Most requests at a time, and so most connections: as many sockets as slow servers can hold.
const MAX_IN_FLIGHT: usize = 256;
/// Most connections that are kept open to a host while nobody needs them, and how long. AWS closes them after 20 seconds
/// or more (the shortest known of a load balancer is 60).
const MAX_IDLE: usize = 32;
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// What the operator decides about connections.
#[derive(Debug, Clone, Default)]
pub struct HttpSettings {
    /// A PEM file of authorities that are trusted beside the system's.
    pub roots: Option<PathBuf>,
    /// Where `http://` may go.
    pub plain: Plain,
    /// Which addresses may be called.
    pub reach: Reach,
}

/// An HTTP/1.1 client with a pool of connections, which clones share.
///
/// A redirect is an answer like any other. No proxy is used, whatever the environment says.
#[derive(Clone)]
pub struct HttpClient(Arc<Inner>);

struct Inner {
    client: Client<Connector, Full<Bytes>>,
    in_flight: Arc<Semaphore>,
    tls: Arc<ClientConfig>,
    reach: Arc<Reach>,
}

/// A request, whole.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// Where it goes.
    pub url: Url,
    /// Its headers; `host`, `user-agent` and `content-length` are added.
    pub headers: HeaderMap,
    /// Its body, which may be empty.
    pub body: Bytes,
}

/// What an answer may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpLimits {
    /// Most bytes of its body.
    pub max_body: usize,
    /// Longest time to its last byte, connecting and waiting for a place included.
    pub timeout: Duration,
}

/// An answer, whole.
#[derive(Debug, Clone)]
pub struct HttpResponse {
    /// The status, any.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl HttpClient {
    /// Reads the authorities. Nothing is connected to yet.
    ///
    /// # Errors
    ///
    /// The file of extra certificates can't be used.
    pub fn new(settings: &HttpSettings) -> Result<Self, SetupError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(SetupError::Tls)?
            .with_root_certificates(ringwall_roots::load(settings.roots.as_deref())?)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self::of(Arc::new(tls), settings.plain, Arc::new(settings.reach.clone())))
    }

    /// The same authorities, with other rules for `http://`. Connections are not shared.
    #[must_use]
    pub fn with_plain(&self, plain: Plain) -> Self {
        Self::of(Arc::clone(&self.0.tls), plain, Arc::clone(&self.0.reach))
    }

    fn of(tls: Arc<ClientConfig>, plain: Plain, reach: Arc<Reach>) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(MAX_IDLE)
            .http1_max_buf_size(MAX_HEADER_BYTES)
            .http1_max_headers(MAX_HEADERS)
            .build(Connector { tls: Arc::clone(&tls), plain, reach: Arc::clone(&reach) });
        Self(Arc::new(Inner { client, in_flight: Arc::new(Semaphore::new(MAX_IN_FLIGHT)), tls, reach }))
    }

    /// Sends a request once and reads the answer to its end.
    ///
    /// # Errors
    ///
    /// There is no answer, or one beyond the limits. Every status is an answer.
    pub async fn send(&self, request: HttpRequest, limits: HttpLimits) -> Result<HttpResponse, HttpError> {
        let sent = tokio::time::timeout(limits.timeout, self.exchange(request, limits.max_body)).await;
        sent.unwrap_or(Err(HttpError::Timeout))
    }

    async fn exchange(&self, request: HttpRequest, max_body: usize) -> Result<HttpResponse, HttpError> {
        let _place = self.0.in_flight.acquire().await;
        let (url, answer) = self.ask(request).await?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, max_body).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                HttpError::TooLong { host: url.host().to_owned(), limit: max_body }
            } else {
                HttpError::Broken { host: url.host().to_owned(), source: error.into() }
            }
        })?;
        Ok(HttpResponse { status: head.status, headers: head.headers, body: body.to_bytes() })
    }

    /// Sends a request; the answer's body is still to be read.
    async fn ask(&self, request: HttpRequest) -> Result<(Url, Response<Incoming>), HttpError> {
        let HttpRequest { method, url, headers, body } = request;
        let mut sent = Request::new(Full::new(body));
        *sent.method_mut() = method;
        *sent.uri_mut() = url.uri().clone();
        *sent.headers_mut() = headers;
        let agent = HeaderValue::from_static(concat!("ringwall/", env!("CARGO_PKG_VERSION")));
        sent.headers_mut().entry(USER_AGENT).or_insert(agent);
        if !sent.headers().contains_key(HOST)
            && let Ok(host) = HeaderValue::from_str(url.authority())
        {
            sent.headers_mut().insert(HOST, host);
        }
        let answer = self.0.client.request(sent).await.map_err(|error| sending(&url, error))?;
        if answer.headers().get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            return Err(HttpError::Encoded { host: url.host().to_owned() });
        }
        Ok((url, answer))
    }
}

/// What the pool's error is: that of the connector, which lies somewhere below, or a connection that broke.
fn sending(url: &Url, error: hyper_util::client::legacy::Error) -> HttpError {
    let host = url.host().to_owned();
    if error.is_connect()
        && let Some(ours) = error.source().and_then(|source| source.downcast_ref::<HttpError>())
    {
        return ours.clone();
    }
    HttpError::Broken { host, source: Arc::new(error) }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").finish_non_exhaustive()
    }
}
