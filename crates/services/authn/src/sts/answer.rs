//! What STS answers.

use std::time::Duration;

use http::header::RETRY_AFTER;
use ringwall_awsclient::http::HttpResponse;
use ringwall_awsclient::{Element, ErrorKind, read_error};
use ringwall_model::Arn;
use ringwall_rbac::entry::canonical_arn;
use serde::Deserialize;

use super::{Caller, VerifyError};
use crate::token::Token;

/// Most characters of STS's message that are kept.
const MAX_MESSAGE: usize = 256;
/// Longest unique id. Source: AWS, *STS API Reference*, `userIdType`, which has no limit, but of a role's session it is the
/// role's, of at most 128 characters, `:`, and the session's name, of at most 64.
const MAX_USER_ID: usize = 256;
/// When to ask again after STS was asked too often and didn't say when: its limit is by the second.
const PAUSE: Duration = Duration::from_secs(1);
/// Longest that STS's own `Retry-After` is heeded. Tokens end after 15 minutes, and people wait.
const MAX_PAUSE: Duration = Duration::from_secs(30);
/// What STS has for a signature that isn't the request's, in words that may repeat the request: ours are put in their place.
const DOES_NOT_MATCH: &str = "SignatureDoesNotMatch";

/// `GetCallerIdentityResponse` as STS writes it when JSON is asked for.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    get_caller_identity_response: Response,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Response {
    get_caller_identity_result: Identity,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Identity {
    account: String,
    arn: String,
    user_id: String,
}

/// Reads the answer to a token's question.
pub(crate) fn read(token: &Token, answer: &HttpResponse) -> Result<Caller, VerifyError> {
    if answer.status.as_u16() == 200 {
        let identity = identity(&answer.body)?;
        return identity.caller(token).map_err(|why| unreadable(&why));
    }
    let error = read_error("sts:GetCallerIdentity", answer);
    let status = error.status;
    match error.kind {
        ErrorKind::Throttled => Err(VerifyError::Throttled { retry_after: pause(answer) }),
        _ if status >= 500 => {
            let what = if error.code.is_empty() { format!("status {status}") } else { error.code };
            Err(VerifyError::Unavailable { why: format!("it answered {what}") })
        }
        _ if status < 400 => {
            Err(unreadable(&format!("it answered with status {status}, and redirects are not followed")))
        }
        _ => {
            let message = match &*error.code {
                DOES_NOT_MATCH => "the signature is not that of its key for this request (hint: the token may be for another \
                                   cluster's id)"
                    .to_owned(),
                _ => error.message.chars().take(MAX_MESSAGE).collect(),
            };
            Err(VerifyError::Denied { code: error.code, message, status })
        }
    }
}

fn unreadable(why: &str) -> VerifyError {
    VerifyError::Unavailable { why: why.to_owned() }
}

/// In JSON, or in XML from what doesn't go by `accept`.
fn identity(body: &[u8]) -> Result<Identity, VerifyError> {
    if !body.trim_ascii_start().starts_with(b"<") {
        let read = serde_json::from_slice::<Document>(body);
        return read
            .map(|document| document.get_caller_identity_response.get_caller_identity_result)
            .map_err(|_| unreadable("its answer is no GetCallerIdentityResponse"));
    }
    let root = Element::parse(body).map_err(|error| unreadable(&error.to_string()))?;
    let text = |name| root.text_at(&["GetCallerIdentityResult", name]).map(str::to_owned);
    match (root.name.as_str(), text("Account"), text("Arn"), text("UserId")) {
        ("GetCallerIdentityResponse", Some(account), Some(arn), Some(user_id)) => {
            Ok(Identity { account, arn, user_id })
        }
        _ => Err(unreadable("its answer is no GetCallerIdentityResponse")),
    }
}

impl Identity {
    /// The caller, if all parts of the answer are about the same one.
    ///
    /// Source: aws-iam-authenticator 81b1daba, `pkg/token/token.go`, `getIdentityFromSTSResponse`.
    fn caller(self, token: &Token) -> Result<Caller, String> {
        let Self { account, arn, user_id } = self;
        let arn: Arn = arn.parse().map_err(|error| format!("{error}"))?;
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) || arn.account != account
        {
            return Err(format!("the account of `{arn}` is not that of the answer"));
        }
        if user_id.is_empty()
            || user_id.len() > MAX_USER_ID
            || !user_id.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(format!("the unique id of `{arn}` is none"));
        }
        let canonical_arn = canonical_arn(&arn)?;
        // Of a federated user the whole id: the first part is the account, which is the root user's id.
        // A role itself calls nobody, so it has no session to name.
        let of_session = ["assumed-role/", "role/"].iter().any(|kind| arn.resource.starts_with(kind));
        let (user_id, session_name) = match user_id.split_once(':') {
            Some((role, session)) if of_session && session == arn.name() && !role.is_empty() => {
                (role.to_owned(), session.to_owned())
            }
            _ if of_session => return Err(format!("the unique id of `{arn}` is not of its session")),
            _ => (user_id, String::new()),
        };
        Ok(Caller {
            arn,
            canonical_arn,
            account,
            user_id,
            session_name,
            access_key_id: token.access_key_id().to_owned(),
            sts_host: token.host().to_owned(),
            expires: token.expires(),
        })
    }
}

fn pause(answer: &HttpResponse) -> Duration {
    let seconds = answer.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    seconds.map_or(PAUSE, Duration::from_secs).clamp(PAUSE, MAX_PAUSE)
}
