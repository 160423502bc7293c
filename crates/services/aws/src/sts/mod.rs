//! AWS STS: who calls, and temporary credentials.

mod assume;
pub(crate) mod issue;
pub(crate) mod roles;
pub(crate) mod session;
mod tokens;
mod web_identity;

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

/// Sets a member of an answer, if there is something to tell.
pub(crate) fn put(answer: &mut serde_json::Value, name: &str, value: Option<impl Into<serde_json::Value>>) {
    if let (Some(members), Some(value)) = (answer.as_object_mut(), value) {
        members.insert(name.to_owned(), value.into());
    }
}
