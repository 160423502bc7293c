//! Scans of images, and what they found. The scanner fills the record; here it is asked for and shown.

use std::collections::BTreeMap;

use ringwall_oci::control::{FINDINGS_A_PAGE, Scan, ScanStatus, image_name};
use ringwall_oci::{Image, StorageClass};
use ringwall_registry::scanning::ScanType;
use ringwall_store::Change;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::access::{Found, seek};
use super::image::{ImageId, Named, identified};
use super::page::Page;
use super::{error, scanning, seconds};
use crate::authorize::Answer;
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::page::{after, token};

/// How often an image may be scanned, in milliseconds: once in 24 hours.
///
/// Source: AWS, *Amazon ECR API Reference*, StartImageScan.
const BETWEEN_SCANS: i64 = 24 * 60 * 60 * 1000;

/// Findings of a page without `maxResults`. Source: AWS, *Amazon ECR API Reference*, DescribeImageScanFindings.
const PAGE: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StartImageScan {
    registry_id: Option<String>,
    repository_name: String,
    image_id: ImageId,
}

/// When an image was last scanned, or is going to be.
fn last(scan: &Scan) -> Option<i64> {
    scan.completed.max(scan.requested)
}

/// Asks for a scan: the scanner finds the record.
///
/// Source: AWS, *Amazon ECR API Reference*, StartImageScan.
pub(crate) async fn start(call: &Call<'_>, input: StartImageScan) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, "ecr:StartImageScan")?;
    let image = identified(call, &found, &input.image_id).await?;
    let control = &call.shared.ecr.control;
    let account = control.account(&found.account).await?.map(|row| row.value.clone()).unwrap_or_default();
    if scanning::configuration(&account)?.scan_type() == ScanType::Enhanced {
        return Err(error(
            "ValidationException",
            "This feature is disabled: with enhanced scanning, images are scanned by the rules of the registry alone",
        ));
    }
    if image.image.storage_class == StorageClass::Archive {
        let message = format!("The image with digest '{}' is archived and can't be scanned", image.digest);
        return Err(error("ImageArchivedException", message));
    }
    if image.image.is_index {
        let message =
            "The operating system and/or package manager are not supported: the image is a list of images";
        return Err(error("UnsupportedImageTypeException", message));
    }
    let place = control.scans.place(&found.account, "", &image_name(&found.repository.id, &image.digest));
    let now = call.now();
    control
        .scans
        .update::<ApiError>(&place, |scan| {
            if scan.and_then(last).is_some_and(|last| now.saturating_sub(last) < BETWEEN_SCANS) {
                let message = "The scan quota per image has been exceeded. Wait and try again.";
                return Err(error("LimitExceededException", message));
            }
            let before = scan.cloned();
            let pages = before.as_ref().map_or(0, |scan| scan.pages);
            Ok(Change::Put(Scan {
                status: ScanStatus::Pending,
                description: Some("The scan is pending.".to_owned()),
                enhanced: false,
                requested: Some(now),
                completed: None,
                source_updated: None,
                counts: BTreeMap::new(),
                pages,
            }))
        })
        .await?;
    let answer = json!({
        "registryId": found.account,
        "repositoryName": found.name,
        "imageId": image.id(),
        "imageScanStatus": { "status": ScanStatus::InProgress.name() },
    });
    Ok(found.permit.answer(answer))
}

/// `ImageScanStatus` of the API.
fn status(scan: &Scan) -> Value {
    json!({ "status": scan.status.name(), "description": scan.description })
}

fn times(scan: &Scan) -> Map<String, Value> {
    let times =
        [("imageScanCompletedAt", scan.completed), ("vulnerabilitySourceUpdatedAt", scan.source_updated)];
    times.into_iter().filter_map(|(name, time)| Some((name.to_owned(), seconds(time?)))).collect()
}

