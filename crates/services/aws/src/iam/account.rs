//! The account itself: its alias, what is in it.
//!
//! Source: AWS IAM API Reference, *CreateAccountAlias*, *DeleteAccountAlias*, *ListAccountAliases*, *GetAccountSummary*,
//! *GetAccountAuthorizationDetails*.

use std::sync::Arc;

use ringwall_store::{Batch, Expect, Row, Scan};
use serde::Deserialize;
use serde_json::json;

use super::entity::{Tries, all, count};
use super::fault::no_such;
use super::limits;
use super::oidc::Nothing;
use super::page::{self, Page};
use super::rows::{Account, Group, InstanceProfile, ManagedPolicy, OidcProvider, Role, User};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::{ApiError, Result};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Alias {
    account_alias: String,
}

async fn account(call: &Call<'_>) -> Result<Arc<Row<Account>>> {
    let row = call.shared.iam.accounts.get("", "", call.account()).await?;
    row.ok_or_else(|| ApiError::internal(&"the caller's account is not there"))
}

/// An account has one alias, and an alias is of one account.
pub(crate) async fn create_account_alias(call: &Call<'_>, input: Alias) -> Result<Answer> {
    let permit = call.authorize(&Ask::new("iam:CreateAccountAlias", "*"))?;
    let alias = &input.account_alias;
    let mut tries = Tries::default();
    loop {
        let row = account(call).await?;
        if row.value.alias.as_ref() != Some(alias) && is_taken(call, alias).await? {
            let message = format!("The account alias {alias} already exists.");
            return Err(ApiError::new("EntityAlreadyExists", message));
        }
        if set(call, &mut tries, &row, Some(alias.clone())).await? {
            return Ok(permit.done());
        }
    }
}

pub(crate) async fn delete_account_alias(call: &Call<'_>, input: Alias) -> Result<Answer> {
    let permit = call.authorize(&Ask::new("iam:DeleteAccountAlias", "*"))?;
    let mut tries = Tries::default();
    loop {
        let row = account(call).await?;
        if row.value.alias.as_ref() != Some(&input.account_alias) {
            return Err(no_such(format!("The account alias {} cannot be found.", input.account_alias)));
        }
        if set(call, &mut tries, &row, None).await? {
            return Ok(permit.done());
        }
    }
}

async fn set(call: &Call<'_>, tries: &mut Tries, row: &Row<Account>, alias: Option<String>) -> Result<bool> {
    let value = Account { alias, ..row.value.clone() };
    let mut batch = Batch::new();
    let expect = Expect::Revision(row.revision);
    call.shared.iam.accounts.put(&mut batch, "", "", &row.place.name, &value, expect);
    tries.commit(call, batch).await
}

async fn is_taken(call: &Call<'_>, alias: &str) -> Result<bool> {
    let mut last: Option<String> = None;
    loop {
        let scan = Scan { after: last.as_deref(), ..Scan::default() };
        let page = call.shared.iam.accounts.scan("", "", scan).await?;
        let Some(end) = page.last() else { return Ok(false) };
        if page.iter().any(|row| row.value.alias.as_deref() == Some(alias)) {
            return Ok(true);
        }
        last = Some(end.place.name.clone());
    }
}

pub(crate) async fn list_account_aliases(call: &Call<'_>, input: Page) -> Result<Answer> {
    let permit = call.authorize(&Ask::new("iam:ListAccountAliases", "*"))?;
    input.after()?;
    let aliases = account(call).await?.value.alias.as_deref().map(serde_json::Value::from);
    Ok(permit.answer(page::answer("AccountAliases", aliases.into_iter().collect(), None)))
}

/// Counts, and quotas that are enforced. What cannot be here, such as MFA devices, is 0.
pub(crate) async fn get_account_summary(call: &Call<'_>, _: Nothing) -> Result<Answer> {
    let permit = call.authorize(&Ask::new("iam:GetAccountSummary", "*"))?;
    let row = account(call).await?;
    let versions: usize = all::<ManagedPolicy>(call).await?.iter().map(|row| row.value.versions.len()).sum();
    let summary = json!({
        "Users": count::<User>(call, usize::MAX).await?,
        "UsersQuota": limits::USERS,
        "Groups": count::<Group>(call, usize::MAX).await?,
        "GroupsQuota": limits::GROUPS,
        "Roles": count::<Role>(call, usize::MAX).await?,
        "RolesQuota": limits::ROLES,
        "Policies": count::<ManagedPolicy>(call, usize::MAX).await?,
        "PoliciesQuota": limits::POLICIES,
        "PolicyVersionsInUse": versions,
        "InstanceProfiles": count::<InstanceProfile>(call, usize::MAX).await?,
        "InstanceProfilesQuota": limits::INSTANCE_PROFILES,
        "Providers": count::<OidcProvider>(call, usize::MAX).await?,
        "AccountAccessKeysPresent": usize::from(!row.value.root_keys.is_empty()),
        "AccountMFAEnabled": 0,
        "MFADevices": 0,
        "MFADevicesInUse": 0,
        "AccessKeysPerUserQuota": limits::ACCESS_KEYS_PER_USER,
        "GroupsPerUserQuota": limits::GROUPS_PER_USER,
        "AttachedPoliciesPerUserQuota": limits::ATTACHED_POLICIES,
        "AttachedPoliciesPerGroupQuota": limits::ATTACHED_POLICIES,
        "AttachedPoliciesPerRoleQuota": limits::ATTACHED_POLICIES,
        "VersionsPerPolicyQuota": limits::VERSIONS_PER_POLICY,
        "PolicySizeQuota": limits::MANAGED_POLICY_SIZE,
        "UserPolicySizeQuota": limits::USER_POLICY_SIZE,
        "GroupPolicySizeQuota": limits::GROUP_POLICY_SIZE,
        "RolePolicySizeQuota": limits::ROLE_POLICY_SIZE,
        "AssumeRolePolicySizeQuota": limits::TRUST_POLICY_SIZE,
    });
    Ok(permit.answer(json!({ "SummaryMap": summary })))
}
