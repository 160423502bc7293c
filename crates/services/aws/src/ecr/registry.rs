//! The registry as a whole: its policy, its replication.

use ringwall_iam::PolicyKind;
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{change_account, on_registry};
use super::policy::{self, filed};
use super::{error, invalid};
use crate::authorize::{Answer, Ask, ResourcePolicy};
use crate::call::Call;
use crate::error::Result;
use crate::principals::ResourceDocument;

const NO_POLICY: &str = "Registry policy does not exist in the registry with id";

#[derive(Debug, Deserialize)]
pub(crate) struct Nothing {}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PutRegistryPolicy {
    policy_text: String,
}

/// A policy that would keep its own author from changing it is refused: nobody else could either.
///
/// Source: AWS, *Amazon ECR API Reference*, PutRegistryPolicy.
pub(crate) async fn put_policy(call: &Call<'_>, input: PutRegistryPolicy) -> Result<Answer> {
    const ACTION: &str = "ecr:PutRegistryPolicy";
    let (permit, _) = on_registry(call, Ask::new(ACTION, "*")).await?;
    let document = policy::registry(call, input.policy_text).await?;
    let read = document.policy(PolicyKind::Resource, "registry policy");
    if !call.may(&Ask::new(ACTION, "*").policy(ResourcePolicy::from(read)))? {
        return Err(invalid(
            "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'The policy would not let you change the registry policy any more'",
        ));
    }
    let kept = filed(&document)?;
    change_account(call, |account| {
        account.policy = Some(kept.clone());
        Ok(())
    })
    .await?;
    Ok(permit.answer(json!({ "registryId": call.account(), "policyText": document.text() })))
}

async fn shown(call: &Call<'_>, kept: Option<Value>) -> Result<String> {
    let none = || error("RegistryPolicyNotFoundException", format!("{NO_POLICY} '{}'", call.account()));
    let document: ResourceDocument = policy::read(kept.as_ref().ok_or_else(none)?)?;
    document.shown(call.shared).await
}

/// Source: AWS, *Amazon ECR API Reference*, GetRegistryPolicy.
pub(crate) async fn get_policy(call: &Call<'_>, _: Nothing) -> Result<Answer> {
    let (permit, account) = on_registry(call, Ask::new("ecr:GetRegistryPolicy", "*")).await?;
    let text = shown(call, account.policy).await?;
    Ok(permit.answer(json!({ "registryId": call.account(), "policyText": text })))
}

/// Source: AWS, *Amazon ECR API Reference*, DeleteRegistryPolicy.
pub(crate) async fn delete_policy(call: &Call<'_>, _: Nothing) -> Result<Answer> {
    let (permit, account) = on_registry(call, Ask::new("ecr:DeleteRegistryPolicy", "*")).await?;
    let text = shown(call, account.policy).await?;
    change_account(call, |account| {
        account.policy = None;
        Ok(())
    })
    .await?;
    Ok(permit.answer(json!({ "registryId": call.account(), "policyText": text })))
}

fn no_rules() -> Value {
    json!({ "rules": [] })
}

/// Source: AWS, *Amazon ECR API Reference*, DescribeRegistry.
pub(crate) async fn describe(call: &Call<'_>, _: Nothing) -> Result<Answer> {
    let (permit, account) = on_registry(call, Ask::new("ecr:DescribeRegistry", "*")).await?;
    let replication = account.replication.unwrap_or_else(no_rules);
    Ok(permit.answer(json!({ "registryId": call.account(), "replicationConfiguration": replication })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PutReplicationConfiguration {
    replication_configuration: Value,
}

/// Source: AWS, *Amazon ECR API Reference*, PutReplicationConfiguration.
pub(crate) async fn put_replication(call: &Call<'_>, input: PutReplicationConfiguration) -> Result<Answer> {
    let (permit, _) = on_registry(call, Ask::new("ecr:PutReplicationConfiguration", "*")).await?;
    let configuration = input.replication_configuration;
    super::rules::replication(call, &configuration)?;
    change_account(call, |account| {
        account.replication = Some(configuration.clone());
        Ok(())
    })
    .await?;
    Ok(permit.answer(json!({ "replicationConfiguration": configuration })))
}
