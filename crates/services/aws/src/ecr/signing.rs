//! Which images are to be signed on push, and how far their signatures are.

use ringwall_oci::control::image_name;
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{change_account, on_registry, seek};
use super::error;
use super::image::{ImageId, identified};
use super::registry::Nothing;
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::Result;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PutSigningConfiguration {
    signing_configuration: Value,
}

fn not_found(call: &Call<'_>) -> crate::error::ApiError {
    let message = format!("The registry with id '{}' has no signing configuration", call.account());
    error("SigningConfigurationNotFoundException", message)
}

/// Source: AWS, *Amazon ECR API Reference*, PutSigningConfiguration.
pub(crate) async fn put(call: &Call<'_>, input: PutSigningConfiguration) -> Result<Answer> {
    let (permit, _) = on_registry(call, Ask::new("ecr:PutSigningConfiguration", "*")).await?;
    let configuration = input.signing_configuration;
    change_account(call, |account| {
        account.signing = Some(configuration.clone());
        Ok(())
    })
    .await?;
    Ok(permit.answer(json!({ "signingConfiguration": configuration })))
}

/// Source: AWS, *Amazon ECR API Reference*, GetSigningConfiguration.
pub(crate) async fn get(call: &Call<'_>, _: Nothing) -> Result<Answer> {
    let (permit, account) = on_registry(call, Ask::new("ecr:GetSigningConfiguration", "*")).await?;
    let configuration = account.signing.ok_or_else(|| not_found(call))?;
    Ok(permit.answer(json!({ "registryId": call.account(), "signingConfiguration": configuration })))
}

/// Source: AWS, *Amazon ECR API Reference*, DeleteSigningConfiguration.
pub(crate) async fn delete(call: &Call<'_>, _: Nothing) -> Result<Answer> {
    let (permit, account) = on_registry(call, Ask::new("ecr:DeleteSigningConfiguration", "*")).await?;
    let configuration = account.signing.ok_or_else(|| not_found(call))?;
    change_account(call, |account| match account.signing.take() {
        Some(_) => Ok(()),
        None => Err(not_found(call)),
    })
    .await?;
    Ok(permit.answer(json!({ "registryId": call.account(), "signingConfiguration": configuration })))
}

/// The profiles that are to sign the images of a repository. A rule without filters is for every repository.
///
/// Source: AWS, *Amazon ECR User Guide*, "Managed signing".
fn profiles<'c>(configuration: &'c Value, repository: &str) -> Vec<&'c str> {
    let rules = configuration.get("rules").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let matching = rules.iter().filter(|rule| {
        let Some(filters) = rule.get("repositoryFilters").and_then(Value::as_array) else { return true };
        let mut texts = filters.iter().filter_map(|filter| filter.get("filter").and_then(Value::as_str));
        texts.any(|filter| super::rules::wildcard(filter, repository))
    });
    let mut profiles: Vec<&str> =
        matching.filter_map(|rule| rule.get("signingProfileArn").and_then(Value::as_str)).collect();
    profiles.sort_unstable();
    profiles.dedup();
    profiles
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeImageSigningStatus {
    registry_id: Option<String>,
    repository_name: String,
    image_id: ImageId,
}

/// What the signer has filed. What no signer has seen has failed: nothing is said to be on its way that nobody does.
///
/// Source: AWS, *Amazon ECR API Reference*, DescribeImageSigningStatus.
pub(crate) async fn describe_status(call: &Call<'_>, input: DescribeImageSigningStatus) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, "ecr:DescribeImageSigningStatus")?;
    let image = identified(call, &found, &input.image_id).await?;
    let control = &call.shared.ecr.control;
    let account = control.account(&found.account).await?;
    let configuration = account.and_then(|row| row.value.signing.clone()).unwrap_or_default();
    let name = image_name(&found.name, &image.digest);
    let state = control.images.get(&found.account, "", &name).await?;
    let told = state.as_ref().map_or(&[][..], |row| row.value.signing.as_slice());
    let statuses: Vec<Value> = profiles(&configuration, &found.name)
        .into_iter()
        .map(|profile| match told.iter().find(|signing| signing.profile == profile) {
            Some(signing) => json!({
                "signingProfileArn": profile,
                "status": signing.status,
                "failureCode": signing.failure_code,
                "failureReason": signing.failure_reason,
            }),
            None => json!({
                "signingProfileArn": profile,
                "status": "FAILED",
                "failureCode": "SIGNER_NOT_AVAILABLE",
                "failureReason": "no signer of this installation has the signing profile",
            }),
        })
        .collect();
    Ok(found.permit.answer(json!({
        "registryId": found.account,
        "repositoryName": found.name,
        "imageId": image.id(),
        "signingStatuses": statuses,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_name_the_profiles_of_a_repository() {
        let rule = |profile: &str, filters: Option<&[&str]>| {
            let filters: Option<Vec<Value>> = filters.map(|filters| {
                filters
                    .iter()
                    .map(|filter| json!({ "filter": filter, "filterType": "WILDCARD_MATCH" }))
                    .collect()
            });
            json!({ "signingProfileArn": profile, "repositoryFilters": filters })
        };
        let configuration =
            json!({ "rules": [rule("b", Some(&["prod*"])), rule("a", None), rule("b", Some(&["*app"]))] });
        assert_eq!(profiles(&configuration, "prod/app"), ["a", "b"]);
        assert_eq!(profiles(&configuration, "dev/web"), ["a"]);
        assert_eq!(profiles(&Value::Null, "dev/web"), <[&str; 0]>::default());
    }
}
