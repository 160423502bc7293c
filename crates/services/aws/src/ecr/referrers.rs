//! What refers to an image.

use ringwall_oci::{Digest, OciError, Reference, Referrer};
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{Found, content, seek};
use super::describe::{has_status, status_name};
use super::page::{Page, paged};
use crate::authorize::Answer;
use crate::call::Call;
use crate::error::Result;

/// Referrers of a page without `maxResults`. Source: AWS, *Amazon ECR API Reference*, ListImageReferrers.
const PAGE: usize = 20;

/// Referrers of one request to the store.
const STORE_PAGE: usize = 1_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubjectId {
    image_digest: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    artifact_types: Option<Vec<String>>,
    artifact_status: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListImageReferrers {
    registry_id: Option<String>,
    repository_name: String,
    subject_id: SubjectId,
    #[serde(default)]
    filter: Filter,
    #[serde(flatten)]
    page: Page,
}

/// The permission is that of getting the image; there is none of its own.
///
/// Source: AWS, *Amazon ECR API Reference*, ListImageReferrers.
pub(crate) async fn list(call: &Call<'_>, input: ListImageReferrers) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, "ecr:BatchGetImage")?;
    let subject: Digest =
        input.subject_id.image_digest.parse().map_err(|error: OciError| found.failed(&error))?;
    let mut items = Vec::new();
    for referrer in all(call, &found, &subject).await? {
        let types = input.filter.artifact_types.as_deref().unwrap_or_default();
        let is_wanted =
            types.is_empty() || referrer.artifact_type.as_ref().is_some_and(|kind| types.contains(kind));
        if !is_wanted {
            continue;
        }
        let reference = Reference::Digest(referrer.digest.clone());
        let image = content(call)?.image(&found.key, &reference).await;
        // One that was deleted meanwhile refers to nothing any more.
        let Some(image) = image.map_err(|error| found.failed(&error))? else { continue };
        if has_status(input.filter.artifact_status.as_deref(), &image) {
            items.push((referrer.digest.as_str().to_owned(), shown(&referrer, status_name(&image))));
        }
    }
    let page = paged(items, &input.page, PAGE)?;
    Ok(found.permit.answer(page.into_answer("referrers", json!({}))))
}

async fn all(call: &Call<'_>, found: &Found, subject: &Digest) -> Result<Vec<Referrer>> {
    let mut referrers: Vec<Referrer> = Vec::new();
    loop {
        let after = referrers.last().map(|referrer| referrer.digest.clone());
        let page = content(call)?.referrers(&found.key, subject, None, after.as_ref(), STORE_PAGE).await;
        let page = page.map_err(|error| found.failed(&error))?;
        let is_last = page.len() < STORE_PAGE;
        referrers.extend(page);
        if is_last {
            return Ok(referrers);
        }
    }
}

fn shown(referrer: &Referrer, status: &str) -> Value {
    let texts = referrer.annotations.iter().filter(|(_, value)| value.is_string());
    json!({
        "digest": referrer.digest.as_str(),
        "mediaType": referrer.media_type,
        "artifactType": referrer.artifact_type,
        "size": referrer.size,
        "annotations": texts.map(|(name, value)| (name.clone(), value.clone())).collect::<serde_json::Map<_, _>>(),
        "artifactStatus": status,
    })
}
