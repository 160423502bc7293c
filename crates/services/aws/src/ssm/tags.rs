//! Tags of parameters.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{Found, Sought, seek};
use super::invalid;
use super::labels::change;
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::{ApiError, Result};

/// Most tags of a parameter.
///
/// Source: AWS, *Systems Manager API Reference*, AddTagsToResource, `TooManyTagsError`.
const MAX_TAGS: usize = 50;

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    key: String,
    value: String,
}

/// Tags as a request gives them. A name that occurs twice has its last value.
pub(crate) fn read(tags: &[Tag]) -> BTreeMap<String, String> {
    tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()
}

/// Whether they can be a parameter's.
///
/// # Errors
///
/// `ValidationException` for a reserved name, `TooManyTagsError`.
pub(crate) fn check(tags: &BTreeMap<String, String>) -> Result<()> {
    let reserved = |key: &String| key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:"));
    if tags.keys().any(reserved) {
        return Err(invalid("Tag keys can't begin with aws:."));
    }
    if tags.len() > MAX_TAGS {
        let message = format!("A parameter has at most {MAX_TAGS} tags.");
        return Err(ApiError::new("TooManyTagsError", message));
    }
    Ok(())
}

/// A parameter whose tags are asked for or changed: no other kind of resource is there.
async fn seek_tagged(call: &Call<'_>, kind: &str, id: &str) -> Result<Sought> {
    if kind != "Parameter" {
        let message = "The resource type is not valid: parameters alone have tags here.";
        return Err(ApiError::new("InvalidResourceType", message));
    }
    seek(call, id).await
}

fn allowed(call: &Call<'_>, sought: Sought, ask: &Ask) -> Result<Found> {
    let id = sought.name.asked.clone();
    sought.allowed(call, ask).map_err(|error| match &*error.code {
        "ParameterNotFound" => {
            ApiError::new("InvalidResourceId", format!("The resource ID is not valid: {id}"))
        }
        _ => error,
    })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AddTagsToResource {
    resource_type: String,
    resource_id: String,
    tags: Vec<Tag>,
}

/// Source: AWS, *Systems Manager API Reference*, AddTagsToResource.
pub(crate) async fn add_tags_to_resource(call: &Call<'_>, input: AddTagsToResource) -> Result<Answer> {
    let sought = seek_tagged(call, &input.resource_type, &input.resource_id).await?;
    let new = read(&input.tags);
    let pairs = new.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let ask = sought.ask("ssm:AddTagsToResource").request_tags(pairs);
    let found = allowed(call, sought, &ask)?;
    change(call, &found, |parameter| {
        parameter.tags.extend(new.clone());
        check(&parameter.tags)
    })
    .await?;
    Ok(found.permit.done())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RemoveTagsFromResource {
    resource_type: String,
    resource_id: String,
    tag_keys: Vec<String>,
}

/// Source: AWS, *Systems Manager API Reference*, RemoveTagsFromResource.
pub(crate) async fn remove_tags_from_resource(
    call: &Call<'_>,
    input: RemoveTagsFromResource,
) -> Result<Answer> {
    let sought = seek_tagged(call, &input.resource_type, &input.resource_id).await?;
    let names = input.tag_keys.iter().map(String::as_str);
    let ask = sought.ask("ssm:RemoveTagsFromResource").with_all("aws:TagKeys", names);
    let found = allowed(call, sought, &ask)?;
    change(call, &found, |parameter| {
        parameter.tags.retain(|name, _| !input.tag_keys.contains(name));
        Ok(())
    })
    .await?;
    Ok(found.permit.done())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListTagsForResource {
    resource_type: String,
    resource_id: String,
}

/// Source: AWS, *Systems Manager API Reference*, ListTagsForResource.
pub(crate) async fn list_tags_for_resource(call: &Call<'_>, input: ListTagsForResource) -> Result<Answer> {
    let sought = seek_tagged(call, &input.resource_type, &input.resource_id).await?;
    let ask = sought.ask("ssm:ListTagsForResource");
    let found = allowed(call, sought, &ask)?;
    let tags = found.row.value.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
    Ok(found.permit.answer(json!({ "TagList": tags.collect::<Vec<Value>>() })))
}
