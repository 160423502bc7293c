mod call;
mod failure;
mod retry;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use self::call::{Call, MAX_ANSWER};
pub use self::failure::read as read_error;
use self::retry::Quota;
pub use self::retry::Retry;
use crate::credentials::ProvideCredentials;
use crate::http::{HttpClient, HttpResponse, HttpSettings, Plain};
use crate::partition::is_region;
use crate::{CallError, Clock, Element, Endpoints, ErrorKind, SetupError};

/// What AWS leaves as it is: letters, digits, `-`, `.`, `_`, `~`.
///
/// Source: AWS, *IAM User Guide*, "Create a signed AWS API request", `UriEncode`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What a [`Client`] is made of.
#[derive(Debug, Clone)]
pub struct Config {
    /// The region that calls go to and are signed for.
    pub region: String,
    /// Where services are.
    pub endpoints: Endpoints,
    /// Who calls. Without, calls are not signed.
    pub credentials: Option<Arc<dyn ProvideCredentials>>,
    /// A PEM file of authorities that are trusted beside the system's.
    pub roots: Option<PathBuf>,
    /// Where `http://` endpoints may be.
    pub plain: Plain,
    /// How often a call is tried.
    pub retry: Retry,
    /// The longest that a call takes with all its attempts, pauses and credentials.
    pub timeout: Duration,
    /// The time of day.
    pub clock: Clock,
}

/// As long as a request of the apiserver to a webhook waits for its answer by default.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

impl Config {
    /// AWS's own endpoints, the standard retries, 30 seconds a call.
    pub fn new(region: impl Into<String>, credentials: Arc<dyn ProvideCredentials>) -> Self {
        Self { credentials: Some(credentials), ..Self::anonymous(region) }
    }

    /// The same without credentials.
    pub fn anonymous(region: impl Into<String>) -> Self {
        Self {
            region: region.into(),
            endpoints: Endpoints::aws(),
            credentials: None,
            roots: None,
            plain: Plain::default(),
            retry: Retry::default(),
            timeout: DEFAULT_TIMEOUT,
            clock: Clock::system(),
        }
    }
}

/// Calls AWS's APIs, or those of what speaks like it. Clones share connections, the quota of retries and what is known of
/// the service's clock.
///
/// Every call is signed with Signature Version 4, bounded in size and time, tried again when that may help, and logged
/// without parameters or results. The services' names are those under which they are signed, which are those of their hosts:
/// `sts`, `iam`, `kms`, `secretsmanager`, `ssm`, `eks`, `eks-auth`, `ec2`, `s3`, `logs`, `cloudtrail`, `events`.
#[derive(Clone)]
pub struct Client {
    http: HttpClient,
    region: Arc<str>,
    endpoints: Arc<Endpoints>,
    credentials: Option<Arc<dyn ProvideCredentials>>,
    retry: Retry,
    timeout: Duration,
    clock: Clock,
    shared: Arc<Shared>,
}

/// A call of S3's.
#[derive(Debug, Clone)]
pub struct ObjectCall<'c> {
    /// For messages, as `s3:GetObject`.
    pub operation: &'static str,
    /// The method.
    pub method: Method,
    /// The bucket.
    pub bucket: &'c str,
    /// The object's key, not escaped; empty for the bucket itself.
    pub key: &'c str,
    /// The query's names and values, not escaped.
    pub query: &'c [(&'c str, &'c str)],
    /// Headers, by names in lower case; all are signed.
    pub headers: Vec<(&'static str, String)>,
    /// What is sent.
    pub body: Bytes,
    /// Most bytes of the answer.
    pub max_answer: usize,
}

impl<'c> ObjectCall<'c> {
    /// One without query, headers and body.
    pub fn new(operation: &'static str, method: Method, bucket: &'c str, key: &'c str) -> Self {
        let (query, headers, body) = (&[], Vec::new(), Bytes::new());
        Self { operation, method, bucket, key, query, headers, body, max_answer: MAX_ANSWER }
    }
}

#[derive(Debug, Default)]
struct Shared {
    quota: Quota,
    /// What has to be added to the clock here to have that of the services, in seconds.
    skew: AtomicI64,
}

