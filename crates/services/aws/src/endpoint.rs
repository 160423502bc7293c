//! From a request to its answer: who signed, what is asked, whether it is allowed, what came of it.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use ringwall_protocol as protocol;
use ringwall_protocol::{Accept, Fault, Operation, RequestHead, WireError};
use ringwall_server::{Handler, Head, Labels, Refusal, Request, Response};
use ringwall_sigv4::{ErrorKind, Lifetime, Parts, Presented, SignatureError};
use serde_json::Value;

use crate::call::{Call, Origin};
use crate::caller::Caller;
use crate::error::{ACCESS_DENIED, ApiError, INTERNAL, Result};
use crate::record::{self, Outcome, is_durable};
use crate::shared::Shared;
use crate::{id, kms, secretsmanager, services, shared, sts};

/// Longest region name; AWS's longest today has 14 bytes.
const MAX_REGION_BYTES: usize = 32;

/// AWS's APIs on one port: the service is told by what was signed, the operation by header, path or body.
#[derive(Clone, Debug)]
pub struct Endpoint {
    shared: Arc<Shared>,
}

impl Endpoint {
    /// An endpoint of these parts.
    pub fn new(parts: shared::Parts) -> Self {
        Self { shared: Arc::new(Shared::new(parts)) }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Does what is due without anybody's call: keys of KMS rotate, and keys and secrets whose time is over are
    /// destroyed. Whoever runs the endpoint calls this from time to time; once an hour is often enough.
    ///
    /// # Errors
    ///
    /// If the store failed. What was done until then is done, and the rest is tried again the next time.
    pub async fn sweep(&self) -> std::result::Result<kms::Swept, ApiError> {
        let swept = kms::sweep(&self.shared).await?;
        Ok(kms::Swept { secrets: secretsmanager::sweep(&self.shared).await?, ..swept })
    }
}

impl Handler for Endpoint {
    async fn handle(&self, request: Request) -> Response {
        let id = id::uuid().unwrap_or_default();
        let headers: Vec<(&str, &str)> =
            request.head.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let parts = Parts {
            method: request.head.method.as_str(),
            path: &request.head.path,
            query: request.head.query.as_deref(),
            headers: &headers,
            authority: None,
        };
        let accept = Accept::of(request.head.header("accept"));
        Exchange { shared: &self.shared, request: &request, parts, reply: Reply { accept, id } }
            .answer()
            .await
    }

    fn refuse(&self, head: &Head, refusal: Refusal) -> Response {
        let id = id::uuid().unwrap_or_default();
        let code = match refusal {
            Refusal::Busy => "ThrottlingException",
            Refusal::TimedOut => "ServiceUnavailable",
            Refusal::Failed => INTERNAL,
            _ => "RequestEntityTooLarge",
        };
        let error = ApiError::new(code, refusal.to_string()).status(refusal.status().as_u16());
        let service = head.header("authorization").and_then(scope_service);
        let accept = Accept::of(head.header("accept"));
        Reply { accept, id }.failure(service.and_then(protocol::service), None, &error)
    }
}

/// One request on its way.
struct Exchange<'a> {
    shared: &'a Shared,
    request: &'a Request,
    parts: Parts<'a>,
    reply: Reply,
}

