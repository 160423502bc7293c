//! Images put, got and deleted.

use bytes::Bytes;
use ringwall_oci::{Digest, MAX_MANIFEST_BYTES, OciError, Push, Reference, Tag};
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{Found, content, seek};
use super::image::{ImageId, NOT_FOUND, Named, Unnamed, find, id};
use super::{error, invalid};
use crate::authorize::Answer;
use crate::call::Call;
use crate::caller::Identity;
use crate::error::{ApiError, Result};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PutImage {
    registry_id: Option<String>,
    repository_name: String,
    image_manifest: String,
    image_manifest_media_type: Option<String>,
    image_tag: Option<String>,
    image_digest: Option<String>,
}

/// The manifests that an index lists, if it is one.
fn listed(manifest: &str) -> Vec<Digest> {
    let manifest: Value = serde_json::from_str(manifest).unwrap_or_default();
    let listed = manifest.get("manifests").and_then(Value::as_array);
    let digest = |item: &Value| item.get("digest")?.as_str()?.parse().ok();
    listed.into_iter().flatten().take(ringwall_oci::MAX_REFERENCES).filter_map(digest).collect()
}

fn quoted(digests: &[Digest]) -> String {
    digests.iter().map(Digest::as_str).collect::<Vec<_>>().join(", ")
}

/// Source: AWS, *Amazon ECR API Reference*, PutImage.
pub(crate) async fn put(call: &Call<'_>, input: PutImage) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, "ecr:PutImage")?;
    let wanted = ImageId { image_digest: input.image_digest, image_tag: input.image_tag };
    let (digest, tag) = match wanted.read() {
        Ok(read) => (read.digest, read.tag),
        // Without either it is named by its own digest alone.
        Err(Unnamed { code: "MissingDigestAndTag", .. }) => (None, None),
        Err(unnamed) => return Err(invalid(unnamed.reason)),
    };
    if input.image_manifest.len() > MAX_MANIFEST_BYTES {
        return Err(invalid(format!("An image manifest has at most {MAX_MANIFEST_BYTES} bytes")));
    }
    let content = content(call)?;
    let mut missing = Vec::new();
    for part in listed(&input.image_manifest) {
        let there = content.image(&found.key, &Reference::Digest(part.clone())).await;
        if there.map_err(|error| found.failed(&error))?.is_none() {
            missing.push(part);
        }
    }
    if !missing.is_empty() {
        let message = format!("Referenced images not found: {}", quoted(&missing));
        return Err(error("ReferencedImagesNotFoundException", message));
    }
    let push = Push {
        tags: tag.iter().cloned().collect(),
        digest,
        media_type: input.image_manifest_media_type,
        bytes: Bytes::from(input.image_manifest.clone()),
    };
    let pushed = content.push_manifest(&found.key, push).await;
    let pushed = pushed.map_err(|failed| refused(&found, tag.as_ref(), &failed))?;
    let digest = pushed.image.digest.as_str();
    if !pushed.is_new && pushed.moved.is_empty() {
        let tag = tag.as_ref().map_or("null", Tag::as_str);
        let message = format!(
            "Image with digest '{digest}' and tag '{tag}' already exists in the repository with name '{}' in registry with id '{}'",
            found.name, found.account
        );
        return Err(error("ImageAlreadyExistsException", message));
    }
    let image = json!({
        "registryId": found.account,
        "repositoryName": found.name,
        "imageId": id(digest, tag.as_ref().map(Tag::as_str)),
        "imageManifest": input.image_manifest,
        "imageManifestMediaType": pushed.image.media_type,
    });
    Ok(found.permit.answer(json!({ "image": image })))
}

/// Why an image was not taken, in words of the API.
fn refused(found: &Found, tag: Option<&Tag>, failed: &OciError) -> ApiError {
    match failed {
        OciError::ImmutableTag { tag, .. } => error(
            "ImageTagAlreadyExistsException",
            format!(
                "The image tag '{tag}' already exists in the '{}' repository and cannot be overwritten because the tag is immutable.",
                found.name
            ),
        ),
        OciError::MissingBlobs(digests) => error(
            "LayersNotFoundException",
            format!(
                "Layers with digests '{}' required for pushing image into repository with name '{}' in the registry with id '{}' do not exist",
                quoted(digests),
                found.name,
                found.account
            ),
        ),
        OciError::WrongDigest { given, found } => error(
            "ImageDigestDoesNotMatchException",
            format!("The image digest '{given}' does not match the digest '{found}' of the manifest"),
        ),
        OciError::TooManyTags { limit } => error(
            "LimitExceededException",
            format!(
                "The image has {limit} tags, which is as many as one may have; `{}` is one more",
                tag.map_or("", Tag::as_str)
            ),
        ),
        OciError::BadManifest(_) | OciError::ManifestTooLarge => invalid(format!(
            "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax or manifest: {failed}'"
        )),
        other => found.failed(other),
    }
}

