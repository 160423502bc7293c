//! Policies of repositories.

use ringwall_iam::PolicyKind;
use ringwall_oci::control::setting;
use serde::Deserialize;
use serde_json::json;

use super::access::{Found, seek};
use super::policy::{self, filed};
use super::{error, invalid};
use crate::authorize::{Answer, Ask, ResourcePolicy};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::principals::ResourceDocument;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetRepositoryPolicy {
    registry_id: Option<String>,
    repository_name: String,
    policy_text: String,
    #[serde(default)]
    force: bool,
}

/// Source: AWS, *Amazon ECR API Reference*, SetRepositoryPolicy: `force` is needed for a policy that would keep its author
/// from setting another one.
pub(crate) async fn set(call: &Call<'_>, input: SetRepositoryPolicy) -> Result<Answer> {
    const ACTION: &str = "ecr:SetRepositoryPolicy";
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, ACTION)?;
    let document = policy::repository(call, input.policy_text).await?;
    let read = document.policy(PolicyKind::Resource, "repository policy");
    let later = Ask::new(ACTION, found.arn.as_str()).policy(ResourcePolicy::from(read));
    if !input.force && !call.may(&later)? {
        return Err(invalid(
            "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'The policy would not let you set the repository policy any more; use force to set it all the same'",
        ));
    }
    let kept = filed(&document)?;
    found
        .change(call, |settings| {
            settings.insert(setting::POLICY.to_owned(), kept.clone());
            Ok(())
        })
        .await?;
    Ok(answer(found, document.text()))
}

fn answer(found: Found, text: &str) -> Answer {
    let answer = json!({ "registryId": found.account, "repositoryName": found.name, "policyText": text });
    found.permit.answer(answer)
}

fn none(found: &Found) -> ApiError {
    error(
        "RepositoryPolicyNotFoundException",
        format!(
            "Repository policy does not exist for the repository with name '{}' in the registry with id '{}'",
            found.name, found.account
        ),
    )
}

async fn shown(call: &Call<'_>, found: &Found) -> Result<String> {
    let kept = found.repository.settings.get(setting::POLICY).ok_or_else(|| none(found))?;
    let document: ResourceDocument = policy::read(kept)?;
    document.shown(call.shared).await
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ByRepository {
    pub(crate) registry_id: Option<String>,
    pub(crate) repository_name: String,
}

/// Source: AWS, *Amazon ECR API Reference*, GetRepositoryPolicy.
pub(crate) async fn get(call: &Call<'_>, input: ByRepository) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, "ecr:GetRepositoryPolicy")?;
    let text = shown(call, &found).await?;
    Ok(answer(found, &text))
}

/// Source: AWS, *Amazon ECR API Reference*, DeleteRepositoryPolicy.
pub(crate) async fn delete(call: &Call<'_>, input: ByRepository) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, "ecr:DeleteRepositoryPolicy")?;
    let text = shown(call, &found).await?;
    found
        .change(call, |settings| match settings.remove(setting::POLICY) {
            Some(_) => Ok(()),
            None => Err(none(&found)),
        })
        .await?;
    Ok(answer(found, &text))
}
