//! Layers, pushed and pulled by the API instead of the registry's HTTP side.

use bytes::Bytes;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use ringwall_oci::control::LAYER_RIGHT;
use ringwall_oci::{Algorithm, ByteStream, Digest, OciError};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::access::{Found, content, seek};
use super::policies::ByRepository;
use super::{error, invalid};
use crate::authorize::Answer;
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::sealed::{Purpose, Sealed};
use crate::shared::Shared;

/// Bytes of a piece that a client should send: with it a request stays below the 1 MiB that `limits.max-body-bytes` allows
/// unless told otherwise. Larger pieces are taken as far as that allows, up to ECR's 20 MiB.
const PART_SIZE: u64 = 512 * 1024;

/// How long a layer can be downloaded by its address, in seconds.
///
/// Source: AWS, *Amazon ECR API Reference*, GetDownloadUrlForLayer hands out an address of S3 that is signed for an hour.
const DOWNLOAD_SECONDS: i64 = 3600;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchCheckLayerAvailability {
    registry_id: Option<String>,
    repository_name: String,
    layer_digests: Vec<String>,
}

/// Source: AWS, *Amazon ECR API Reference*, BatchCheckLayerAvailability.
pub(crate) async fn batch_check(call: &Call<'_>, input: BatchCheckLayerAvailability) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, "ecr:BatchCheckLayerAvailability")?;
    let (mut layers, mut failures) = (Vec::new(), Vec::new());
    let failure = |digest: &str, code: &str, reason: &str| json!({ "layerDigest": digest, "failureCode": code, "failureReason": reason });
    for text in &input.layer_digests {
        if text.is_empty() {
            failures.push(failure(text, "MissingLayerDigest", "Layer digest must not be empty"));
            continue;
        }
        let Ok(digest) = text.parse::<Digest>() else {
            failures.push(failure(text, "InvalidLayerDigest", "Invalid layer digest"));
            continue;
        };
        let blob = content(call)?.stat_blob(&found.key, &digest).await;
        layers.push(match blob.map_err(|error| found.failed(&error))? {
            Some(blob) => json!({
                "layerDigest": text, "layerAvailability": "AVAILABLE", "layerSize": blob.size,
            }),
            None => json!({ "layerDigest": text, "layerAvailability": "UNAVAILABLE" }),
        });
    }
    Ok(found.permit.answer(json!({ "layers": layers, "failures": failures })))
}

