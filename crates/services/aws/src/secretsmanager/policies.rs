//! Policies of secrets.

use ringwall_iam::PolicyKind;
use serde::Deserialize;
use serde_json::json;

use super::access::{allowed, seek, usable};
use super::change::change;
use super::public;
use crate::authorize::{Answer, Ask, ResourcePolicy};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::principals::{Refused, ResourceDocument};

const MALFORMED: &str = "MalformedPolicyDocumentException";

/// A policy that AWS would take.
///
/// # Errors
///
/// `MalformedPolicyDocumentException`
async fn read(call: &Call<'_>, text: String) -> Result<ResourceDocument> {
    let read = ResourceDocument::new(call.shared, PolicyKind::Resource, "resource policy", text).await;
    read.map_err(|refused| match refused {
        Refused::Principal(who) => {
            ApiError::new(MALFORMED, format!("This resource policy contains an unsupported principal: {who}"))
        }
        other => other.into_error(MALFORMED),
    })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PutResourcePolicy {
    secret_id: String,
    resource_policy: String,
    block_public_policy: Option<bool>,
}

/// Source: AWS, *Secrets Manager API Reference*, PutResourcePolicy.
pub(crate) async fn put_resource_policy(call: &Call<'_>, input: PutResourcePolicy) -> Result<Answer> {
    let sought = seek(call, &input.secret_id).await?;
    let block = input.block_public_policy;
    let ask = sought.ask(call, "secretsmanager:PutResourcePolicy").with_some(
        "secretsmanager:BlockPublicPolicy",
        block.map(|block| if block { "true" } else { "false" }),
    );
    let found = sought.allowed(call, &ask)?;
    let policy = read(call, input.resource_policy).await?;
    if block.unwrap_or_default() && public::is_public(policy.text()) {
        let message = "You can't attach a policy that grants broad access to the secret: BlockPublicPolicy.";
        return Err(ApiError::new("PublicPolicyException", message));
    }
    let found = change(call, found, |secret| {
        usable(secret)?;
        secret.policy = Some(policy.clone());
        Ok(())
    })
    .await?;
    Ok(found.permit.answer(json!({ "ARN": &*found.arn, "Name": found.name() })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct BySecret {
    secret_id: String,
}

/// Source: AWS, *Secrets Manager API Reference*, GetResourcePolicy.
pub(crate) async fn get_resource_policy(call: &Call<'_>, input: BySecret) -> Result<Answer> {
    let found = allowed(call, &input.secret_id, "secretsmanager:GetResourcePolicy").await?;
    found.usable()?;
    let mut answer = json!({ "ARN": &*found.arn, "Name": found.name() });
    if let (Some(policy), Some(members)) = (&found.secret().policy, answer.as_object_mut()) {
        members.insert("ResourcePolicy".to_owned(), policy.shown(call.shared).await?.into());
    }
    Ok(found.permit.answer(answer))
}

/// Source: AWS, *Secrets Manager API Reference*, DeleteResourcePolicy.
pub(crate) async fn delete_resource_policy(call: &Call<'_>, input: BySecret) -> Result<Answer> {
    let found = allowed(call, &input.secret_id, "secretsmanager:DeleteResourcePolicy").await?;
    let found = change(call, found, |secret| {
        usable(secret)?;
        secret.policy = None;
        Ok(())
    })
    .await?;
    Ok(found.permit.answer(json!({ "ARN": &*found.arn, "Name": found.name() })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ValidateResourcePolicy {
    secret_id: Option<String>,
    resource_policy: String,
}

/// Whether a policy gives to everybody, and whether it locks its caller out; that it is none is an error.
///
/// Source: AWS, *Secrets Manager API Reference*, ValidateResourcePolicy.
pub(crate) async fn validate_resource_policy(
    call: &Call<'_>,
    input: ValidateResourcePolicy,
) -> Result<Answer> {
    const ACTION: &str = "secretsmanager:ValidateResourcePolicy";
    let (permit, later) = match &input.secret_id {
        None => (call.authorize(&Ask::new(ACTION, "*"))?, None),
        Some(id) => {
            let sought = seek(call, id).await?;
            let ask = sought.ask(call, ACTION);
            let later = sought.ask(call, "secretsmanager:PutResourcePolicy");
            let found = sought.allowed(call, &ask)?;
            found.usable()?;
            (found.permit, Some(later))
        }
    };
    let policy = read(call, input.resource_policy).await?;
    let mut errors = Vec::new();
    if public::is_public(policy.text()) {
        errors.push(json!({
            "CheckName": "PUBLIC_POLICY",
            "ErrorMessage": "The policy grants broad access to the secret.",
        }));
    }
    if let Some(later) = later {
        let read = policy.policy(PolicyKind::Resource, "resource policy");
        if !call.may(&later.policy(ResourcePolicy::from(read)))? {
            errors.push(json!({
                "CheckName": "LOCKOUT",
                "ErrorMessage": "The policy would not let you change the resource policy any more.",
            }));
        }
    }
    let answer = json!({ "PolicyValidationPassed": errors.is_empty(), "ValidationErrors": errors });
    Ok(permit.answer(answer))
}