impl Client {
    /// Reads the authorities. Nothing is called yet.
    ///
    /// # Errors
    ///
    /// The extra certificates or the region can't be used.
    pub fn new(config: Config) -> Result<Self, SetupError> {
        let Config { region, endpoints, credentials, roots, plain, retry, timeout, clock } = config;
        let http = HttpClient::new(&HttpSettings { roots, plain, ..HttpSettings::default() })?;
        Ok(Self {
            http,
            region: check_region(&region)?.into(),
            endpoints: Arc::new(endpoints),
            credentials,
            retry,
            timeout,
            clock,
            shared: Arc::default(),
        })
    }

    /// The same with other credentials.
    #[must_use]
    pub fn with_credentials(&self, credentials: Arc<dyn ProvideCredentials>) -> Self {
        Self { credentials: Some(credentials), ..self.clone() }
    }

    /// The same without credentials: calls are not signed, as those of AssumeRoleWithWebIdentity.
    #[must_use]
    pub fn anonymous(&self) -> Self {
        Self { credentials: None, ..self.clone() }
    }

    /// The same in another region.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn with_region(&self, region: &str) -> Result<Self, SetupError> {
        Ok(Self { region: check_region(region)?.into(), ..self.clone() })
    }

    /// The same with other endpoints.
    #[must_use]
    pub fn with_endpoints(&self, endpoints: Endpoints) -> Self {
        Self { endpoints: Arc::new(endpoints), ..self.clone() }
    }

    /// Who calls, if calls are signed.
    pub fn credentials(&self) -> Option<&Arc<dyn ProvideCredentials>> {
        self.credentials.as_ref()
    }

    /// The region that calls go to.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Where services are.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The time of day.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What sends the requests.
    pub fn http(&self) -> &HttpClient {
        &self.http
    }

    /// Calls an operation of a service of the JSON 1.1 protocol by its target, as `TrentService.Encrypt`. `service` is its
    /// signing name.
    ///
    /// # Errors
    ///
    /// Every [`ErrorKind`].
    pub async fn json(&self, service: &'static str, target: &str, body: &Value) -> Result<Value, CallError> {
        let action = target.rsplit_once('.').map_or(target, |(_, action)| action);
        let call = Call {
            operation: format!("{service}:{action}"),
            service,
            method: Method::POST,
            url: self.url(service, action, "/", None)?,
            headers: vec![
                ("content-type", "application/x-amz-json-1.1".to_owned()),
                ("x-amz-target", target.to_owned()),
            ],
            body: body.to_string().into(),
            max_answer: MAX_ANSWER,
        };
        self.json_answer(call).await
    }

    /// Calls an operation of a service of the REST-JSON protocol. The path is as it is sent, its parts escaped by
    /// [`escape`].
    ///
    /// # Errors
    ///
    /// Every [`ErrorKind`].
    pub async fn rest(
        &self,
        service: &'static str,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, CallError> {
        let operation = format!("{method} {path}");
        let mut headers = Vec::new();
        if body.is_some() {
            headers.push(("content-type", "application/json".to_owned()));
        }
        let call = Call {
            url: self.url(service, &operation, path, Some(&form(query)))?,
            operation: format!("{service}:{operation}"),
            service,
            method,
            headers,
            body: body.map(|body| body.to_string().into()).unwrap_or_default(),
            max_answer: MAX_ANSWER,
        };
        self.json_answer(call).await
    }

    /// Calls an operation of a service of the Query protocol, and gives its answer's outermost element.
    ///
    /// # Errors
    ///
    /// Every [`ErrorKind`].
    pub async fn query(
        &self,
        service: &'static str,
        action: &str,
        version: &str,
        params: &[(&str, &str)],
    ) -> Result<Element, CallError> {
        let mut all = vec![("Action", action), ("Version", version)];
        all.extend(params);
        let call = Call {
            operation: format!("{service}:{action}"),
            service,
            method: Method::POST,
            url: self.url(service, action, "/", None)?,
            headers: vec![("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_owned())],
            body: form(&all).into(),
            max_answer: MAX_ANSWER,
        };
        let operation = call.operation.clone();
        let answer = self.call(call).await?;
        Element::parse(&answer.body).map_err(|error| CallError::local(&operation, ErrorKind::Other, error))
    }

    /// Puts an object into a bucket of S3, with its media type and how long it may be cached.
    ///
    /// # Errors
    ///
    /// Every [`ErrorKind`].
    pub async fn put_object(
        &self,
        bucket: &str,
        key: &str,
        content_type: &str,
        cache_control: &str,
        body: Bytes,
    ) -> Result<(), CallError> {
        const OPERATION: &str = "s3:PutObject";
        if key.is_empty() {
            return Err(CallError::local(OPERATION, ErrorKind::Invalid, "the key is empty"));
        }
        let headers =
            vec![("content-type", content_type.to_owned()), ("cache-control", cache_control.to_owned())];
        let call = ObjectCall { headers, body, ..ObjectCall::new(OPERATION, Method::PUT, bucket, key) };
        self.object(call).await.map(|_| ())
    }

    /// Calls an operation of S3's on an object, or, without a key, on a bucket. With a configured endpoint the bucket is the
    /// first part of the path, since names of hosts are AWS's alone.
    ///
    /// # Errors
    ///
    /// Every [`ErrorKind`].
    pub async fn object(&self, object: ObjectCall<'_>) -> Result<HttpResponse, CallError> {
        let ObjectCall { operation, method, bucket, key, query, mut headers, body, max_answer } = object;
        let wrong = |message: &str| CallError::local(operation, ErrorKind::Invalid, message);
        let name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
        if bucket.is_empty() || !bucket.bytes().all(name) {
            return Err(wrong("the bucket's name is none: small letters, digits, `-` and `.`"));
        }
        if key.split('/').any(|part| matches!(part, "." | "..")) {
            return Err(wrong("the key has a part `.` or `..`"));
        }
        let path: Vec<String> = key.split('/').map(escape).collect();
        let path = path.join("/");
        let form = form(query);
        let query = Some(form.as_str()).filter(|form| !form.is_empty());
        // A dot in the bucket's name is in no certificate of AWS's.
        let by_path = self.endpoints.configured("s3").is_some() || bucket.contains('.');
        let base = self.endpoints.url("s3", &self.region).map_err(|error| wrong(&error.to_string()))?;
        let url = if by_path {
            base.join(&format!("/{bucket}/{path}"), query)
        } else {
            format!("https://{bucket}.{}/", base.authority())
                .parse::<crate::http::Url>()
                .and_then(|host| host.join(&format!("/{path}"), query))
        };
        headers.push(("x-amz-content-sha256", sha256_hex(&body)));
        let call = Call {
            operation: operation.to_owned(),
            service: "s3",
            method,
            url: url.map_err(|error| wrong(&error.to_string()))?,
            headers,
            body,
            max_answer,
        };
        self.call(call).await
    }

    async fn json_answer(&self, call: Call) -> Result<Value, CallError> {
        let operation = call.operation.clone();
        let answer = self.call(call).await?;
        if answer.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer.body).map_err(|error| {
            CallError::local(&operation, ErrorKind::Other, format!("the answer is no JSON: {error}"))
        })
    }

    fn url(
        &self,
        service: &str,
        action: &str,
        path: &str,
        query: Option<&str>,
    ) -> Result<crate::http::Url, CallError> {
        let wrong = |error: crate::http::UrlError| {
            CallError::local(&format!("{service}:{action}"), ErrorKind::Invalid, error)
        };
        self.endpoints.url(service, &self.region).map_err(wrong)?.join(path, query).map_err(wrong)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("region", &self.region)
            .field("endpoints", &self.endpoints)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

/// A part of a path, as [`Client::rest`] takes it.
pub fn escape(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// Names and values as a query string, or as a form.
fn form(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    pairs.join("&")
}

fn check_region(region: &str) -> Result<&str, SetupError> {
    if is_region(region) { Ok(region) } else { Err(SetupError::Region(crate::http::cut(region))) }
}

fn sha256_hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref())
}
