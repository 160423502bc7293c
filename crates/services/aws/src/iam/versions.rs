//! Versions of managed policies.
//!
//! Source: AWS IAM API Reference, *CreatePolicyVersion*, *GetPolicyVersion*, *ListPolicyVersions*,
//! *SetDefaultPolicyVersion*, *DeletePolicyVersion*.

use ringwall_store::Batch;
use serde::Deserialize;
use serde_json::json;

use super::entity::{Tries, allowed, ask, find_arn, missing, put};
use super::fault::no_such;
use super::page::Page;
use super::policies::document;
use super::rows::{ManagedPolicy, PolicyVersion};
use super::{limits, managed, shown};
use crate::authorize::Answer;
use crate::call::Call;
use crate::error::{ApiError, Result};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatePolicyVersion {
    policy_arn: String,
    policy_document: String,
    #[serde(default)]
    set_as_default: bool,
}

pub(crate) async fn create_policy_version(call: &Call<'_>, input: CreatePolicyVersion) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let (permit, row) = allowed::<ManagedPolicy>(call, &input.policy_arn).await?;
        let document = document(&input.policy_arn, input.policy_document.clone())?;
        let mut policy = row.value.clone();
        if policy.versions.len() >= limits::VERSIONS_PER_POLICY {
            let limit = limits::VERSIONS_PER_POLICY;
            let message = format!(
                "A managed policy can have up to {limit} versions. Before you create a new version, you must delete an existing version."
            );
            return Err(ApiError::new("LimitExceeded", message));
        }
        let number = policy.next;
        policy.versions.insert(number, PolicyVersion { document, created: call.now() });
        policy.next = number.saturating_add(1);
        policy.updated = call.now();
        if input.set_as_default {
            policy.default = number;
        }
        let mut batch = Batch::new();
        put(call, &mut batch, &row, &policy);
        if tries.commit(call, batch).await? {
            let version = policy.versions.get(&number);
            let shown = version.map(|version| shown::version(&policy, number, version, false));
            return Ok(permit.answer(json!({ "PolicyVersion": shown })));
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ThatVersion {
    policy_arn: String,
    version_id: String,
}

impl ThatVersion {
    /// The version's number and content.
    fn of<'p>(&self, policy: &'p ManagedPolicy) -> Result<(u32, &'p PolicyVersion)> {
        let number = self.version_id.strip_prefix('v').and_then(|number| number.parse().ok());
        let found = number.and_then(|number| Some((number, policy.versions.get(&number)?)));
        found.ok_or_else(|| self.missing())
    }

    fn missing(&self) -> ApiError {
        let Self { policy_arn, version_id } = self;
        no_such(format!("Policy {policy_arn} version {version_id} does not exist or is not attachable."))
    }
}

pub(crate) async fn get_policy_version(call: &Call<'_>, input: ThatVersion) -> Result<Answer> {
    let row = find_arn::<ManagedPolicy>(call, &input.policy_arn).await?;
    let permit = call.authorize(&ask(call, row.as_ref(), &input.policy_arn))?;
    let shown = match row {
        Some(row) => {
            let (number, version) = input.of(&row.value)?;
            shown::version(&row.value, number, version, true)
        }
        None => {
            let policy = managed::find(&input.policy_arn);
            let policy = policy.ok_or_else(|| missing::<ManagedPolicy>(&input.policy_arn))?;
            if policy.version() != input.version_id {
                return Err(input.missing());
            }
            policy.shown_version(true)
        }
    };
    Ok(permit.answer(json!({ "PolicyVersion": shown })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Listing {
    policy_arn: String,
    #[serde(flatten)]
    page: Page,
}

pub(crate) async fn list_policy_versions(call: &Call<'_>, input: Listing) -> Result<Answer> {
    let row = find_arn::<ManagedPolicy>(call, &input.policy_arn).await?;
    let permit = call.authorize(&ask(call, row.as_ref(), &input.policy_arn))?;
    let versions: Vec<_> = match &row {
        // The newest first.
        Some(row) => {
            let versions = row.value.versions.iter().rev();
            versions.map(|(number, version)| shown::version(&row.value, *number, version, false)).collect()
        }
        None => {
            let policy = managed::find(&input.policy_arn);
            let policy = policy.ok_or_else(|| missing::<ManagedPolicy>(&input.policy_arn))?;
            vec![policy.shown_version(false)]
        }
    };
    // There are five at most: places of one digit are in order.
    let places: Vec<String> = (0..versions.len()).map(|at| at.to_string()).collect();
    let items = places.iter().map(String::as_str).zip(versions);
    Ok(permit.answer(input.page.of(items, "Versions", |version| version)?))
}

pub(crate) async fn set_default_policy_version(call: &Call<'_>, input: ThatVersion) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let (permit, row) = allowed::<ManagedPolicy>(call, &input.policy_arn).await?;
        let (number, _) = input.of(&row.value)?;
        let mut policy = row.value.clone();
        policy.default = number;
        policy.updated = call.now();
        let mut batch = Batch::new();
        put(call, &mut batch, &row, &policy);
        if tries.commit(call, batch).await? {
            return Ok(permit.done());
        }
    }
}

pub(crate) async fn delete_policy_version(call: &Call<'_>, input: ThatVersion) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let (permit, row) = allowed::<ManagedPolicy>(call, &input.policy_arn).await?;
        let (number, _) = input.of(&row.value)?;
        let mut policy = row.value.clone();
        if number == policy.default {
            return Err(ApiError::new("DeleteConflict", "Cannot delete the default version of a policy."));
        }
        policy.versions.remove(&number);
        policy.updated = call.now();
        let mut batch = Batch::new();
        put(call, &mut batch, &row, &policy);
        if tries.commit(call, batch).await? {
            return Ok(permit.done());
        }
    }
}
