//! Tags of keys.

use std::collections::BTreeMap;

use ringwall_store::Change;
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{Wish, allowed, not_pending};
use super::change;
use super::identifier::{Forms, seek};
use super::page::{Page, Paged};
use super::rows::Key;
use crate::authorize::Answer;
use crate::call::Call;
use crate::error::{ApiError, Result};

/// Most tags of a key.
///
/// Source: AWS, *KMS API Reference*, TagResource; *AWS General Reference*, "Tag naming limits".
const MAX_TAGS: usize = 50;

/// Tags in an answer unless told otherwise.
const PAGE: usize = 50;

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    pub(crate) tag_key: String,
    pub(crate) tag_value: String,
}

/// The tags that a key has, and over them those that it gets.
///
/// # Errors
///
/// `TagException` for a name twice or reserved, `LimitExceededException` for too many.
pub(crate) fn check(tags: &[Tag], before: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>> {
    let error = |message: &str| Err(ApiError::new("TagException", message));
    let mut new = BTreeMap::new();
    for Tag { tag_key, tag_value } in tags {
        if tag_key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:")) {
            return error("aws: prefixed tag key names are not allowed for external use");
        }
        if new.insert(tag_key.clone(), tag_value.clone()).is_some() {
            return error("Duplicate tag keys");
        }
    }
    let mut all = before.clone();
    all.append(&mut new);
    if all.len() > MAX_TAGS {
        return Err(ApiError::new("LimitExceededException", format!("A key has at most {MAX_TAGS} tags")));
    }
    Ok(all)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TagResource {
    key_id: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// Source: AWS, *KMS API Reference*, TagResource.
pub(crate) async fn tag_resource(call: &Call<'_>, input: TagResource) -> Result<Answer> {
    let sought = seek(call, &input.key_id, Forms::Own).await?;
    let pairs = input.tags.iter().map(|tag| (tag.tag_key.as_str(), tag.tag_value.as_str()));
    let key = sought.allowed(call, &Wish::new("TagResource"), |ask| ask.request_tags(pairs)).await?;
    let arn = key.arn.clone();
    let changed = change(call, key, |key| {
        not_pending(&arn, key.state)?;
        Ok(Change::Put(Key { tags: check(&input.tags, &key.tags)?, ..key.clone() }))
    })
    .await?;
    Ok(changed.permit.done())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UntagResource {
    key_id: String,
    #[serde(default)]
    tag_keys: Vec<String>,
}

/// Source: AWS, *KMS API Reference*, UntagResource.
pub(crate) async fn untag_resource(call: &Call<'_>, input: UntagResource) -> Result<Answer> {
    let sought = seek(call, &input.key_id, Forms::Own).await?;
    let names = input.tag_keys.iter().map(String::as_str);
    let key =
        sought.allowed(call, &Wish::new("UntagResource"), |ask| ask.with_all("aws:TagKeys", names)).await?;
    let arn = key.arn.clone();
    let changed = change(call, key, |key| {
        not_pending(&arn, key.state)?;
        let mut tags = key.tags.clone();
        tags.retain(|name, _| !input.tag_keys.contains(name));
        Ok(Change::Put(Key { tags, ..key.clone() }))
    })
    .await?;
    Ok(changed.permit.done())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListResourceTags {
    key_id: String,
    #[serde(flatten)]
    page: Page,
}

/// Source: AWS, *KMS API Reference*, ListResourceTags.
pub(crate) async fn list_resource_tags(call: &Call<'_>, input: ListResourceTags) -> Result<Answer> {
    let key = allowed(call, &input.key_id, Forms::Own, &Wish::new("ListResourceTags")).await?;
    let after = input.page.after()?;
    let tags = key.key().tags.iter().filter(|(name, _)| after.as_ref().is_none_or(|after| *name > after));
    let entries: Vec<(String, Value)> =
        tags.map(|(name, value)| (name.clone(), json!({ "TagKey": name, "TagValue": value }))).collect();
    Ok(key.permit.answer(Paged::of(entries, input.page.limit(PAGE)).answer("Tags")))
}
