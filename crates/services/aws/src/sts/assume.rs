//! `AssumeRole`.
//!
//! Source: AWS STS API Reference, *AssumeRole*; AWS IAM User Guide, *Pass session tags in AWS STS*, *Monitor and control
//! actions taken with assumed roles* (source identity), *The confused deputy problem* (external id).

use std::sync::Arc;

use ringwall_iam::PolicyKind;
use ringwall_model::Arn;
use ringwall_store::Row;
use serde::Deserialize;
use serde_json::json;

use super::issue::{PolicyArn, Tag, Wish, invalid, issue, tags};
use crate::authorize::{Answer, Ask, ResourcePolicy};
use crate::call::Call;
use crate::caller::Identity;
use crate::error::{ACCESS_DENIED, ApiError, Result};
use crate::iam::rows::Role;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AssumeRole {
    role_arn: String,
    role_session_name: String,
    #[serde(default)]
    policy_arns: Vec<PolicyArn>,
    policy: Option<String>,
    duration_seconds: Option<i64>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    transitive_tag_keys: Vec<String>,
    external_id: Option<String>,
    serial_number: Option<String>,
    source_identity: Option<String>,
}

pub(crate) async fn assume_role(call: &Call<'_>, input: AssumeRole) -> Result<Answer> {
    if call.caller().identity == Identity::Root {
        return Err(ApiError::new(ACCESS_DENIED, "Roles may not be assumed by root accounts."));
    }
    if input.serial_number.is_some() {
        return Err(ApiError::new(
            ACCESS_DENIED,
            "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
        ));
    }
    let role = find(call, &input.role_arn).await?;
    let inherited = call.caller().session.as_deref();
    let (tags, transitive) = tags(&input.tags, &input.transitive_tag_keys, inherited)?;
    let source_identity = source_identity(
        inherited.and_then(|session| session.source_identity.as_deref()),
        input.source_identity.as_deref(),
    )?;
    let ask = |action: &str| {
        trusted(action, &input.role_arn, role.as_ref().map(|(_, row)| row))
            .with("sts:RoleSessionName", input.role_session_name.as_str())
            .with_some("sts:ExternalId", input.external_id.as_deref())
            .with_some("sts:SourceIdentity", source_identity.as_deref())
            .with_all("sts:TransitiveTagKeys", input.transitive_tag_keys.iter().map(String::as_str))
            .request_tags(input.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())))
    };
    let permit = call.authorize(&ask("sts:AssumeRole"))?;
    if !input.tags.is_empty() {
        call.authorize(&ask("sts:TagSession"))?;
    }
    if source_identity.is_some() {
        call.authorize(&ask("sts:SetSourceIdentity"))?;
    }
    // Without a role there was no trust policy, so that nothing was allowed.
    let (account, row) = role.ok_or_else(|| ApiError::internal(&"a role that is not there was allowed"))?;
    let wish = Wish {
        name: input.role_session_name,
        duration: input.duration_seconds,
        policy: input.policy,
        policy_arns: input.policy_arns,
        tags,
        transitive,
        source_identity,
        chained: matches!(call.caller().identity, Identity::Session { .. }),
        ..Wish::default()
    };
    call.note_resource(&input.role_arn, &account, "AWS::IAM::Role");
    let issued = issue(call, &account, &row, wish).await?;
    let mut answer = json!({ "Credentials": issued.credentials(), "AssumedRoleUser": issued.user() });
    super::put(&mut answer, "PackedPolicySize", issued.packed());
    super::put(&mut answer, "SourceIdentity", issued.session.source_identity.as_deref());
    Ok(permit.answer(answer))
}

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

/// A source identity stays what it was: the next role can neither drop nor change it.
pub(crate) fn source_identity(inherited: Option<&str>, asked: Option<&str>) -> Result<Option<String>> {
    match (inherited, asked) {
        (Some(inherited), Some(asked)) if inherited != asked => Err(ApiError::new(
            ACCESS_DENIED,
            "The source identity of a session can't be changed by a role that it assumes",
        )),
        (inherited, asked) => Ok(inherited.or(asked).map(str::to_owned)),
    }
}
