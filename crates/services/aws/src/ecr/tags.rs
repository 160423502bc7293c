//! Tags of repositories.

use std::collections::BTreeMap;

use ringwall_model::Arn;
use ringwall_oci::control::setting;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::access::{Sought, seek, tags_of};
use super::{error, invalid};
use crate::authorize::Answer;
use crate::call::Call;
use crate::error::Result;

/// Most tags of a repository.
///
/// Source: AWS, *Amazon ECR User Guide*, "Tagging a private repository", "Tag restrictions".
const MAX_TAGS: usize = 50;

/// Most characters of a tag's name and value. Source: the same.
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    key: String,
    value: String,
}

impl Tag {
    pub(crate) fn new(key: &str, value: &str) -> Self {
        Self { key: key.to_owned(), value: value.to_owned() }
    }
}

/// Tags as a request gives them.
///
/// # Errors
///
/// `InvalidTagParameterException` for a reserved name, one that stands there twice, or one that is too long.
pub(crate) fn read(tags: &[Tag]) -> Result<BTreeMap<String, String>> {
    let bad = |message: String| Err(error("InvalidTagParameterException", message));
    let mut read = BTreeMap::new();
    for Tag { key, value } in tags {
        if key.is_empty() || key.chars().count() > MAX_KEY || value.chars().count() > MAX_VALUE {
            return bad(format!(
                "A tag's key has 1 to {MAX_KEY} characters and its value at most {MAX_VALUE}"
            ));
        }
        if key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:")) {
            return bad("Tag keys can't begin with aws:, which is reserved".to_owned());
        }
        if read.insert(key.clone(), value.clone()).is_some() {
            return bad(format!("The tag key {key} stands there twice"));
        }
    }
    Ok(read)
}

/// Whether there are not too many.
///
/// # Errors
///
/// `TooManyTagsException`
pub(crate) fn limit(tags: &BTreeMap<String, String>) -> Result<()> {
    if tags.len() > MAX_TAGS {
        return Err(error("TooManyTagsException", format!("A repository has at most {MAX_TAGS} tags")));
    }
    Ok(())
}

/// Tags in pairs.
pub(crate) fn pairs(tags: &BTreeMap<String, String>) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

/// The tags of a repository's settings.
fn of(settings: &Map<String, Value>) -> BTreeMap<String, String> {
    tags_of(settings).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The repository of an ARN.
async fn by_arn(call: &Call<'_>, arn: &str) -> Result<Sought> {
    let bad = || {
        invalid(format!(
            "Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN: {}'",
            arn.chars().take(512).collect::<String>()
        ))
    };
    let parsed = arn
        .parse::<Arn>()
        .ok()
        .filter(|arn| arn.partition == "aws" && arn.service == super::SERVICE && arn.region == call.region());
    let parsed = parsed.ok_or_else(bad)?;
    let name = parsed.resource.strip_prefix("repository/").ok_or_else(bad)?;
    seek(call, Some(&parsed.account), name).await
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TagResource {
    resource_arn: String,
    tags: Vec<Tag>,
}

/// Source: AWS, *Amazon ECR API Reference*, TagResource.
pub(crate) async fn tag(call: &Call<'_>, input: TagResource) -> Result<Answer> {
    let sought = by_arn(call, &input.resource_arn).await?;
    let new = read(&input.tags)?;
    let ask = sought.ask("ecr:TagResource").request_tags(pairs(&new));
    let found = sought.allowed_as(call, &ask)?;
    found
        .change(call, |settings| {
            let mut tags = of(settings);
            tags.extend(new.clone());
            limit(&tags)?;
            settings.insert(setting::TAGS.to_owned(), json!(tags));
            Ok(())
        })
        .await?;
    Ok(found.permit.done())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UntagResource {
    resource_arn: String,
    tag_keys: Vec<String>,
}

/// Source: AWS, *Amazon ECR API Reference*, UntagResource.
pub(crate) async fn untag(call: &Call<'_>, input: UntagResource) -> Result<Answer> {
    let sought = by_arn(call, &input.resource_arn).await?;
    let names = input.tag_keys.iter().map(String::as_str);
    let ask = sought.ask("ecr:UntagResource").with_all("aws:TagKeys", names);
    let found = sought.allowed_as(call, &ask)?;
    found
        .change(call, |settings| {
            let mut tags = of(settings);
            tags.retain(|name, _| !input.tag_keys.contains(name));
            settings.insert(setting::TAGS.to_owned(), json!(tags));
            Ok(())
        })
        .await?;
    Ok(found.permit.done())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListTagsForResource {
    resource_arn: String,
}

/// Source: AWS, *Amazon ECR API Reference*, ListTagsForResource.
pub(crate) async fn list(call: &Call<'_>, input: ListTagsForResource) -> Result<Answer> {
    let found = by_arn(call, &input.resource_arn).await?.allowed(call, "ecr:ListTagsForResource")?;
    let tags: Vec<Value> = tags_of(&found.repository.settings)
        .map(|(name, value)| json!({ "Key": name, "Value": value }))
        .collect();
    Ok(found.permit.answer(json!({ "tags": tags })))
}