impl Exchange<'_> {
    async fn answer(&self) -> Response {
        let presented = match ringwall_sigv4::parse(&self.parts) {
            Ok(presented) => presented,
            Err(error) => {
                let service = self.request.head.header("authorization").and_then(scope_service);
                return self.reply.failure(service.and_then(protocol::service), None, &signature(&error));
            }
        };
        let pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = match &presented {
            Some(presented) => presented.query_pairs().cloned().collect(),
            None => match self.parts.query_pairs() {
                Ok(pairs) => pairs,
                Err(error) => return self.reply.failure(None, None, &signature(&error)),
            },
        };
        let segments = match self.parts.path_segments() {
            Ok(segments) => segments,
            Err(error) => return self.reply.failure(None, None, &signature(&error)),
        };
        let signed_for = presented.as_ref().map(|presented| &*presented.scope().service);
        let head = RequestHead {
            method: self.parts.method,
            segments: &segments,
            query: &pairs,
            headers: self.parts.headers,
            signed_for,
        };
        let operation = match protocol::route(&head, &self.request.body) {
            Ok(operation) => operation,
            Err(error) => return self.reply.wire_failure(&error),
        };
        match self.call(operation, presented.as_ref(), &head).await {
            Ok(response) => response,
            Err(error) => self.reply.failure(Some(operation.service()), Some(operation), &error),
        }
    }

    /// Authenticates and calls. An error here is of a caller who was not believed, and leaves no record, as on AWS.
    async fn call(
        &self,
        operation: &'static Operation,
        presented: Option<&Presented<'_>>,
        head: &RequestHead<'_>,
    ) -> Result<Response> {
        let now = (self.shared.clock)();
        let caller = match presented {
            None if operation.is_unsigned() => Caller::nobody(),
            None => return Err(signature(&SignatureError::MissingAuthenticationToken)),
            Some(presented) => {
                let caller = self.authenticate(operation, presented, now).await?;
                // Such a call is proved by its token: who signed it besides has no part in it.
                if operation.is_unsigned() { Caller::nobody() } else { caller }
            }
        };
        let origin = self.origin(operation, presented, now)?;
        let throttled =
            if caller.account.is_empty() { origin.address.to_string() } else { caller.account.to_string() };
        if !self.shared.throttle.take(&throttled, operation.service().name(), now) {
            return Err(ApiError::new("ThrottlingException", "Rate exceeded").status(400));
        }
        let Some(handler) = services::find(self.shared, operation) else {
            return Ok(self.reply.wire_failure(&WireError::unknown_operation(operation)));
        };
        let call = Call::new(self.shared, origin, caller);
        let (input, outcome) = match protocol::read(operation, head, &self.request.body) {
            Err(error) => (None, Err(error.into())),
            Ok(input) => {
                let shown = record::without_blobs(operation.redact_input(&input));
                let outcome = match sts::reach(call.caller(), operation) {
                    Ok(()) => handler(&call, input).await,
                    Err(error) => Err(error),
                };
                (Some(shown), outcome)
            }
        };
        let outcome = outcome.map(|answer| answer.into_value());
        let failed = |error: &ApiError| self.reply.failure(Some(operation.service()), Some(operation), error);
        // What was done is recorded even if its answer could not be written.
        let response = match &outcome {
            Ok(value) => self.reply.success(operation, value).unwrap_or_else(|error| failed(&error)),
            Err(error) => failed(error),
        };
        self.record(&call, operation, input, &outcome, &response).await?;
        Ok(response)
    }

    async fn authenticate(
        &self,
        operation: &'static Operation,
        presented: &Presented<'_>,
        now: i64,
    ) -> Result<Caller> {
        presented.require_service(operation.service().signing_name()).map_err(|error| signature(&error))?;
        let claimed = self.shared.identify(presented.access_key_id(), presented.session_token(), now).await?;
        let key = self.shared.signing_key(&claimed.secret, presented.scope())?;
        let is_identity = operation.name() == "GetCallerIdentity";
        let lifetime = if is_identity { Lifetime::QuarterHour } else { Lifetime::Stated };
        presented
            .verify(&self.request.body, &key, now.div_euclid(1000), lifetime)
            .map_err(|error| signature(&error))?;
        Ok(claimed.caller)
    }

    fn origin(
        &self,
        operation: &'static Operation,
        presented: Option<&Presented<'_>>,
        now: i64,
    ) -> Result<Origin> {
        let region = presented.map_or(&*self.shared.region, |presented| &*presented.scope().region);
        let is_region = (1..=MAX_REGION_BYTES).contains(&region.len())
            && region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !is_region {
            return Err(signature(&SignatureError::ScopeRegion));
        }
        let head = &self.request.head;
        Ok(Origin {
            service: operation.service().name(),
            operation: operation.name(),
            region: region.to_owned(),
            request_id: self.reply.id.clone(),
            now,
            address: head.peer.ip().to_canonical(),
            vpc_endpoint: None,
            user_agent: head.header("user-agent").unwrap_or_default().to_owned(),
            tls: head.tls.as_ref().map(|tls| (tls.version.to_owned(), tls.cipher_suite.to_owned())),
            host: head.host().to_owned(),
        })
    }

    /// Writes the call's record. What changed something is not answered before its record is on disk.
    async fn record(
        &self,
        call: &Call<'_>,
        operation: &'static Operation,
        input: Option<Value>,
        outcome: &Result<Value>,
        response: &Response,
    ) -> Result<()> {
        let (service, name) = (operation.service().name(), operation.name());
        let answer = match outcome {
            // What is durable changed something, or gave somebody credentials.
            Ok(value) if is_durable(service, name) => {
                Some(record::without_tokens(operation.redact_output(value)))
            }
            _ => None,
        };
        let error = outcome.as_ref().err().map(|error| (&*response.labels.code, error.message.as_str()));
        let durable = outcome.is_ok() && is_durable(service, name);
        record::write(call, Outcome { input, answer, error }, durable).await
    }
}

