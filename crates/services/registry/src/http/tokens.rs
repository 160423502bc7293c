//! `/token`: a token for name and password.
//!
//! Source: CNCF distribution, *Token Authentication Specification* (GET) and *OAuth2 Token Authentication* (POST).

use http::{HeaderValue, Method, StatusCode, header};
use ringwall_model::Secret;
use ringwall_server::{Answer, Body, Head};
use serde_json::json;

use super::Service;
use super::authorization::{Shown, shown};
use super::query::Query;
use crate::answer::Builder;
use crate::error::{Failure, Result};
use crate::gate::{Authenticated, Credentials, Gate};
use crate::token::{Scope, TOKEN_LIFETIME};

/// Bytes of a form: a password of `GetAuthorizationToken` and scopes.
const MAX_FORM: usize = 64 * 1024;

impl<G: Gate> Service<G> {
    /// Gives a token with the scopes that are asked for. They only narrow what the credentials are good for, so what the
    /// principal may not do is found out, and put on record, when it is done.
    pub(crate) async fn token(&self, head: &Head, query: Query, body: &mut Option<Body>) -> Result<Answer> {
        let now = (self.settings.clock)();
        let (credentials, query) = match head.method {
            Method::GET => {
                let header = head.header("authorization").filter(|header| is_basic(header));
                let Some(Shown { credentials, .. }) = shown(header, &self.tokens, now) else {
                    return Err(Self::basic("the credentials are not good"));
                };
                (credentials, query)
            }
            Method::POST => Self::form(body).await?,
            _ => return Err(Failure::no_method("GET, POST")),
        };
        match self.gate.authenticate(&credentials, &self.caller(head)).await {
            Authenticated::As(_) => {}
            Authenticated::Challenged => return Err(Self::basic("authentication is required")),
            Authenticated::Refused(reason) => return Err(Self::basic(&reason)),
            Authenticated::Unavailable => return Err(Failure::unavailable()),
        }
        // No name has a plus, so it is a space that a client encoded as forms do.
        let scopes: Vec<Scope> =
            Scope::read(&query.all("scope").collect::<Vec<_>>().join(" ").replace('+', " "));
        let token = self.tokens.seal(&credentials, &scopes, now).ok_or_else(Failure::unavailable)?;
        let mut told = json!({
            "token": token,
            "access_token": token,
            "expires_in": TOKEN_LIFETIME.as_secs(),
            "issued_at": now.to_string(),
        });
        if head.method == Method::POST
            && let Some(told) = told.as_object_mut()
        {
            told.insert("token_type".into(), "Bearer".into());
        }
        let json = HeaderValue::from_static("application/json");
        Ok(Builder::new(StatusCode::OK)
            .value(header::CONTENT_TYPE, json)
            .value(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
            .body(told.to_string()))
    }

    async fn form(body: &mut Option<Body>) -> Result<(Credentials, Query)> {
        let unsupported = |message| Failure::bad_request("UNSUPPORTED", message);
        let Some(body) = body else { return Err(unsupported("there is no body")) };
        let bytes = body.whole(MAX_FORM).await?;
        let text = std::str::from_utf8(&bytes).map_err(|_| unsupported("the form is not UTF-8"))?;
        let form = Query::form(text)?;
        if form.first("grant_type") != Some("password") {
            return Err(unsupported("`grant_type` has to be `password`"));
        }
        let (Some(user), Some(password)) = (form.first("username"), form.first("password")) else {
            return Err(Self::basic("the form has no `username` and `password`"));
        };
        let password = Secret::from(password.to_owned());
        Ok((Credentials::Password { user: user.to_owned(), password }, form))
    }

    /// Tokens are given for name and password only, whatever the rest of the registry asks for.
    fn basic(reason: &str) -> Failure {
        Failure::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", reason)
            .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"ringwall\""))
    }
}

/// Whether it is not a token: none is given for another one, whose scopes could grow by that.
fn is_basic(header: &str) -> bool {
    header.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic "))
}
