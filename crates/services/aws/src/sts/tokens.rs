//! `GetCallerIdentity`, `GetSessionToken`, `GetAccessKeyInfo`.

use serde::Deserialize;
use serde_json::json;

use super::issue::credentials;
use super::session::{Exposed, Of, Session};
use crate::authorize::{Answer, Ask, Permit};
use crate::call::Call;
use crate::caller::Identity;
use crate::error::{ACCESS_DENIED, ApiError, Result};
use crate::id::{self, KeyKind};

/// Session length of a user without `DurationSeconds`, in seconds. Source: AWS STS API Reference, *GetSessionToken*.
const USER_SESSION: i64 = 43_200;

/// Longest session of the root user, in seconds. Source: AWS STS API Reference, *GetSessionToken*.
const ROOT_SESSION: i64 = 3600;

#[derive(Debug, Deserialize)]
pub(crate) struct GetCallerIdentity {}

/// Tells who calls, to everybody who can sign: no policy can take that away.
///
/// Source: AWS STS API Reference, *GetCallerIdentity*.
pub(crate) async fn get_caller_identity(call: &Call<'_>, _: GetCallerIdentity) -> Result<Answer> {
    let caller = call.caller();
    Ok(Permit::by_rule().answer(json!({
        "UserId": &*caller.user_id,
        "Account": &*caller.account,
        "Arn": &*caller.arn,
    })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetSessionToken {
    duration_seconds: Option<i64>,
    serial_number: Option<String>,
    token_code: Option<String>,
}

/// Temporary credentials of a user or root, with the same permissions. Nobody needs a permission for it.
///
/// Source: AWS STS API Reference, *GetSessionToken*.
pub(crate) async fn get_session_token(call: &Call<'_>, input: GetSessionToken) -> Result<Answer> {
    let caller = call.caller();
    if input.serial_number.is_some() || input.token_code.is_some() {
        let message = "MultiFactorAuthentication failed with invalid MFA one time pass code. ";
        return Err(ApiError::new(ACCESS_DENIED, message));
    }
    let (of, most) = match (&caller.identity, &caller.session) {
        (Identity::User(name), None) => {
            let of = Of::User { user: name.to_ascii_lowercase(), id: caller.user_id.to_string() };
            (of, i64::MAX)
        }
        (Identity::Root, None) => (Of::Root, ROOT_SESSION),
        _ => {
            return Err(ApiError::new(ACCESS_DENIED, "Cannot call GetSessionToken with session credentials"));
        }
    };
    let session = Session {
        account: caller.account.to_string(),
        of,
        access_key: id::access_key(KeyKind::Session, &caller.account)?,
        secret: Exposed::new(id::secret_access_key()?),
        issued: call.seconds(),
        expires: call.seconds() + input.duration_seconds.unwrap_or(USER_SESSION).min(most),
        policies: Vec::new(),
        policy_arns: Vec::new(),
        tags: Default::default(),
        transitive: Default::default(),
        source_identity: None,
        provider: None,
        subject: None,
    };
    let token = call.shared.seal_session(&session)?;
    Ok(Permit::by_rule().answer(json!({ "Credentials": credentials(&session, &token) })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetAccessKeyInfo {
    access_key_id: String,
}

/// The account of an access key id, whether or not the key is there: the id itself tells.
///
/// Source: AWS STS API Reference, *GetAccessKeyInfo*.
pub(crate) async fn get_access_key_info(call: &Call<'_>, input: GetAccessKeyInfo) -> Result<Answer> {
    let permit = call.authorize(&Ask::new("sts:GetAccessKeyInfo", "*"))?;
    match id::account_of(&input.access_key_id) {
        Some(account) => Ok(permit.answer(json!({ "Account": account }))),
        None => {
            Err(ApiError::new("ValidationError", format!("Invalid access key id: {}", input.access_key_id))
                .status(400))
        }
    }
}
