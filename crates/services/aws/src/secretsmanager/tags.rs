//! Tags of secrets.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::access::{seek, usable};
use super::change::change;
use super::parameter;
use crate::authorize::Answer;
use crate::call::Call;
use crate::error::Result;

/// Most tags of a secret.
///
/// Source: AWS, *Secrets Manager API Reference*, TagResource.
const MAX_TAGS: usize = 50;

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    key: Option<String>,
    #[serde(default)]
    value: String,
}

/// Tags as a request gives them. A name that occurs twice has its last value.
///
/// # Errors
///
/// `InvalidParameterException` for a reserved name or none.
pub(crate) fn read(tags: &[Tag]) -> Result<BTreeMap<String, String>> {
    let mut read = BTreeMap::new();
    for tag in tags {
        let key = tag.key.as_deref().ok_or_else(|| parameter("A tag needs a key."))?;
        if key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:")) {
            return Err(parameter("Tag keys can't begin with aws:."));
        }
        read.insert(key.to_owned(), tag.value.clone());
    }
    Ok(read)
}

/// Whether there are not too many.
///
/// # Errors
///
/// `InvalidParameterException`
pub(crate) fn limit(tags: &BTreeMap<String, String>) -> Result<()> {
    if tags.len() > MAX_TAGS {
        return Err(parameter(format!("A secret has at most {MAX_TAGS} tags.")));
    }
    Ok(())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TagResource {
    secret_id: String,
    tags: Vec<Tag>,
}

/// Source: AWS, *Secrets Manager API Reference*, TagResource.
pub(crate) async fn tag_resource(call: &Call<'_>, input: TagResource) -> Result<Answer> {
    let sought = seek(call, &input.secret_id).await?;
    let new = read(&input.tags)?;
    let ask = sought.ask(call, "secretsmanager:TagResource").request_tags(super::access::pairs(&new));
    let found = sought.allowed(call, &ask)?;
    let found = change(call, found, |secret| {
        usable(secret)?;
        secret.tags.extend(new.clone());
        limit(&secret.tags)
    })
    .await?;
    Ok(found.permit.done())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UntagResource {
    secret_id: String,
    tag_keys: Vec<String>,
}

/// Source: AWS, *Secrets Manager API Reference*, UntagResource.
pub(crate) async fn untag_resource(call: &Call<'_>, input: UntagResource) -> Result<Answer> {
    let sought = seek(call, &input.secret_id).await?;
    let names = input.tag_keys.iter().map(String::as_str);
    let ask = sought.ask(call, "secretsmanager:UntagResource").with_all("aws:TagKeys", names);
    let found = sought.allowed(call, &ask)?;
    let found = change(call, found, |secret| {
        usable(secret)?;
        secret.tags.retain(|name, _| !input.tag_keys.contains(name));
        Ok(())
    })
    .await?;
    Ok(found.permit.done())
}
