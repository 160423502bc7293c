//! AWS STS: who calls, and temporary credentials.

mod assume;
pub(crate) mod issue;
pub(crate) mod roles;
pub(crate) mod session;
mod tokens;
mod web_identity;

use ringwall_protocol::Operation;

use crate::caller::{Caller, Identity};
use crate::error::{ACCESS_DENIED, ApiError, Result};
use crate::handler::{Handler, handlers};

/// The operation's handler.
pub(crate) fn find(operation: &str) -> Option<Handler> {
    handlers!(operation, {
        "AssumeRole" => assume::assume_role,
        "AssumeRoleWithWebIdentity" => web_identity::assume_role_with_web_identity,
        "GetAccessKeyInfo" => tokens::get_access_key_info,
        "GetCallerIdentity" => tokens::get_caller_identity,
        "GetSessionToken" => tokens::get_session_token,
    })
}

/// Whether credentials may be used for an operation at all. Those of `GetSessionToken` are of little use against IAM and
/// STS, so that somebody who got hold of some can neither make lasting ones nor keep renewing them.
///
/// Source: AWS STS API Reference, *GetSessionToken*: "You cannot call any IAM API operations unless MFA authentication
/// information is included in the request. You cannot call any AWS STS API except AssumeRole or GetCallerIdentity." There is
/// no MFA here.
///
/// # Errors
///
/// What AWS answers: `InvalidClientTokenId` by IAM, `AccessDenied` by STS.
pub(crate) fn reach(caller: &Caller, operation: &Operation) -> Result<()> {
    let is_users = caller.session.is_some() && matches!(caller.identity, Identity::User(_) | Identity::Root);
    match (operation.service().name(), operation.name()) {
        ("iam", _) if is_users => {
            let message = "The security token included in the request is invalid";
            Err(ApiError::new("InvalidClientTokenId", message).status(403))
        }
        ("sts", "AssumeRole" | "GetCallerIdentity") => Ok(()),
        ("sts", name) if is_users => {
            let message = format!("Cannot call {name} with session credentials");
            Err(ApiError::new(ACCESS_DENIED, message))
        }
        _ => Ok(()),
    }
}

/// Sets a member of an answer, if there is something to tell.
pub(crate) fn put(answer: &mut serde_json::Value, name: &str, value: Option<impl Into<serde_json::Value>>) {
    if let (Some(members), Some(value)) = (answer.as_object_mut(), value) {
        members.insert(name.to_owned(), value.into());
    }
}
