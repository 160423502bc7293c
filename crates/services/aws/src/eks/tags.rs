//! Tags of clusters, access entries and Pod Identity associations.

use std::collections::BTreeMap;

use ringwall_model::Arn;
use ringwall_store::{Change, Place, Table};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::rows::{AccessEntry, Association, Cluster};
use super::{associations, check_tags, cluster_arn, entries};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::page;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListTags {
    resource_arn: String,
}

pub(crate) async fn list(call: &Call<'_>, input: ListTags) -> Result<Answer> {
    let resource = find(call, &input.resource_arn).await?;
    let permit = call.authorize(&resource.ask("eks:ListTagsForResource", &input.resource_arn))?;
    let tags = resource.tags.ok_or_else(|| missing(&input.resource_arn))?;
    Ok(permit.answer(json!({ "tags": tags })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TagResource {
    resource_arn: String,
    tags: BTreeMap<String, String>,
}

pub(crate) async fn tag(call: &Call<'_>, input: TagResource) -> Result<Answer> {
    let resource = find(call, &input.resource_arn).await?;
    let ask = resource
        .ask("eks:TagResource", &input.resource_arn)
        .request_tags(input.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    let permit = call.authorize(&ask)?;
    resource
        .change(call, &input.resource_arn, |tags| {
            tags.extend(input.tags.clone());
            check_tags(tags).map_err(|why| bad(&why))
        })
        .await?;
    Ok(permit.done())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UntagResource {
    resource_arn: String,
    tag_keys: Vec<String>,
}

pub(crate) async fn untag(call: &Call<'_>, input: UntagResource) -> Result<Answer> {
    let resource = find(call, &input.resource_arn).await?;
    let ask = resource
        .ask("eks:UntagResource", &input.resource_arn)
        .with_all("aws:TagKeys", input.tag_keys.iter().map(String::as_str));
    let permit = call.authorize(&ask)?;
    resource
        .change(call, &input.resource_arn, |tags| {
            tags.retain(|key, _| !input.tag_keys.contains(key));
            Ok(())
        })
        .await?;
    Ok(permit.done())
}

/// What an ARN names, as far as it is there.
struct Tagged {
    of: Of,
    place: Option<Place>,
    tags: Option<BTreeMap<String, String>>,
}

#[derive(Clone, Copy)]
enum Of {
    Cluster,
    Entry,
    Association,
}

/// Looks for what an ARN of the caller's account and region names.
async fn find(call: &Call<'_>, text: &str) -> Result<Tagged> {
    let arn: Arn = text.parse().map_err(|_| bad("The resource ARN is invalid"))?;
    let parts: Vec<&str> = arn.resource.split('/').collect();
    let of = match parts.as_slice() {
        ["cluster", _] => Of::Cluster,
        ["access-entry", _, _, _, _, _] => Of::Entry,
        ["podidentityassociation", _, _] => Of::Association,
        _ => return Err(bad("The resource ARN is invalid")),
    };
    let eks = &call.shared.eks;
    let (account, region) = (call.account(), call.region());
    let found = match parts.as_slice() {
        ["cluster", name] => {
            let row = eks.clusters.get(account, region, name).await?;
            row.map(|row| (cluster_arn(call, name), row.place.clone(), row.value.tags.clone()))
        }
        ["access-entry", cluster, .., uuid] => {
            let rows = page::all(&eks.entries, account, region, &format!("{cluster}/")).await?;
            let row = rows.into_iter().find(|row| row.value.uuid == *uuid);
            row.map(|row| (entries::entry_arn(call, cluster, &row.value), row.place, row.value.tags))
        }
        ["podidentityassociation", cluster, id] => {
            let row = eks.associations.get(account, region, &format!("{cluster}/{id}")).await?;
            let arn = || associations::arn(call, cluster, id);
            row.map(|row| (arn(), row.place.clone(), row.value.tags.clone()))
        }
        _ => None,
    };
    // Policies are about the ARN as it was written, so that nothing else may be found by it than what has that very ARN.
    let found = found.filter(|(arn, ..)| arn == text).map(|(_, place, tags)| (place, tags));
    let (place, tags) = found.unzip();
    Ok(Tagged { of, place, tags })
}

impl Tagged {
    fn ask(&self, action: &str, arn: &str) -> Ask {
        let tags = self.tags.iter().flatten();
        Ask::new(action, arn).resource_tags(None, tags.map(|(key, value)| (key.as_str(), value.as_str())))
    }

    async fn change(
        &self,
        call: &Call<'_>,
        arn: &str,
        change: impl Fn(&mut BTreeMap<String, String>) -> Result<()>,
    ) -> Result<()> {
        let place = self.place.as_ref().ok_or_else(|| missing(arn))?;
        let eks = &call.shared.eks;
        match self.of {
            Of::Cluster => set(&eks.clusters, place, arn, |row: &mut Cluster| change(&mut row.tags)).await,
            Of::Entry => set(&eks.entries, place, arn, |row: &mut AccessEntry| change(&mut row.tags)).await,
            Of::Association => {
                set(&eks.associations, place, arn, |row: &mut Association| change(&mut row.tags)).await
            }
        }
    }
}

async fn set<T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static>(
    table: &Table<T>,
    place: &Place,
    arn: &str,
    change: impl Fn(&mut T) -> Result<()>,
) -> Result<()> {
    table
        .update(place, |known| {
            let mut row = known.cloned().ok_or_else(|| missing(arn))?;
            change(&mut row)?;
            Ok::<_, ApiError>(Change::Put(row))
        })
        .await
        .map(drop)
}

fn bad(message: &str) -> ApiError {
    ApiError::new("BadRequestException", message)
}

fn missing(arn: &str) -> ApiError {
    ApiError::new("NotFoundException", format!("No resource found for the ARN {arn}"))
}
