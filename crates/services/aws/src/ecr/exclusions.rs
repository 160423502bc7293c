//! Principals whose pulls don't count as pulls.

use serde::Deserialize;
use serde_json::json;

use super::access::{change_account, on_registry};
use super::page::{Page, paged};
use super::{error, seconds};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::Result;

/// Most exclusions of a registry.
///
/// Source: botocore's model, `PullTimeUpdateExclusionList`.
const MAX_EXCLUSIONS: usize = 100;

/// Items of a page without `maxResults`.
const PAGE: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ByPrincipal {
    principal_arn: String,
}

/// Source: AWS, *Amazon ECR API Reference*, RegisterPullTimeUpdateExclusion.
pub(crate) async fn register(call: &Call<'_>, input: ByPrincipal) -> Result<Answer> {
    let (permit, _) = on_registry(call, Ask::new("ecr:RegisterPullTimeUpdateExclusion", "*")).await?;
    let now = call.now();
    change_account(call, |account| {
        if account.exclusions.contains_key(&input.principal_arn) {
            let message =
                format!("The principal '{}' is already excluded from pull time updates", input.principal_arn);
            return Err(error("ExclusionAlreadyExistsException", message));
        }
        if account.exclusions.len() >= MAX_EXCLUSIONS {
            let message = format!("A registry has at most {MAX_EXCLUSIONS} pull time update exclusions");
            return Err(error("LimitExceededException", message));
        }
        account.exclusions.insert(input.principal_arn.clone(), now);
        Ok(())
    })
    .await?;
    Ok(permit.answer(json!({ "principalArn": input.principal_arn, "createdAt": seconds(now) })))
}

/// Source: AWS, *Amazon ECR API Reference*, DeregisterPullTimeUpdateExclusion.
pub(crate) async fn deregister(call: &Call<'_>, input: ByPrincipal) -> Result<Answer> {
    let (permit, _) = on_registry(call, Ask::new("ecr:DeregisterPullTimeUpdateExclusion", "*")).await?;
    change_account(call, |account| match account.exclusions.remove(&input.principal_arn) {
        Some(_) => Ok(()),
        None => {
            let message =
                format!("The principal '{}' is not excluded from pull time updates", input.principal_arn);
            Err(error("ExclusionNotFoundException", message))
        }
    })
    .await?;
    Ok(permit.answer(json!({ "principalArn": input.principal_arn })))
}

/// Source: AWS, *Amazon ECR API Reference*, ListPullTimeUpdateExclusions.
pub(crate) async fn list(call: &Call<'_>, input: Page) -> Result<Answer> {
    let (permit, account) = on_registry(call, Ask::new("ecr:ListPullTimeUpdateExclusions", "*")).await?;
    let names = account.exclusions.keys().map(|name| (name.clone(), json!(name)));
    Ok(permit.answer(paged(names, &input, PAGE)?.into_answer("pullTimeUpdateExclusions", json!({}))))
}
