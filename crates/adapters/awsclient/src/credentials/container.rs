use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION};
use http::{HeaderMap, HeaderValue, Method};
use ringwall_model::error_chain;

use super::document::Document;
use super::{BoxFuture, Cached, Credentials, CredentialsError, ProvideCredentials, TokenSource};
use crate::error::kind;
use crate::http::{HttpClient, HttpLimits, HttpRequest, Plain, Url};
use crate::{Clock, Environment, ErrorKind};

/// How often, and how long each time: the SDKs' two seconds. The agent of a node may be about to be replaced.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(200);
const LIMITS: HttpLimits = HttpLimits { max_body: 64 << 10, timeout: Duration::from_secs(2) };

/// The agent of ECS. Source: AWS, *AWS SDKs and Tools Reference Guide*, "Container credential provider".
const ECS: &str = "http://169.254.170.2";

/// Credentials by the agent of a container or pod: ECS's, or EKS Pod Identity's.
#[derive(Debug, Clone)]
pub struct Container {
    /// Where the agent is. By `http://` only at this machine, at 169.254.170.2, 169.254.170.23 or `[fd00:ec2::23]`.
    pub url: Url,
    /// What is sent as `Authorization`, read anew each time.
    pub token: Option<TokenSource>,
}

impl Container {
    /// As `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` or `AWS_CONTAINER_CREDENTIALS_FULL_URI`, and
    /// `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` or `AWS_CONTAINER_AUTHORIZATION_TOKEN` say. `None` if neither URI is there.
    ///
    /// # Errors
    ///
    /// The URI is none.
    pub fn from_env(environment: &Environment) -> Result<Option<Self>, CredentialsError> {
        let url = match (
            environment.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
            environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
        ) {
            (Some(path), _) if path.starts_with('/') => format!("{ECS}{path}"),
            (Some(path), _) => format!("{ECS}/{path}"),
            (None, Some(url)) => url,
            (None, None) => return Ok(None),
        };
        let url = url.parse().map_err(|error| CredentialsError::invalid("the container's agent", error))?;
        let file = environment
            .get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
            .map(|file| TokenSource::File(file.into()));
        let text =
            environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(|text| TokenSource::Text(text.into()));
        Ok(Some(Self { url, token: file.or(text) }))
    }

    /// Asks the agent when asked, and keeps the session until shortly before its end.
    pub fn provider(self, http: &HttpClient, clock: Clock) -> Arc<dyn ProvideCredentials> {
        Arc::new(Cached::new(Agent { container: self, http: http.with_plain(Plain::Link) }, clock))
    }
}

#[derive(Debug)]
struct Agent {
    container: Container,
    http: HttpClient,
}

impl ProvideCredentials for Agent {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialsError>> {
        Box::pin(async {
            let mut attempt = 1;
            loop {
                match self.ask().await {
                    Err(error) if error.kind() == ErrorKind::Unavailable && attempt < ATTEMPTS => {
                        attempt += 1;
                        tokio::time::sleep(PAUSE).await;
                    }
                    answer => return answer,
                }
            }
        })
    }
}

impl Agent {
    async fn ask(&self) -> Result<Credentials, CredentialsError> {
        let origin = format!("the container's agent at {:?}", self.container.url);
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(token) = &self.container.token {
            let mut value = HeaderValue::from_bytes(token.read(&origin)?.expose()).map_err(|_| {
                CredentialsError::invalid(&origin, "the token has characters that no header has")
            })?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let request =
            HttpRequest { method: Method::GET, url: self.container.url.clone(), headers, body: Bytes::new() };
        let answer = self.http.send(request, LIMITS).await;
        let answer = answer.map_err(|error| {
            let kind = if error.is_transient() { ErrorKind::Unavailable } else { ErrorKind::Invalid };
            CredentialsError::failed(&origin, kind, error_chain(&error))
        })?;
        if !answer.status.is_success() {
            let status = answer.status.as_u16();
            return Err(CredentialsError::failed(
                &origin,
                kind("", status),
                format!("it answers HTTP {status}"),
            ));
        }
        Document::parse(&origin, &answer.body)?.credentials(&origin)
    }
}
