//! Principals of grants: by their ARN, and by what stays their own.

use super::rows::Named;
use crate::caller::{Caller, Identity};
use crate::error::{ApiError, Result};
use crate::principals::{self, Found};
use crate::shared::Shared;

/// Looks up the principal of a grant.
///
/// # Errors
///
/// `InvalidArnException` for what is no account, user, role or session of a role, or is not there.
pub(crate) async fn find(shared: &Shared, text: &str) -> Result<Named> {
    let invalid = || {
        let message = format!("ARN does not refer to a valid principal: {text}");
        ApiError::new("InvalidArnException", message)
    };
    let account =
        text.strip_prefix("arn:aws:iam::").and_then(|rest| rest.strip_suffix(":root")).unwrap_or(text);
    if is_account(account) {
        return Ok(Named { arn: format!("arn:aws:iam::{account}:root"), filed: account.to_owned() });
    }
    let found =
        if text.starts_with("arn:") { principals::find(shared, text).await } else { Ok(Found::Nobody) };
    match found {
        Ok(Found::Id(filed)) => Ok(Named { arn: text.to_owned(), filed }),
        Ok(Found::Lasting | Found::Nobody) => Err(invalid()),
        Err(refused) => Err(refused.into_error("InvalidArnException")),
    }
}

/// Under what the grants of a caller are filed: the most its own first.
pub(crate) fn filed(caller: &Caller) -> impl Iterator<Item = &str> {
    let own = match caller.identity {
        Identity::Root => None,
        Identity::User(_) | Identity::Session { .. } => Some(&*caller.user_id),
        Identity::Federated { .. } | Identity::Service(_) | Identity::Nobody => None,
    };
    let role = own.and_then(|id| id.split_once(':')).map(|(role, _)| role);
    let account = Some(&*caller.account).filter(|account| is_account(account));
    own.into_iter().chain(role).chain(account)
}

/// Whether a text is an account's id.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