/// What DescribeImages tells of a scan: its status, and a summary once there is something to sum up.
pub(crate) async fn summary(call: &Call<'_>, found: &Found, image: &Image) -> Result<Map<String, Value>> {
    let digest = image.digest.as_str();
    let scan = call.shared.ecr.control.scan(&found.account, &found.repository.id, digest).await?;
    let mut members = Map::new();
    if let Some(row) = scan {
        members.insert("imageScanStatus".to_owned(), status(&row.value));
        if row.value.completed.is_some() {
            let mut summary = times(&row.value);
            summary.insert("findingSeverityCounts".to_owned(), json!(row.value.counts));
            members.insert("imageScanFindingsSummary".to_owned(), summary.into());
        }
    }
    Ok(members)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeImageScanFindings {
    registry_id: Option<String>,
    repository_name: String,
    image_id: ImageId,
    #[serde(flatten)]
    page: Page,
}

fn no_scan(found: &Found, image: &ImageId) -> ApiError {
    error(
        "ScanNotFoundException",
        format!(
            "Image scan does not exist for the image with '{}' in the repository with name '{}' in the registry with id '{}'",
            image.shown(),
            found.name,
            found.account
        ),
    )
}

/// Source: AWS, *Amazon ECR API Reference*, DescribeImageScanFindings.
pub(crate) async fn describe(call: &Call<'_>, input: DescribeImageScanFindings) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, "ecr:DescribeImageScanFindings")?;
    let image = identified(call, &found, &input.image_id).await?;
    let control = &call.shared.ecr.control;
    let row = control.scan(&found.account, &found.repository.id, &image.digest).await?;
    let row = row.ok_or_else(|| no_scan(&found, &input.image_id))?;
    let scan = &row.value;
    let mut answer = json!({
        "registryId": found.account,
        "repositoryName": found.name,
        "imageId": image.id(),
        "imageScanStatus": status(scan),
    });
    if scan.completed.is_some() {
        let (listed, next) = page_of_findings(call, &found, &image, scan, &input.page).await?;
        let mut findings = times(scan);
        findings.insert("findingSeverityCounts".to_owned(), json!(scan.counts));
        let name = if scan.enhanced { "enhancedFindings" } else { "findings" };
        findings.insert(name.to_owned(), listed.into());
        if let Some(members) = answer.as_object_mut() {
            members.insert("imageScanFindings".to_owned(), findings.into());
            members.extend(next.map(|next| ("nextToken".to_owned(), next.into())));
        }
    }
    Ok(found.permit.answer(answer))
}

/// The findings that are asked for. A token is the place of the first one, counted over all records of them.
async fn page_of_findings(
    call: &Call<'_>,
    found: &Found,
    image: &Named,
    scan: &Scan,
    page: &Page,
) -> Result<(Vec<Value>, Option<String>)> {
    let from: usize = match after(page.next_token.as_deref())? {
        Some(place) => place.parse().map_err(|_| super::invalid("The token of the page is invalid."))?,
        None => 0,
    };
    let limit = page.max_results.unwrap_or(PAGE);
    let mut listed = Vec::new();
    let mut at = from;
    while listed.len() < limit {
        let record = u32::try_from(at / FINDINGS_A_PAGE).unwrap_or(u32::MAX);
        if record >= scan.pages {
            return Ok((listed, None));
        }
        let (account, id) = (&found.account, &found.repository.id);
        let findings = call.shared.ecr.control.findings(account, id, &image.digest, record).await?;
        let rest = findings.into_iter().skip(at % FINDINGS_A_PAGE).take(limit - listed.len());
        let before = listed.len();
        listed.extend(rest);
        if listed.len() == before {
            return Ok((listed, None));
        }
        at = at.saturating_add(listed.len() - before);
    }
    let record = u32::try_from(at / FINDINGS_A_PAGE).unwrap_or(u32::MAX);
    let more = record < scan.pages
        && call
            .shared
            .ecr
            .control
            .findings(&found.account, &found.repository.id, &image.digest, record)
            .await?
            .len()
            > at % FINDINGS_A_PAGE;
    Ok((listed, more.then(|| token(&at.to_string()))))
}