/// The id of an upload as the API has it, a UUID; inside it is its 32 digits.
fn outer(id: &str) -> String {
    let mut text = String::with_capacity(36);
    for (at, digit) in id.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

fn inner(id: &str) -> String {
    id.chars().filter(|c| *c != '-').map(|c| c.to_ascii_lowercase()).collect()
}

/// Source: AWS, *Amazon ECR API Reference*, InitiateLayerUpload.
pub(crate) async fn initiate(call: &Call<'_>, input: ByRepository) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, "ecr:InitiateLayerUpload")?;
    let upload = content(call)?.begin_upload(&found.key, Algorithm::Sha256).await;
    let upload = upload.map_err(|error| found.failed(&error))?;
    Ok(found.permit.answer(json!({ "uploadId": outer(&upload.id), "partSize": PART_SIZE })))
}

fn one(bytes: Bytes) -> ByteStream {
    Box::pin(futures_util::stream::iter([Ok(bytes)]))
}

fn no_upload(found: &Found, id: &str) -> ApiError {
    error(
        "UploadNotFoundException",
        format!(
            "The upload with id '{id}' does not exist in the repository with name '{}' in the registry with id '{}'",
            found.name, found.account
        ),
    )
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UploadLayerPart {
    registry_id: Option<String>,
    repository_name: String,
    upload_id: String,
    part_first_byte: u64,
    part_last_byte: u64,
    layer_part_blob: String,
}

/// Source: AWS, *Amazon ECR API Reference*, UploadLayerPart.
pub(crate) async fn upload_part(call: &Call<'_>, input: UploadLayerPart) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, "ecr:UploadLayerPart")?;
    let bytes = BASE64.decode(input.layer_part_blob.as_bytes());
    let bytes = bytes.map_err(|_| invalid("Invalid parameter at 'layerPartBlob'"))?;
    let length =
        input.part_last_byte.checked_sub(input.part_first_byte).map(|length| length.saturating_add(1));
    if bytes.is_empty() || length != u64::try_from(bytes.len()).ok() {
        return Err(invalid(
            "Invalid parameter at 'partLastByte' failed to satisfy constraint: 'the bytes from partFirstByte to partLastByte have to be as many as layerPartBlob has'",
        ));
    }
    let id = inner(&input.upload_id);
    let appended = content(call)?
        .append_upload(&found.key, &id, Some(input.part_first_byte), length, one(bytes.into()))
        .await;
    let upload = appended.map_err(|failed| match failed {
        OciError::OutOfOrder { given, offset } => error(
            "InvalidLayerPartException",
            format!("The layer part begins at byte {given}, and the upload has {offset} bytes"),
        )
        .with("registryId", found.account.as_str())
        .with("repositoryName", found.name.as_str())
        .with("uploadId", input.upload_id.as_str())
        .with("lastValidByteReceived", offset.saturating_sub(1)),
        OciError::NoUpload(_) => no_upload(&found, &input.upload_id),
        OciError::BlobTooLarge { limit } => {
            error("LimitExceededException", format!("A layer has at most {limit} bytes"))
        }
        other => found.failed(&other),
    })?;
    Ok(found.permit.answer(json!({
        "registryId": found.account,
        "repositoryName": found.name,
        "uploadId": input.upload_id,
        "lastByteReceived": upload.offset.saturating_sub(1),
    })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CompleteLayerUpload {
    registry_id: Option<String>,
    repository_name: String,
    upload_id: String,
    layer_digests: Vec<String>,
}

/// Source: AWS, *Amazon ECR API Reference*, CompleteLayerUpload.
pub(crate) async fn complete(call: &Call<'_>, input: CompleteLayerUpload) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, "ecr:CompleteLayerUpload")?;
    let [digest] = input.layer_digests.as_slice() else {
        return Err(invalid(
            "Invalid parameter at 'layerDigests' failed to satisfy constraint: 'one digest of the layer has to be given'",
        ));
    };
    let digest: Digest = digest.parse().map_err(|error: OciError| found.failed(&error))?;
    let (content, id) = (content(call)?, inner(&input.upload_id));
    let failed = |failed: OciError| match failed {
        OciError::NoUpload(_) => no_upload(&found, &input.upload_id),
        OciError::WrongDigest { given, found } => error(
            "InvalidLayerException",
            format!("The layer digest '{given}' does not match the digest '{found}' of the uploaded layer"),
        ),
        other => found.failed(&other),
    };
    let upload = content.upload(&found.key, &id).await.map_err(failed)?;
    if upload.offset == 0 {
        let message = format!("The upload with id '{}' has no layer parts", input.upload_id);
        return Err(error("EmptyUploadException", message));
    }
    if content.stat_blob(&found.key, &digest).await.map_err(failed)?.is_some() {
        content.cancel_upload(&found.key, &id).await.map_err(failed)?;
        let message = format!(
            "The layer with digest '{digest}' already exists in the repository with name '{}' in the registry with id '{}'",
            found.name, found.account
        );
        return Err(error("LayerAlreadyExistsException", message));
    }
    let blob = content.finish_upload(&found.key, &id, &digest, None, Some(0), one(Bytes::new())).await;
    let blob = blob.map_err(failed)?;
    Ok(found.permit.answer(json!({
        "registryId": found.account,
        "repositoryName": found.name,
        "uploadId": input.upload_id,
        "layerDigest": blob.digest.as_str(),
    })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GetDownloadUrlForLayer {
    registry_id: Option<String>,
    repository_name: String,
    layer_digest: String,
}

/// What an address lets its bearer download.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Right {
    pub(crate) account: String,
    pub(crate) repository: String,
    /// Of this repository alone, and of no later one of its name.
    pub(crate) id: String,
    pub(crate) digest: String,
    /// Seconds since 1970.
    expires: i64,
}

/// Source: AWS, *Amazon ECR API Reference*, GetDownloadUrlForLayer.
pub(crate) async fn download_url(call: &Call<'_>, input: GetDownloadUrlForLayer) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, "ecr:GetDownloadUrlForLayer")?;
    let digest: Digest = input.layer_digest.parse().map_err(|error: OciError| found.failed(&error))?;
    let (registry, missing) = (content(call)?, layer_missing(&found, &digest));
    registry.stat_blob(&found.key, &digest).await.map_err(|error| found.failed(&error))?.ok_or(missing)?;
    match registry.read_blob(&found.key, &digest, None).await {
        Ok(_) => {}
        Err(OciError::Archived(_)) => {
            let message = format!("The layer with digest '{digest}' belongs to archived images alone");
            return Err(error("LayerInaccessibleException", message));
        }
        Err(OciError::NoBlob(_)) => return Err(layer_missing(&found, &digest)),
        Err(error) => return Err(found.failed(&error)),
    }
    let right = Right {
        account: found.account.clone(),
        repository: found.name.clone(),
        id: found.repository.id.clone(),
        digest: digest.as_str().to_owned(),
        expires: call.seconds().saturating_add(DOWNLOAD_SECONDS),
    };
    let text = serde_json::to_vec(&right).map_err(|error| ApiError::internal(&error))?;
    let token = BASE64URL_NOPAD.encode(call.shared.seal(Purpose::Layer, "", &text)?.text().as_bytes());
    let url = call.shared.ecr.url(&found.account, call.region());
    let url = format!("{url}/v2/{}/blobs/{digest}?{LAYER_RIGHT}={token}", found.name);
    Ok(found.permit.answer(json!({ "downloadUrl": url, "layerDigest": digest.as_str() })))
}

fn layer_missing(found: &Found, digest: &Digest) -> ApiError {
    error(
        "LayersNotFoundException",
        format!(
            "The layer with digest '{digest}' does not exist in the repository with name '{}' in the registry with id '{}'",
            found.name, found.account
        ),
    )
}

/// What an address gives a right to; `None` if it was not made here, was changed, or its time is over.
pub(crate) fn right(shared: &Shared, token: &str, now: i64) -> Option<Right> {
    let text = String::from_utf8(BASE64URL_NOPAD.decode(token.as_bytes()).ok()?).ok()?;
    let opened = Sealed::from_text(&text).open_quietly(&shared.keyring, Purpose::Layer, "")?;
    let right: Right = serde_json::from_slice(opened.expose()).ok()?;
    (now.div_euclid(1000) < right.expires).then_some(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_uploads_are_uuids() {
        let id = "0123456789abcdef0123456789abcdef";
        let shown = outer(id);
        assert_eq!(shown, "01234567-89ab-cdef-0123-456789abcdef");
        assert_eq!(inner(&shown.to_uppercase()), id);
    }
}
