//! One request by somebody who was recognised.

use http::{HeaderValue, StatusCode, header};
use ringwall_model::Secret;
use ringwall_oci::control::LAYER_RIGHT;
use ringwall_oci::{OciError, Registry, RepositoryKey};
use ringwall_server::Head;
use serde_json::Value;

use super::authorization::{Shown, shown};
use super::query::Query;
use super::route::Route;
use super::{Challenge, Service};
use crate::error::{Failure, Result};
use crate::gate::{Action, Ask, Authenticated, Caller, Created, Credentials, Gate, Verdict};
use crate::token::Scope;

/// A request, and whose it is.
pub(crate) struct Session<'a, G: Gate> {
    pub(crate) service: &'a Service<G>,
    pub(crate) head: &'a Head,
    pub(crate) principal: G::Principal,
    caller: Caller,
    scopes: Option<Vec<Scope>>,
    account: String,
}

impl<G: Gate> Service<G> {
    /// Recognises whose request it is.
    pub(crate) async fn session<'a>(&'a self, head: &'a Head) -> Result<Session<'a, G>> {
        let now = (self.settings.clock)();
        let route = Route::of(&head.path);
        let shown = match (head.header("authorization"), &route) {
            (None, Some(Route::Blob { .. })) => by_address(head)?,
            _ => None,
        }
        .or_else(|| shown(head.header("authorization"), &self.tokens, now));
        let Some(Shown { credentials, scopes }) = shown else {
            return Err(self.challenge(head, route.as_ref(), "the credentials are not good"));
        };
        let caller = self.caller(head);
        match self.gate.authenticate(&credentials, &caller).await {
            Authenticated::As(principal) => {
                let account = account_of(&caller.host)
                    .map_or_else(|| self.gate.account(&principal).to_owned(), str::to_owned);
                Ok(Session { service: self, head, principal, caller, scopes, account })
            }
            Authenticated::Challenged => {
                Err(self.challenge(head, route.as_ref(), "authentication is required"))
            }
            Authenticated::Refused(reason) => Err(self.challenge(head, route.as_ref(), &reason)),
            Authenticated::Unavailable => Err(Failure::unavailable()),
        }
    }

    pub(crate) fn caller(&self, head: &Head) -> Caller {
        Caller {
            address: head.peer.ip(),
            vpce: self.settings.vpce.clone(),
            user_agent: head.header("user-agent").map(str::to_owned),
            host: head.host().to_owned(),
            tls: head.tls.as_ref().map(|tls| (tls.version, tls.cipher_suite)),
        }
    }

    /// Asks for credentials.
    pub(crate) fn challenge(&self, head: &Head, route: Option<&Route<'_>>, reason: &str) -> Failure {
        let url = match &self.settings.url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => {
                format!("{}://{}", if head.tls.is_some() { "https" } else { "http" }, printable(head.host()))
            }
        };
        let challenge = match self.settings.challenge {
            Challenge::Basic => format!("Basic realm=\"{url}/\",service=\"ecr.amazonaws.com\""),
            Challenge::Token => {
                let scope = route.and_then(|route| scope_of(route, head)).unwrap_or_default();
                format!("Bearer realm=\"{url}/token\",service=\"{}\"{scope}", printable(head.host()))
            }
        };
        let value = HeaderValue::try_from(challenge).unwrap_or(HeaderValue::from_static("Basic"));
        Failure::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", reason).header(header::WWW_AUTHENTICATE, value)
    }
}

