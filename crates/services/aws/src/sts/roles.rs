//! Roles that somebody wants to assume.

use std::sync::Arc;

use ringwall_iam::PolicyKind;
use ringwall_model::Arn;
use ringwall_store::Row;

use super::issue::invalid;
use crate::authorize::{Ask, ResourcePolicy};
use crate::call::Call;
use crate::error::Result;
use crate::iam::rows::Role;

/// The account of a role's ARN.
pub(crate) fn role_account(arn: &str) -> Result<String> {
    role_arn(arn).map(|arn| arn.account)
}

fn role_arn(arn: &str) -> Result<Arn> {
    let parsed = arn.parse::<Arn>().ok();
    let role = parsed.filter(|arn| arn.service == "iam" && arn.resource.starts_with("role/"));
    role.ok_or_else(|| invalid(&format!("{arn} is invalid")))
}

/// A role by its ARN, with its account.
pub(crate) async fn find(call: &Call<'_>, arn: &str) -> Result<Option<(String, Arc<Row<Role>>)>> {
    let parsed = role_arn(arn)?;
    let name = parsed.name().to_ascii_lowercase();
    let row = call.shared.iam.roles.get(&parsed.account, "", &name).await?;
    Ok(row.filter(|row| row.value.arn(&parsed.account) == arn).map(|row| (parsed.account, row)))
}

/// An action that a role's trust policy is about. A role that is not there trusts nobody.
pub(crate) fn trusted(action: &str, arn: &str, row: Option<&Arc<Row<Role>>>) -> Ask {
    let ask = Ask::new(action, arn);
    let Some(row) = row else { return ask };
    let role = &row.value;
    let policy = ResourcePolicy::from(role.trust.policy(PolicyKind::Trust, "trust policy"));
    let tags = role.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    ask.policy(policy).resource_tags(Some("iam:ResourceTag"), tags)
}
