use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use ringwall_model::error_chain;

use super::document::Document;
use super::{BoxFuture, Cached, Credentials, CredentialsError, ProvideCredentials};
use crate::error::kind;
use crate::http::{HttpClient, HttpLimits, HttpRequest, HttpResponse, Plain, Url};
use crate::{Clock, Environment, ErrorKind};

/// A second, as the SDKs have: the service is on the machine's own link, and where there is none nobody shall wait long.
const LIMITS: HttpLimits = HttpLimits { max_body: 64 << 10, timeout: Duration::from_secs(1) };
/// Six hours, as the SDKs ask for; it serves the three requests of one question.
const TOKEN_TTL: HeaderValue = HeaderValue::from_static("21600");
const ORIGIN: &str = "the instance's metadata service";

/// Credentials of an instance's role, by its metadata service, version 2 alone.
///
/// Source: AWS, *EC2 User Guide*, "Retrieve security credentials from instance metadata"; *AWS SDKs and Tools Reference
/// Guide*, "IMDS credential provider".
#[derive(Debug, Clone)]
pub struct Instance {
    url: Url,
}

impl Instance {
    /// As `AWS_EC2_METADATA_SERVICE_ENDPOINT` and `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE` say. `None` if
    /// `AWS_EC2_METADATA_DISABLED` is `true`.
    ///
    /// # Errors
    ///
    /// The endpoint is no URL.
    pub fn from_env(environment: &Environment) -> Result<Option<Self>, CredentialsError> {
        if environment.is_true("AWS_EC2_METADATA_DISABLED") {
            return Ok(None);
        }
        let mode = environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
        let default = match mode {
            Some(mode) if mode.eq_ignore_ascii_case("ipv6") => "http://[fd00:ec2::254]",
            _ => "http://169.254.169.254",
        };
        let url = environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or_else(|| default.to_owned());
        let url = url.parse().map_err(|error| CredentialsError::invalid(ORIGIN, error))?;
        Ok(Some(Self { url }))
    }

    /// Asks the service when asked, and keeps the session until shortly before its end.
    pub fn provider(self, http: &HttpClient, clock: Clock) -> Arc<dyn ProvideCredentials> {
        // Where the service is, is the operator's word; it speaks no TLS.
        Arc::new(Cached::new(Metadata { url: self.url, http: http.with_plain(Plain::Anywhere) }, clock))
    }
}

#[derive(Debug)]
struct Metadata {
    url: Url,
    http: HttpClient,
}

impl ProvideCredentials for Metadata {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialsError>> {
        Box::pin(self.ask())
    }
}

impl Metadata {
    async fn ask(&self) -> Result<Credentials, CredentialsError> {
        const ROLES: &str = "/latest/meta-data/iam/security-credentials/";
        let mut headers = HeaderMap::new();
        headers.insert("x-aws-ec2-metadata-token-ttl-seconds", TOKEN_TTL);
        // A machine without the service answers with nothing or with anything: then there are no credentials at all.
        let token = match self.send(Method::PUT, "/latest/api/token", headers).await {
            Ok(answer) if answer.status.is_success() => answer.body,
            Ok(answer) if answer.status == StatusCode::FORBIDDEN => return Err(refused(&answer)),
            _ => return Err(CredentialsError::None),
        };
        let mut token = HeaderValue::from_bytes(&token)
            .map_err(|_| CredentialsError::invalid(ORIGIN, "its token is none"))?;
        token.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert("x-aws-ec2-metadata-token", token);
        let roles = self.send(Method::GET, ROLES, headers.clone()).await?;
        if roles.status == StatusCode::NOT_FOUND {
            return Err(CredentialsError::None);
        }
        let role = std::str::from_utf8(&successful(&roles)?.body).ok().and_then(|text| text.lines().next());
        let role = role.map(str::trim).filter(|role| is_role(role));
        let role = role.ok_or_else(|| CredentialsError::invalid(ORIGIN, "the name of its role is none"))?;
        let answer = self.send(Method::GET, &format!("{ROLES}{role}"), headers).await?;
        let document = Document::parse(ORIGIN, &successful(&answer)?.body)?;
        match document.code.as_deref() {
            None | Some("Success") => document.credentials(ORIGIN),
            Some(_) => Err(CredentialsError::failed(
                ORIGIN,
                ErrorKind::Unavailable,
                "it has a role, but no credentials for it",
            )),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
    ) -> Result<HttpResponse, CredentialsError> {
        let url = self.url.join(path, None).map_err(|error| CredentialsError::invalid(ORIGIN, error))?;
        let request = HttpRequest { method, url, headers, body: Bytes::new() };
        let answer = self.http.send(request, LIMITS).await;
        answer.map_err(|error| CredentialsError::failed(ORIGIN, ErrorKind::Unavailable, error_chain(&error)))
    }
}

/// Source: AWS, *IAM API Reference*, Role, `RoleName`.
fn is_role(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte))
}

fn successful(answer: &HttpResponse) -> Result<&HttpResponse, CredentialsError> {
    if answer.status.is_success() { Ok(answer) } else { Err(refused(answer)) }
}

fn refused(answer: &HttpResponse) -> CredentialsError {
    let status = answer.status.as_u16();
    CredentialsError::failed(ORIGIN, kind("", status), format!("it answers HTTP {status}"))
}
