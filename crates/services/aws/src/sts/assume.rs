//! `AssumeRole`.
//!
//! Source: AWS STS API Reference, *AssumeRole*; AWS IAM User Guide, *Pass session tags in AWS STS*, *Monitor and control
//! actions taken with assumed roles* (source identity), *The confused deputy problem* (external id).

use serde::Deserialize;
use serde_json::json;

use super::issue::{PolicyArn, Tag, Wish, issue, tags};
use super::roles::{find, trusted};
use crate::authorize::Answer;
use crate::call::Call;
use crate::caller::Identity;
use crate::error::{ACCESS_DENIED, ApiError, Result};

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
