//! Images listed.

use ringwall_oci::{Digest, Image, ImageStatus, OciError, Reference};
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{Found, content, seek};
use super::image::{ImageId, id, identified};
use super::page::Page;
use super::{findings, invalid, seconds};
use crate::authorize::Answer;
use crate::call::Call;
use crate::error::Result;
use crate::page::{after, token};

/// Items of a page without `maxResults`. Source: AWS, *Amazon ECR API Reference*, DescribeImages and ListImages.
const PAGE: usize = 100;

/// Images of one request to the store.
const STORE_PAGE: usize = 500;

/// `ImageStatus` of the API.
pub(crate) fn status_name(image: &Image) -> &'static str {
    match image.status() {
        ImageStatus::Active => "ACTIVE",
        ImageStatus::Archived => "ARCHIVED",
        ImageStatus::Activating => "ACTIVATING",
    }
}

/// Whether an image has the status that a filter asks for: `ACTIVE`, unless it asks for another one.
pub(crate) fn has_status(wanted: Option<&str>, image: &Image) -> bool {
    let wanted = wanted.unwrap_or("ACTIVE");
    wanted == "ANY" || wanted == status_name(image)
}

/// Whether tags are as a filter asks for.
pub(crate) fn has_tag_status(wanted: Option<&str>, tags: &[String]) -> bool {
    match wanted {
        Some("TAGGED") => !tags.is_empty(),
        Some("UNTAGGED") => tags.is_empty(),
        _ => true,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Filter {
    tag_status: Option<String>,
    image_status: Option<String>,
}

impl Filter {
    fn wants(&self, image: &Image) -> bool {
        has_tag_status(self.tag_status.as_deref(), &image.tags)
            && has_status(self.image_status.as_deref(), image)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeImages {
    registry_id: Option<String>,
    repository_name: String,
    image_ids: Option<Vec<ImageId>>,
    #[serde(flatten)]
    page: Page,
    #[serde(default)]
    filter: Filter,
}

/// `ImageDetail` of the API.
async fn shown(call: &Call<'_>, found: &Found, image: &Image) -> Result<Value> {
    let mut shown = json!({
        "registryId": found.account,
        "repositoryName": found.name,
        "imageDigest": image.digest.as_str(),
        "imageSizeInBytes": image.content_size,
        "imagePushedAt": seconds(image.pushed_at.as_millisecond()),
        "imageManifestMediaType": image.media_type,
        "artifactMediaType": image.artifact_type,
        "subjectManifestDigest": image.subject.as_ref().map(Digest::as_str),
        "imageStatus": status_name(image),
    });
    let times = [
        ("lastRecordedPullTime", image.pulled_at),
        ("lastArchivedAt", image.archived_at),
        ("lastActivatedAt", image.activated_at),
    ];
    if let Some(members) = shown.as_object_mut() {
        let times = times.into_iter();
        members.extend(
            times.filter_map(|(name, time)| {
                time.map(|time| (name.to_owned(), seconds(time.as_millisecond())))
            }),
        );
        if !image.tags.is_empty() {
            members.insert("imageTags".to_owned(), json!(image.tags));
        }
        members.extend(findings::summary(call, found, image).await?);
    }
    Ok(shown)
}

/// Source: AWS, *Amazon ECR API Reference*, DescribeImages.
pub(crate) async fn describe(call: &Call<'_>, input: DescribeImages) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, "ecr:DescribeImages")?;
    if let Some(ids) = &input.image_ids {
        if input.page.next_token.is_some() || input.page.max_results.is_some() {
            return Err(invalid(
                "Invalid parameter at 'imageIds' failed to satisfy constraint: 'a page can't be asked for together with imageIds'",
            ));
        }
        let mut details = Vec::new();
        for wanted in ids {
            let image = identified(call, &found, wanted).await?.image;
            let detail = shown(call, &found, &image).await?;
            if !details.contains(&detail) {
                details.push(detail);
            }
        }
        return Ok(found.permit.answer(json!({ "imageDetails": details })));
    }
    let limit = input.page.max_results.unwrap_or(PAGE);
    let mut from = after(input.page.next_token.as_deref())?
        .map(|digest| digest.parse::<Digest>())
        .transpose()
        .map_err(|error: OciError| found.failed(&error))?;
    let (mut details, mut next) = (Vec::new(), None);
    'pages: loop {
        let images = content(call)?.images(&found.key, from.as_ref(), STORE_PAGE).await;
        let images = images.map_err(|error| found.failed(&error))?;
        let is_last = images.len() < STORE_PAGE;
        for image in images {
            if input.filter.wants(&image) {
                if details.len() == limit {
                    next = from.as_ref().map(|digest| token(digest.as_str()));
                    break 'pages;
                }
                details.push(shown(call, &found, &image).await?);
            }
            from = Some(image.digest);
        }
        if is_last {
            break;
        }
    }
    let mut answer = json!({ "imageDetails": details });
    if let (Some(members), Some(next)) = (answer.as_object_mut(), next) {
        members.insert("nextToken".to_owned(), next.into());
    }
    Ok(found.permit.answer(answer))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListImages {
    registry_id: Option<String>,
    repository_name: String,
    #[serde(flatten)]
    page: Page,
    #[serde(default)]
    filter: Filter,
}

/// What a list has of an image: one identifier for each tag that comes after one, or one without a tag.
fn identifiers(image: &Image, after: Option<&str>) -> Vec<(Option<String>, Value)> {
    let digest = image.digest.as_str();
    if image.tags.is_empty() {
        return if after.is_none() { vec![(None, id(digest, None))] } else { Vec::new() };
    }
    let tags = image.tags.iter().filter(|tag| after.is_none_or(|after| tag.as_str() > after));
    tags.map(|tag| (Some(tag.clone()), id(digest, Some(tag)))).collect()
}

/// Source: AWS, *Amazon ECR API Reference*, ListImages.
pub(crate) async fn list(call: &Call<'_>, input: ListImages) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, "ecr:ListImages")?;
    let limit = input.page.max_results.unwrap_or(PAGE);
    // A token is the last identifier of the page before: its digest and, if it has one, its tag.
    let last = after(input.page.next_token.as_deref())?;
    let (mut listed, mut position, mut next): (Vec<Value>, Option<String>, _) =
        (Vec::new(), last.clone(), None);
    let mut from: Option<Digest> = None;
    if let Some(last) = last {
        let (digest, tag) =
            last.split_once(' ').map_or((last.as_str(), None), |(digest, tag)| (digest, Some(tag)));
        let digest: Digest = digest.parse().map_err(|error: OciError| found.failed(&error))?;
        if let Some(tag) = tag {
            let image = content(call)?.image(&found.key, &Reference::Digest(digest.clone())).await;
            let image = image.map_err(|error| found.failed(&error))?;
            let rest = image.filter(|image| input.filter.wants(image));
            for (tag, identifier) in rest.iter().flat_map(|image| identifiers(image, Some(tag))) {
                if listed.len() == limit {
                    next = position.as_deref().map(token);
                    break;
                }
                position = Some(place(&digest, tag.as_deref()));
                listed.push(identifier);
            }
        }
        from = Some(digest);
    }
    'pages: while next.is_none() {
        let images = content(call)?.images(&found.key, from.as_ref(), STORE_PAGE).await;
        let images = images.map_err(|error| found.failed(&error))?;
        let is_last = images.len() < STORE_PAGE;
        for image in images {
            if input.filter.wants(&image) {
                for (tag, identifier) in identifiers(&image, None) {
                    if listed.len() == limit {
                        next = position.as_deref().map(token);
                        break 'pages;
                    }
                    position = Some(place(&image.digest, tag.as_deref()));
                    listed.push(identifier);
                }
            }
            from = Some(image.digest);
        }
        if is_last {
            break;
        }
    }
    let mut answer = json!({ "imageIds": listed });
    if let (Some(members), Some(next)) = (answer.as_object_mut(), next) {
        members.insert("nextToken".to_owned(), next.into());
    }
    Ok(found.permit.answer(answer))
}

fn place(digest: &Digest, tag: Option<&str>) -> String {
    tag.map_or_else(|| digest.as_str().to_owned(), |tag| format!("{digest} {tag}"))
}