fn failure(wanted: &ImageId, unnamed: &Unnamed) -> Value {
    json!({ "imageId": wanted.value(), "failureCode": unnamed.code, "failureReason": unnamed.reason })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchGetImage {
    registry_id: Option<String>,
    repository_name: String,
    image_ids: Vec<ImageId>,
    #[serde(default)]
    accepted_media_types: Vec<String>,
}

/// Whether pulls by the caller are noted.
async fn is_noted(call: &Call<'_>, account: &str) -> Result<bool> {
    let caller = call.caller();
    let principal = match &caller.identity {
        Identity::Session { role_arn, .. } => role_arn,
        _ => &caller.arn,
    };
    let row = call.shared.ecr.control.account(account).await?;
    Ok(row.is_none_or(|row| row.value.records_pulls_of(principal)))
}

/// Getting an image's manifest is what pulling it begins with, and counts as that.
///
/// Source: AWS, *Amazon ECR API Reference*, BatchGetImage.
pub(crate) async fn batch_get(call: &Call<'_>, input: BatchGetImage) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, "ecr:BatchGetImage")?;
    let is_noted = is_noted(call, &found.account).await?;
    let (mut images, mut failures) = (Vec::new(), Vec::new());
    for wanted in &input.image_ids {
        match get_one(call, &found, wanted, &input.accepted_media_types, is_noted).await? {
            Ok(image) => images.push(image),
            Err(unnamed) => failures.push(failure(wanted, &unnamed)),
        }
    }
    Ok(found.permit.answer(json!({ "images": images, "failures": failures })))
}

async fn get_one(
    call: &Call<'_>,
    found: &Found,
    wanted: &ImageId,
    accepted: &[String],
    is_noted: bool,
) -> Result<std::result::Result<Value, Unnamed>> {
    let named = match find(call, found, wanted).await? {
        Ok(named) => named,
        Err(unnamed) => return Ok(Err(unnamed)),
    };
    if !accepted.is_empty() && !accepted.contains(&named.image.media_type) {
        let reason = "The image has a manifest of none of the accepted media types";
        return Ok(Err(Unnamed { code: "ImageNotFound", reason }));
    }
    let reference = Reference::Digest(named.image.digest.clone());
    let manifest = match content(call)?.pull_manifest(&found.key, &reference, is_noted).await {
        Ok(manifest) => manifest,
        Err(OciError::NoManifest(_)) => return Ok(Err(NOT_FOUND)),
        Err(OciError::Archived(_)) => {
            let reason = "The image is archived, and has to be activated before it can be pulled";
            return Ok(Err(Unnamed { code: "ImageInaccessible", reason }));
        }
        Err(error) => return Err(found.failed(&error)),
    };
    let text = String::from_utf8(manifest.bytes.to_vec()).map_err(|error| ApiError::internal(&error))?;
    Ok(Ok(json!({
        "registryId": found.account,
        "repositoryName": found.name,
        "imageId": named.id(),
        "imageManifest": text,
        "imageManifestMediaType": manifest.image.media_type,
    })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchDeleteImage {
    registry_id: Option<String>,
    repository_name: String,
    image_ids: Vec<ImageId>,
}

/// Source: AWS, *Amazon ECR API Reference*, BatchDeleteImage: a tag is taken away, and its image with the last one; by its
/// digest an image is deleted with all its tags.
pub(crate) async fn batch_delete(call: &Call<'_>, input: BatchDeleteImage) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, "ecr:BatchDeleteImage")?;
    let (mut deleted, mut failures) = (Vec::new(), Vec::new());
    for wanted in &input.image_ids {
        let outcome = match find(call, &found, wanted).await? {
            Ok(named) => delete_one(call, &found, &named).await?,
            Err(unnamed) => Err(unnamed),
        };
        match outcome {
            Ok(ids) => deleted.extend(ids),
            Err(unnamed) => failures.push(failure(wanted, &unnamed)),
        }
    }
    Ok(found.permit.answer(json!({ "imageIds": deleted, "failures": failures })))
}

async fn delete_one(
    call: &Call<'_>,
    found: &Found,
    named: &Named,
) -> Result<std::result::Result<Vec<Value>, Unnamed>> {
    let content = content(call)?;
    let tag: Option<Tag> = named.tag.as_deref().and_then(|tag| tag.parse().ok());
    if let Some(tag) = tag.filter(|tag| named.image.tags.iter().any(|other| other != tag.as_str())) {
        return match content.delete_tag(&found.key, &tag).await {
            Ok(image) => Ok(Ok(vec![id(image.digest.as_str(), Some(tag.as_str()))])),
            Err(OciError::NoManifest(_)) => Ok(Err(NOT_FOUND)),
            Err(error) => Err(found.failed(&error)),
        };
    }
    let image = match content.delete_image(&found.key, &named.image.digest, true).await {
        Ok(image) => image,
        Err(OciError::NoManifest(_)) => return Ok(Err(NOT_FOUND)),
        Err(OciError::PartOfIndex { .. }) => {
            let reason = "Requested image referenced by manifest list";
            return Ok(Err(Unnamed { code: "ImageReferencedByManifestList", reason }));
        }
        Err(error) => return Err(found.failed(&error)),
    };
    let digest = image.digest.as_str();
    call.shared.ecr.control.forget_image(&found.account, &found.repository.id, digest).await?;
    if image.tags.is_empty() {
        return Ok(Ok(vec![id(digest, None)]));
    }
    Ok(Ok(image.tags.iter().map(|tag| id(digest, Some(tag))).collect()))
}
