//! Where images are kept: storage classes, and other registries.

use ringwall_oci::control::image_name;
use ringwall_oci::{OciError, StorageClass};
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{content, seek};
use super::image::{ImageId, identified, not_found};
use super::{error, invalid};
use crate::authorize::Answer;
use crate::call::Call;
use crate::error::Result;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateImageStorageClass {
    registry_id: Option<String>,
    repository_name: String,
    image_id: ImageId,
    target_storage_class: String,
}

/// Source: AWS, *Amazon ECR API Reference*, UpdateImageStorageClass.
pub(crate) async fn update_class(call: &Call<'_>, input: UpdateImageStorageClass) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, "ecr:UpdateImageStorageClass")?;
    let image = identified(call, &found, &input.image_id).await?;
    let class = match input.target_storage_class.as_str() {
        "STANDARD" => StorageClass::Standard,
        "ARCHIVE" => StorageClass::Archive,
        _ => return Err(invalid("Invalid parameter at 'targetStorageClass'")),
    };
    if image.image.storage_class == class {
        let message = format!(
            "The image with digest '{}' is in the storage class {} already",
            image.digest, input.target_storage_class
        );
        return Err(error("ImageStorageClassUpdateNotSupportedException", message));
    }
    let updated = content(call)?.set_storage_class(&found.key, &image.image.digest, class).await;
    let updated = updated.map_err(|failed| match failed {
        OciError::NoManifest(_) => not_found(&found, &input.image_id),
        other => found.failed(&other),
    })?;
    let answer = json!({
        "registryId": found.account,
        "repositoryName": found.name,
        "imageId": image.id(),
        "imageStatus": super::describe::status_name(&updated),
    });
    Ok(found.permit.answer(answer))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeImageReplicationStatus {
    registry_id: Option<String>,
    repository_name: String,
    image_id: ImageId,
}

/// What the replicating worker has told of an image.
///
/// Source: AWS, *Amazon ECR API Reference*, DescribeImageReplicationStatus.
pub(crate) async fn describe_replication(
    call: &Call<'_>,
    input: DescribeImageReplicationStatus,
) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, "ecr:DescribeImageReplicationStatus")?;
    let image = identified(call, &found, &input.image_id).await?;
    let name = image_name(&found.repository.id, &image.digest);
    let state = call.shared.ecr.control.images.get(&found.account, "", &name).await?;
    let told = state.as_ref().map_or(&[][..], |row| row.value.replication.as_slice());
    let statuses: Vec<Value> = told
        .iter()
        .map(|status| {
            json!({
                "region": status.region,
                "registryId": status.registry,
                "status": status.status,
                "failureCode": status.failure,
            })
        })
        .collect();
    let answer = json!({
        "repositoryName": found.name,
        "imageId": image.id(),
        "replicationStatuses": statuses,
    });
    Ok(found.permit.answer(answer))
}
