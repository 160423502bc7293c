//! Lifecycle policies, and what they would do.

use ringwall_oci::control::{LifecyclePreview, setting};
use ringwall_registry::lifecycle::{Action, ActionKind, MIN_TEXT, Policy, plan};
use ringwall_store::{Batch, Expect};
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{Found, content, seek};
use super::image::ImageId;
use super::page::{Page, paged};
use super::policies::ByRepository;
use super::{error, invalid, rules, seconds};
use crate::authorize::Answer;
use crate::call::Call;
use crate::error::{ApiError, Result};

/// Results of a page without `maxResults`. Source: AWS, *Amazon ECR API Reference*, GetLifecyclePolicyPreview.
const PAGE: usize = 100;

fn none(found: &Found) -> ApiError {
    error(
        "LifecyclePolicyNotFoundException",
        format!(
            "Lifecycle policy does not exist for the repository with name '{}' in the registry with id '{}'",
            found.name, found.account
        ),
    )
}

/// A policy's text that the engine can carry out.
fn read(text: &str) -> Result<Policy> {
    if text.len() < MIN_TEXT {
        return Err(invalid(format!(
            "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Member must have length greater than or equal to {MIN_TEXT}'"
        )));
    }
    Policy::parse(text).map_err(|why| rules::refused(&why))
}

