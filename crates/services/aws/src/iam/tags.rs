//! Tags of users, roles, policies, instance profiles and providers.
//!
//! Source: AWS IAM User Guide, *Tags for IAM resources*.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::entity::{Kept, Tries, allowed_with, put};
use super::fault::{invalid, quota};
use super::limits;
use super::page::Page;
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::Result;
use crate::identify::put_tag;
use crate::sts::issue::Tag;
use ringwall_store::Batch;

#[derive(Debug, Deserialize)]
pub(crate) struct Tagging {
    #[serde(flatten)]
    name: Name,
    #[serde(rename = "Tags")]
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Untagging {
    #[serde(flatten)]
    name: Name,
    #[serde(rename = "TagKeys")]
    keys: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Listing {
    #[serde(flatten)]
    name: Name,
    #[serde(flatten)]
    page: Page,
}

/// What is tagged, by the name that each operation has for it.
#[derive(Debug, Deserialize)]
struct Name {
    #[serde(
        alias = "UserName",
        alias = "RoleName",
        alias = "PolicyArn",
        alias = "InstanceProfileName",
        alias = "OpenIDConnectProviderArn"
    )]
    name: String,
}

pub(crate) async fn tag<T: Kept>(call: &Call<'_>, input: Tagging) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let ask = |ask: Ask| ask.request_tags(pairs(&input.tags));
        let (permit, row) = allowed_with::<T>(call, &input.name.name, ask).await?;
        let new = checked(&input.tags)?;
        let mut value = row.value.clone();
        if let Some(tags) = value.tags_mut() {
            for (key, value) in &new {
                put_tag(tags, key, value);
            }
            if tags.len() > limits::TAGS {
                return Err(quota("TagsPerResource", limits::TAGS));
            }
        }
        let mut batch = Batch::new();
        put(call, &mut batch, &row, &value);
        if tries.commit(call, batch).await? {
            return Ok(permit.done());
        }
    }
}

pub(crate) async fn untag<T: Kept>(call: &Call<'_>, input: Untagging) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let ask = |ask: Ask| ask.with_all("aws:TagKeys", input.keys.iter().map(String::as_str));
        let (permit, row) = allowed_with::<T>(call, &input.name.name, ask).await?;
        let mut value = row.value.clone();
        if let Some(tags) = value.tags_mut() {
            tags.retain(|known, _| !input.keys.iter().any(|key| key.eq_ignore_ascii_case(known)));
        }
        let mut batch = Batch::new();
        put(call, &mut batch, &row, &value);
        if tries.commit(call, batch).await? {
            return Ok(permit.done());
        }
    }
}

pub(crate) async fn list<T: Kept>(call: &Call<'_>, input: Listing) -> Result<Answer> {
    let (permit, row) = allowed_with::<T>(call, &input.name.name, |ask| ask).await?;
    let tags = row.value.tags().into_iter().flatten().map(|(key, value)| (key.as_str(), (key, value)));
    let answer = input.page.of(tags, "Tags", |(key, value)| json!({ "Key": key, "Value": value }))?;
    Ok(permit.answer(answer))
}

/// Tags as condition keys have them.
pub(crate) fn pairs(tags: &[Tag]) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str()))
}

/// Tags that something may have. Keys are one whatever their case.
pub(crate) fn checked(tags: &[Tag]) -> Result<BTreeMap<String, String>> {
    let mut checked = BTreeMap::new();
    for Tag { key, value } in tags {
        if key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:")) {
            return Err(invalid(format!("Tag keys may not begin with aws:, as {key} does")));
        }
        if checked.keys().any(|known: &String| known.eq_ignore_ascii_case(key)) {
            return Err(invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive."));
        }
        checked.insert(key.clone(), value.clone());
    }
    if checked.len() > limits::TAGS {
        return Err(quota("TagsPerResource", limits::TAGS));
    }
    Ok(checked)
}