impl<G: Gate> Session<'_, G> {
    pub(crate) fn registry(&self) -> &Registry {
        &self.service.registry
    }

    pub(crate) fn account(&self) -> &str {
        &self.account
    }

    /// The repository that the path names.
    pub(crate) fn key(&self, route: &Route<'_>) -> Result<RepositoryKey> {
        let name = route.name().ok_or_else(Failure::no_path)?;
        Ok(RepositoryKey::new(self.account.as_str(), name)?)
    }

    /// Does something if it is permitted, and puts on record what came of it. Nothing of `work` happens before that: a
    /// future does nothing until it is waited for.
    pub(crate) async fn permitted<T>(
        &self,
        action: Action,
        repository: Option<&RepositoryKey>,
        parameters: Value,
        work: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let permit = match self.verdict(action, repository, parameters).await {
            Verdict::Permitted(permit) => permit,
            Verdict::Denied(reason) => return Err(Failure::denied(reason)),
            Verdict::Unavailable => return Err(Failure::unavailable()),
        };
        let done = work.await;
        let error = done.as_ref().err().map(|failure| (failure.code, failure.message.as_str()));
        self.service.gate.record(permit, error).await.map_err(|_| Failure::unavailable())?;
        done
    }

    /// Whether an action is permitted.
    async fn verdict(
        &self,
        action: Action,
        repository: Option<&RepositoryKey>,
        parameters: Value,
    ) -> Verdict<G::Permit> {
        if let Some(scopes) = &self.scopes
            && !Scope::cover(scopes, action, repository.map(RepositoryKey::name))
        {
            return Verdict::Denied(format!("the token has no scope for {}", action.name()));
        }
        let ask = Ask { action, account: &self.account, repository, parameters, caller: &self.caller };
        self.service.gate.authorize(&self.principal, ask).await
    }

    /// Makes the repository of a push, if it is not there and a template says that it should be.
    pub(crate) async fn create(&self, key: &RepositoryKey) -> Result<()> {
        match self.service.gate.create(&self.principal, key, &self.caller).await {
            Created::Yes => Ok(()),
            Created::NoTemplate => Err(OciError::NoRepository(key.name().to_owned()).into()),
            Created::Denied(reason) => Err(Failure::denied(reason)),
            Created::Unavailable => Err(Failure::unavailable()),
        }
    }
}

/// The right that the address of a layer carries, as `GetDownloadUrlForLayer` gives it: a password for that layer.
fn by_address(head: &Head) -> Result<Option<Shown>> {
    let query = Query::of(head.query.as_deref().unwrap_or_default())?;
    Ok(query.first(LAYER_RIGHT).map(|right| {
        let password = Secret::from(right.to_owned());
        Shown { credentials: Credentials::Password { user: LAYER_RIGHT.to_owned(), password }, scopes: None }
    }))
}

/// The account of a host as ECR names its registries: `111122223333.dkr.ecr.REGION.amazonaws.com`, or anything after `.dkr.`.
fn account_of(host: &str) -> Option<&str> {
    let (account, rest) = host.split_once('.')?;
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    (is_account && rest.starts_with("dkr.")).then_some(account)
}

/// What of a host can stand in a quoted string.
fn printable(host: &str) -> String {
    host.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']' | '_'))
        .collect()
}

/// The scope that a client needs for this request, which it repeats when it asks for a token.
fn scope_of(route: &Route<'_>, head: &Head) -> Option<String> {
    let name = match (route, route.name()) {
        (Route::Catalog, _) => return Some(",scope=\"registry:catalog:*\"".to_owned()),
        (_, name) => name?,
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'/');
    let actions = match head.method.as_str() {
        "GET" | "HEAD" => "pull",
        "DELETE" if !matches!(route, Route::Upload { .. }) => "delete",
        _ => "pull,push",
    };
    name.bytes().all(is_name).then(|| format!(",scope=\"repository:{name}:{actions}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_names_a_registry_as_ecr_does() {
        let host = "111122223333.dkr.ecr.eu-central-1.amazonaws.com:5000";
        assert_eq!(account_of(host), Some("111122223333"));
        for other in ["localhost:5000", "111122223333", "111122223333.example.com", "1.dkr.ecr.x"] {
            assert_eq!(account_of(other), None, "{other}");
        }
        assert_eq!(printable("[::1]:80\"\r\n"), "[::1]:80");
    }
}
