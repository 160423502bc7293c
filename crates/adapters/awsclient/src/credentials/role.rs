//! Credentials of a role: assumed with others, or for a token.

use std::path::PathBuf;
use std::sync::Arc;

use ringwall_model::Secret;

use super::{BoxFuture, Cached, Credentials, CredentialsError, ProvideCredentials, document};
use crate::Client;

/// The version of STS's API.
const VERSION: &str = "2011-06-15";

/// Longest token. Source: AWS, *STS API Reference*, AssumeRoleWithWebIdentity, `WebIdentityToken`: 20,000 letters.
const MAX_TOKEN_BYTES: u64 = 20_000;

/// A role that is assumed with the credentials of a client.
#[derive(Debug, Clone, Default)]
pub struct AssumeRole {
    /// The role.
    pub role_arn: String,
    /// How the session is called in ARNs and logs; `ringwall` and the time if it isn't given.
    pub session_name: Option<String>,
    /// What the role's trust policy may demand.
    pub external_id: Option<String>,
    /// Seconds that the session lasts, as the role allows; an hour if it isn't given.
    pub duration: Option<u32>,
}

impl AssumeRole {
    /// Assumes it when asked, and keeps the session until shortly before its end.
    pub fn provider(self, client: &Client) -> Arc<dyn ProvideCredentials> {
        let clock = client.clock().clone();
        Arc::new(Cached::new(Assumed { role: self, client: client.clone() }, clock))
    }
}

#[derive(Debug)]
struct Assumed {
    role: AssumeRole,
    client: Client,
}

impl ProvideCredentials for Assumed {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialsError>> {
        Box::pin(async {
            let AssumeRole { role_arn, session_name, external_id, duration } = &self.role;
            let origin = format!("the role `{role_arn}`");
            let name = session_name.clone().unwrap_or_else(|| default_session(&self.client));
            let duration = duration.map(|seconds| seconds.to_string());
            let mut params = vec![("RoleArn", role_arn.as_str()), ("RoleSessionName", name.as_str())];
            params.extend(external_id.as_deref().map(|id| ("ExternalId", id)));
            params.extend(duration.as_deref().map(|seconds| ("DurationSeconds", seconds)));
            let answer = self.client.query("sts", "AssumeRole", VERSION, &params).await;
            let answer = answer.map_err(|error| CredentialsError::of_call(&origin, &error))?;
            document::of_sts(&origin, &answer, "AssumeRoleResult")
        })
    }
}

/// A role that is assumed for a token of an OpenID Connect issuer, as pods have.
#[derive(Debug, Clone)]
pub struct WebIdentity {
    /// The role.
    pub role_arn: String,
    /// How the session is called; `ringwall` and the time if it isn't given.
    pub session_name: Option<String>,
    /// The token.
    pub token: TokenSource,
    /// Seconds that the session lasts; an hour if it isn't given.
    pub duration: Option<u32>,
}

/// Where a token comes from.
#[derive(Debug, Clone)]
pub enum TokenSource {
    /// It is there.
    Text(Secret),
    /// It is in a file, which is read at each use: tokens of pods are renewed there.
    File(PathBuf),
}

impl TokenSource {
    /// The token, without the line end that a file may have.
    pub(super) fn read(&self, origin: &str) -> Result<Secret, CredentialsError> {
        let path = match self {
            Self::Text(token) => return Ok(token.clone()),
            Self::File(path) => path,
        };
        let wrong = |why: String| {
            CredentialsError::invalid(origin, format!("the token in `{}`: {why}", path.display()))
        };
        let bytes = Secret::new(
            ringwall_files::read(path, MAX_TOKEN_BYTES).map_err(|error| wrong(error.to_string()))?,
        );
        let text = bytes.expose_text().map(str::trim_end).ok_or_else(|| wrong("it is no text".to_owned()))?;
        if text.is_empty() || text.contains(['\r', '\n']) {
            return Err(wrong("it is not one line".to_owned()));
        }
        Ok(Secret::from(text.to_owned()))
    }
}

impl WebIdentity {
    /// Exchanges the token when asked, and keeps the session until shortly before its end. The client's credentials are not
    /// used: the token is what proves who asks.
    pub fn provider(self, client: &Client) -> Arc<dyn ProvideCredentials> {
        let clock = client.clock().clone();
        Arc::new(Cached::new(Exchanged { identity: self, client: client.anonymous() }, clock))
    }
}

#[derive(Debug)]
struct Exchanged {
    identity: WebIdentity,
    client: Client,
}

impl ProvideCredentials for Exchanged {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialsError>> {
        Box::pin(async {
            let WebIdentity { role_arn, session_name, token, duration } = &self.identity;
            let origin = format!("the role `{role_arn}` for a web identity token");
            let token = token.read(&origin)?;
            let token = token
                .expose_text()
                .ok_or_else(|| CredentialsError::invalid(&origin, "the token is no text"))?;
            let name = session_name.clone().unwrap_or_else(|| default_session(&self.client));
            let duration = duration.map(|seconds| seconds.to_string());
            let mut params = vec![
                ("RoleArn", role_arn.as_str()),
                ("RoleSessionName", name.as_str()),
                ("WebIdentityToken", token),
            ];
            params.extend(duration.as_deref().map(|seconds| ("DurationSeconds", seconds)));
            let answer = self.client.query("sts", "AssumeRoleWithWebIdentity", VERSION, &params).await;
            let answer = answer.map_err(|error| CredentialsError::of_call(&origin, &error))?;
            document::of_sts(&origin, &answer, "AssumeRoleWithWebIdentityResult")
        })
    }
}

fn default_session(client: &Client) -> String {
    format!("ringwall-{}", client.clock().now())
}