/// The policy's text, and when it was last carried out.
fn kept(found: &Found) -> Result<(String, Value)> {
    let settings = &found.repository.settings;
    let text = settings.get(setting::LIFECYCLE).and_then(Value::as_str).ok_or_else(|| none(found))?;
    let evaluated = settings.get(setting::LIFECYCLE_EVALUATED).and_then(Value::as_i64);
    // Before it was first carried out there is no such time: 0 stands for never, as on AWS.
    Ok((text.to_owned(), seconds(evaluated.unwrap_or_default())))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PutLifecyclePolicy {
    registry_id: Option<String>,
    repository_name: String,
    lifecycle_policy_text: String,
}

/// Source: AWS, *Amazon ECR API Reference*, PutLifecyclePolicy.
pub(crate) async fn put(call: &Call<'_>, input: PutLifecyclePolicy) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, "ecr:PutLifecyclePolicy")?;
    read(&input.lifecycle_policy_text)?;
    found
        .change(call, |settings| {
            settings.insert(setting::LIFECYCLE.to_owned(), input.lifecycle_policy_text.as_str().into());
            settings.remove(setting::LIFECYCLE_EVALUATED);
            Ok(())
        })
        .await?;
    let answer = json!({
        "registryId": found.account,
        "repositoryName": found.name,
        "lifecyclePolicyText": input.lifecycle_policy_text,
    });
    Ok(found.permit.answer(answer))
}

fn answer(found: Found, text: &str, evaluated: &Value) -> Answer {
    let answer = json!({
        "registryId": found.account,
        "repositoryName": found.name,
        "lifecyclePolicyText": text,
        "lastEvaluatedAt": evaluated,
    });
    found.permit.answer(answer)
}

/// Source: AWS, *Amazon ECR API Reference*, GetLifecyclePolicy.
pub(crate) async fn get(call: &Call<'_>, input: ByRepository) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, "ecr:GetLifecyclePolicy")?;
    let (text, evaluated) = kept(&found)?;
    Ok(answer(found, &text, &evaluated))
}

/// Source: AWS, *Amazon ECR API Reference*, DeleteLifecyclePolicy.
pub(crate) async fn delete(call: &Call<'_>, input: ByRepository) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, "ecr:DeleteLifecyclePolicy")?;
    let (text, evaluated) = kept(&found)?;
    found
        .change(call, |settings| {
            settings.remove(setting::LIFECYCLE).ok_or_else(|| none(&found))?;
            settings.remove(setting::LIFECYCLE_EVALUATED);
            Ok(())
        })
        .await?;
    Ok(answer(found, &text, &evaluated))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StartLifecyclePolicyPreview {
    registry_id: Option<String>,
    repository_name: String,
    lifecycle_policy_text: Option<String>,
}

/// Source: AWS, *Amazon ECR API Reference*, StartLifecyclePolicyPreview: without a text, the repository's own policy is meant.
pub(crate) async fn start_preview(call: &Call<'_>, input: StartLifecyclePolicyPreview) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, "ecr:StartLifecyclePolicyPreview")?;
    let text = match input.lifecycle_policy_text {
        Some(text) => text,
        None => kept(&found)?.0,
    };
    read(&text)?;
    let preview = LifecyclePreview { text: text.clone(), started: call.now() };
    let mut batch = Batch::new();
    let (previews, id) = (&call.shared.ecr.control.previews, &found.repository.id);
    previews.put(&mut batch, &found.account, "", id, &preview, Expect::Any);
    call.shared.store.commit(batch).await?;
    let answer = json!({
        "registryId": found.account,
        "repositoryName": found.name,
        "lifecyclePolicyText": text,
        "status": "IN_PROGRESS",
    });
    Ok(found.permit.answer(answer))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    tag_status: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GetLifecyclePolicyPreview {
    registry_id: Option<String>,
    repository_name: String,
    image_ids: Option<Vec<ImageId>>,
    #[serde(flatten)]
    page: Page,
    #[serde(default)]
    filter: Filter,
}

impl GetLifecyclePolicyPreview {
    fn wants(&self, action: &Action<'_>) -> bool {
        let by_tags = super::describe::has_tag_status(self.filter.tag_status.as_deref(), action.tags);
        let named = |id: &ImageId| {
            id.image_digest.as_deref().is_none_or(|digest| digest == action.digest)
                && id.image_tag.as_ref().is_none_or(|tag| action.tags.contains(tag))
        };
        by_tags && self.image_ids.as_ref().is_none_or(|ids| ids.iter().any(named))
    }
}

fn result(action: &Action<'_>) -> Value {
    let mut what = json!({ "type": action.kind.as_str() });
    if let (ActionKind::Archive, Some(members)) = (action.kind, what.as_object_mut()) {
        members.insert("targetStorageClass".to_owned(), "ARCHIVE".into());
    }
    json!({
        "imageTags": action.tags,
        "imageDigest": action.digest,
        "imagePushedAt": seconds(action.pushed_at),
        "action": what,
        "appliedRulePriority": action.priority,
        "storageClass": action.class.as_str(),
    })
}

/// What a policy does to the images that are there, by the function that does it.
///
/// Source: AWS, *Amazon ECR API Reference*, GetLifecyclePolicyPreview.
pub(crate) async fn get_preview(call: &Call<'_>, input: GetLifecyclePolicyPreview) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, "ecr:GetLifecyclePolicyPreview")?;
    let preview = call.shared.ecr.control.previews.get(&found.account, "", &found.repository.id).await?;
    let preview = preview.ok_or_else(|| {
        error(
            "LifecyclePolicyPreviewNotFoundException",
            format!(
                "There is no lifecycle policy preview for the repository with name '{}' in the registry with id '{}'",
                found.name, found.account
            ),
        )
    })?;
    let policy = Policy::parse(&preview.value.text).map_err(|why| rules::refused(&why))?;
    let facts = content(call)?.lifecycle_facts(&found.key, |_| false).await;
    let facts = facts.map_err(|error| found.failed(&error))?;
    let plan = plan(&policy, &facts, preview.value.started);
    let count = |kind: ActionKind| plan.actions.iter().filter(|action| action.kind == kind).count();
    let summary = json!({
        "expiringImageTotalCount": count(ActionKind::Expire),
        "transitioningImageTotalCounts": [
            { "targetStorageClass": "ARCHIVE", "imageTotalCount": count(ActionKind::Archive) },
        ],
    });
    let results = plan.actions.iter().filter(|action| input.wants(action));
    // Plans are in the order of pushes; the place in it stands for the result.
    let items = results.enumerate().map(|(at, action)| (format!("{at:08}"), result(action)));
    let more = json!({
        "registryId": found.account,
        "repositoryName": found.name,
        "lifecyclePolicyText": preview.value.text,
        "status": "COMPLETE",
        "summary": summary,
    });
    let page = paged(items, &input.page, PAGE)?;
    Ok(found.permit.answer(page.into_answer("previewResults", more)))
}
