//! Principals of grants: by their ARN, and by what stays their own.

use ringwall_model::Arn;

use super::rows::Named;
use crate::call::Call;
use crate::caller::{Caller, Identity};
use crate::error::{ApiError, Result};

/// Looks up the principal of a grant.
///
/// # Errors
///
/// `InvalidArnException` for what is no account, user, role or session of a role, or is not there.
pub(crate) async fn find(call: &Call<'_>, text: &str) -> Result<Named> {
    let invalid = || {
        let message = format!("ARN does not refer to a valid principal: {text}");
        ApiError::new("InvalidArnException", message)
    };
    let named = |filed: String| Named { arn: text.to_owned(), filed };
    let iam = &call.shared.iam;
    if is_account(text) {
        let known = iam.accounts.get("", "", text).await?.is_some();
        let arn = format!("arn:aws:iam::{text}:root");
        return known.then(|| Named { arn, filed: text.to_owned() }).ok_or_else(invalid);
    }
    let arn: Arn = text.parse().map_err(|_| invalid())?;
    let account = arn.account.as_str();
    match (arn.service.as_str(), arn.resource.split('/').collect::<Vec<_>>().as_slice()) {
        ("iam", ["root"]) => {
            let known = iam.accounts.get("", "", account).await?.is_some();
            known.then(|| named(account.to_owned())).ok_or_else(invalid)
        }
        ("iam", ["user", .., name]) => {
            let row = iam.users.get(account, "", &name.to_ascii_lowercase()).await?;
            let row = row.filter(|row| row.value.arn(account) == text).ok_or_else(invalid)?;
            Ok(named(row.value.id.clone()))
        }
        ("iam", ["role", .., name]) => {
            let row = iam.roles.get(account, "", &name.to_ascii_lowercase()).await?;
            let row = row.filter(|row| row.value.arn(account) == text).ok_or_else(invalid)?;
            Ok(named(row.value.id.clone()))
        }
        ("sts", ["assumed-role", role, session]) if !session.is_empty() => {
            let row = iam.roles.get(account, "", &role.to_ascii_lowercase()).await?;
            let row = row.filter(|row| row.value.name == *role).ok_or_else(invalid)?;
            Ok(named(format!("{}:{session}", row.value.id)))
        }
        _ => Err(invalid()),
    }
}

/// Under what the grants of a caller are filed: the most its own first.
pub(crate) fn filed(caller: &Caller) -> impl Iterator<Item = &str> {
    let own = match caller.identity {
        Identity::Root => None,
        Identity::User(_) | Identity::Session { .. } => Some(&*caller.user_id),
        Identity::WebIdentity { .. } | Identity::Service(_) | Identity::Nobody => None,
    };
    let role = own.and_then(|id| id.split_once(':')).map(|(role, _)| role);
    let account = Some(&*caller.account).filter(|account| is_account(account));
    own.into_iter().chain(role).chain(account)
}

/// Whether a text is an account's id.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