/// How a request is answered, whatever comes of it.
struct Reply {
    /// The form that the caller takes.
    accept: Accept,
    /// The request's id.
    id: String,
}

impl Reply {
    fn success(&self, operation: &'static Operation, value: &Value) -> Result<Response> {
        let answer = protocol::write(operation, value, self.accept, &self.id);
        Ok(response(answer.map_err(|error| ApiError::internal(&error))?, Some(operation), None))
    }

    /// The answer to what could not be routed, or is not served.
    fn wire_failure(&self, error: &WireError) -> Response {
        response(error.answer(self.accept, &self.id), None, Some(error.code.into()))
    }

    fn failure(
        &self,
        service: Option<&'static protocol::Service>,
        operation: Option<&'static Operation>,
        error: &ApiError,
    ) -> Response {
        let service = service.or_else(|| protocol::service("sts"));
        let code = spoken(service, error);
        let fault =
            Fault { code: &code, message: &error.message, status: error.status, fields: &error.fields };
        let answer = protocol::write_error(service, &fault, self.accept, &self.id);
        response(answer, operation, Some(code))
    }
}

/// The words in which each service tells what is common to all.
pub(crate) fn spoken(service: Option<&'static protocol::Service>, error: &ApiError) -> Cow<'static, str> {
    let name = service.map_or("sts", protocol::Service::name);
    let is_query = matches!(name, "iam" | "sts" | "ec2");
    match (&*error.code, is_query) {
        (ACCESS_DENIED, true) if name == "ec2" => "UnauthorizedOperation".into(),
        (ACCESS_DENIED, false) => "AccessDeniedException".into(),
        ("InvalidClientTokenId", true) if name == "ec2" => "AuthFailure".into(),
        ("InvalidClientTokenId", false) => "UnrecognizedClientException".into(),
        ("SignatureDoesNotMatch", true) if name == "ec2" => "AuthFailure".into(),
        ("SignatureDoesNotMatch", false) => "InvalidSignatureException".into(),
        ("IncompleteSignature", false) => "IncompleteSignatureException".into(),
        ("MissingAuthenticationToken", false) => "MissingAuthenticationTokenException".into(),
        ("ExpiredToken", false) => "ExpiredTokenException".into(),
        ("ThrottlingException", true) => {
            if name == "ec2" { "RequestLimitExceeded" } else { "Throttling" }.into()
        }
        _ => error.code.clone(),
    }
}

fn response(
    answer: protocol::Answer,
    operation: Option<&'static Operation>,
    code: Option<Cow<'static, str>>,
) -> Response {
    let mut headers = HeaderMap::new();
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value))
        {
            headers.insert(name, value);
        }
    }
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/x-amz-json-1.1"));
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let labels = Labels {
        service: operation.map_or("", |operation| operation.service().name()).into(),
        operation: operation.map_or("", Operation::name).into(),
        code: code.unwrap_or_default(),
    };
    Response { status, headers, body: Bytes::from(answer.body), labels }
}

/// A signature's error in the words of the Query protocol; [`spoken`] translates them.
fn signature(error: &SignatureError) -> ApiError {
    let code = match error.kind() {
        ErrorKind::MissingAuthenticationToken => "MissingAuthenticationToken",
        ErrorKind::IncompleteSignature => "IncompleteSignature",
        ErrorKind::Malformed => "MalformedQueryString",
        ErrorKind::Internal => return ApiError::internal(error),
        _ => "SignatureDoesNotMatch",
    };
    let status = if code == "IncompleteSignature" || code == "MalformedQueryString" { 400 } else { 403 };
    ApiError::new(code, error.to_string()).status(status)
}

/// The service that an `Authorization` header names, for the form of an error alone.
fn scope_service(authorization: &str) -> Option<&str> {
    authorization.split_once("Credential=")?.1.split(',').next()?.split('/').nth(3)
}
