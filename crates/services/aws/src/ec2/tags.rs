//! Tags of VPCs, security groups and their rules.
//!
//! Source: AWS EC2 API Reference, *CreateTags*, *DeleteTags*, *DescribeTags*; AWS EC2 User Guide, *Tag your Amazon EC2
//! resources*.

use std::collections::BTreeMap;

use ringwall_store::{Batch, Expect, Row};
use serde::Deserialize;
use serde_json::{Value, json};

use super::filters::{Filter, pass};
use super::groups::missing as missing_group;
use super::rows::{SecurityGroup, Vpc};
use super::rules::{commit, missing_rule};
use super::vpcs::{cut, missing as missing_vpc};
use super::{Tag, TagSpecification, arn, ask, ask_all, dry, error};
use crate::authorize::Answer;
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::page;

/// Most tags of a resource. Source: AWS EC2 User Guide, *Tag restrictions*.
const MAX_TAGS: usize = 50;

/// Longest key and value, in characters. Source: AWS EC2 User Guide, *Tag restrictions*.
const MAX_TEXT: (usize, usize) = (128, 256);

/// Most resources of one call. Source: AWS EC2 API Reference, *CreateTags*: "up to 1000 resources".
const MAX_RESOURCES: usize = 1000;

/// The tags that a call wants for what it makes.
pub(super) fn asked(specifications: &[TagSpecification], kind: &str) -> Result<BTreeMap<String, String>> {
    let mut tags = BTreeMap::new();
    for TagSpecification { resource_type, tags: wanted } in specifications {
        if resource_type.as_deref() != Some(kind) {
            let given = resource_type.as_deref().unwrap_or_default();
            return Err(error(
                "InvalidParameterValue",
                format!("'{given}' is not a valid taggable resource type for this operation."),
            ));
        }
        for Tag { key, value } in wanted {
            if tags.insert(key.clone(), value.clone()).is_some() {
                return Err(error("InvalidParameterValue", format!("Duplicate tag key '{key}' specified.")));
            }
        }
    }
    check(&tags)?;
    Ok(tags)
}

fn check(tags: &BTreeMap<String, String>) -> Result<()> {
    if tags.len() > MAX_TAGS {
        return Err(error("TagLimitExceeded", format!("A resource has at most {MAX_TAGS} tags")));
    }
    for (key, value) in tags {
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(error(
                "InvalidParameterValue",
                "Tag keys starting with 'aws:' are reserved for internal use",
            ));
        }
        if key.is_empty() || key.chars().count() > MAX_TEXT.0 || value.chars().count() > MAX_TEXT.1 {
            return Err(error(
                "InvalidParameterValue",
                format!("Tag key '{key}' or its value is too long or empty"),
            ));
        }
    }
    Ok(())
}

/// Whoever gives tags to what he makes needs the permission for that too.
///
/// Source: AWS EC2 User Guide, *Grant permission to tag Amazon EC2 resources during creation*.
pub(super) fn may_tag(
    call: &Call<'_>,
    operation: &str,
    resource: &str,
    tags: &BTreeMap<String, String>,
) -> Result<()> {
    if tags.is_empty() {
        return Ok(());
    }
    let ask = ask(call, "ec2:CreateTags", resource.to_owned())
        .with("ec2:CreateAction", operation)
        .request_tags(tags.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    call.authorize(&ask).map(drop)
}

/// Tags as answers show them.
pub(super) fn shown(tags: &BTreeMap<String, String>) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OfTags {
    resources: Vec<String>,
    #[serde(default)]
    tags: Vec<TagToDelete>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagToDelete {
    #[serde(default)]
    key: String,
    /// Of tags to delete: the value that it has to have.
    value: Option<String>,
}

pub(crate) async fn create(call: &Call<'_>, input: OfTags) -> Result<Answer> {
    let wanted: BTreeMap<String, String> =
        input.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone().unwrap_or_default())).collect();
    change(call, "ec2:CreateTags", &input, |tags| {
        tags.extend(wanted.clone());
        check(tags)
    })
    .await
}

pub(crate) async fn delete(call: &Call<'_>, input: OfTags) -> Result<Answer> {
    change(call, "ec2:DeleteTags", &input, |tags| {
        tags.retain(|key, value| {
            // Without any tag named, all go.
            let named = |tag: &TagToDelete| {
                tag.key == *key && tag.value.as_ref().is_none_or(|wanted| wanted == value)
            };
            !(input.tags.is_empty() || input.tags.iter().any(named))
        });
        Ok(())
    })
    .await
}

/// Changes the tags of all resources, or of none.
async fn change(
    call: &Call<'_>,
    action: &str,
    input: &OfTags,
    change: impl Fn(&mut BTreeMap<String, String>) -> Result<()>,
) -> Result<Answer> {
    if input.resources.len() > MAX_RESOURCES {
        return Err(error(
            "InvalidParameterValue",
            format!("At most {MAX_RESOURCES} resources can be named at once"),
        ));
    }
    let known = Known::load(call).await?;
    let mut permit = None;
    for id in &input.resources {
        let own = known.tags(id).cloned().unwrap_or_default();
        let ask = ask(call, action, arn(call, kind_of(id), id)).resource_tags(
            Some("ec2:ResourceTag"),
            own.iter().map(|(key, value)| (key.as_str(), value.as_str())),
        );
        let pairs = input.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_deref().unwrap_or_default()));
        permit = Some(call.authorize(&ask.request_tags(pairs))?);
    }
    let permit = permit
        .ok_or_else(|| error("MissingParameter", "The request must contain the parameter resourceIdSet"))?;
    dry(input.dry_run)?;
    let mut known = known;
    for id in &input.resources {
        let tags = known.tags_mut(id).ok_or_else(|| missing(id))?;
        change(tags)?;
        call.note_resource(&arn(call, kind_of(id), id), call.account(), "AWS::EC2::Resource");
    }
    let (batch, first) = known.batch(call, &input.resources);
    commit(call, batch, &first).await?;
    Ok(permit.done())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeTags {
    #[serde(default)]
    filters: Vec<Filter>,
    max_results: Option<usize>,
    next_token: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

pub(crate) async fn describe(call: &Call<'_>, input: DescribeTags) -> Result<Answer> {
    let permit = call.authorize(&ask_all(call, "ec2:DescribeTags"))?;
    dry(input.dry_run)?;
    let known = Known::load(call).await?;
    let mut names: Vec<(String, Value)> = Vec::new();
    for (id, tags) in known.all() {
        for (key, value) in tags {
            let of = |name: &str| match name {
                "key" => Some(vec![key.clone()]),
                "value" => Some(vec![value.clone()]),
                "resource-id" => Some(vec![id.to_owned()]),
                "resource-type" => Some(vec![kind_of(id).to_owned()]),
                _ => None,
            };
            if pass(&input.filters, &BTreeMap::from([(key.clone(), value.clone())]), of)? {
                let shown =
                    json!({ "Key": key, "ResourceId": id, "ResourceType": kind_of(id), "Value": value });
                names.push((format!("{id}/{key}"), shown));
            }
        }
    }
    names.sort_by(|(left, _), (right, _)| left.cmp(right));
    let found = names.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    let (page, next) = cut(found, input.next_token.as_deref(), input.max_results)?;
    let mut answer = json!({ "Tags": page });
    crate::sts::put(&mut answer, "NextToken", next);
    Ok(permit.answer(answer))
}

/// Everything of an account and region that has tags. There is little of it by the quotas.
struct Known {
    vpcs: Vec<Row<Vpc>>,
    groups: Vec<Row<SecurityGroup>>,
}

impl Known {
    async fn load(call: &Call<'_>) -> Result<Self> {
        let ec2 = &call.shared.ec2;
        Ok(Self {
            vpcs: page::all(&ec2.vpcs, call.account(), call.region(), "").await?,
            groups: page::all(&ec2.groups, call.account(), call.region(), "").await?,
        })
    }

    fn all(&self) -> impl Iterator<Item = (&str, &BTreeMap<String, String>)> {
        let vpcs = self.vpcs.iter().map(|row| (row.place.name.as_str(), &row.value.tags));
        let groups = self.groups.iter().map(|row| (row.place.name.as_str(), &row.value.tags));
        let rules = self.groups.iter().flat_map(|row| &row.value.rules);
        vpcs.chain(groups).chain(rules.map(|(id, rule)| (id.as_str(), &rule.tags)))
    }

    fn tags(&self, id: &str) -> Option<&BTreeMap<String, String>> {
        self.all().find(|(known, _)| *known == id).map(|(_, tags)| tags)
    }

    fn tags_mut(&mut self, id: &str) -> Option<&mut BTreeMap<String, String>> {
        if let Some(row) = self.vpcs.iter_mut().find(|row| row.place.name == id) {
            return Some(&mut row.value.tags);
        }
        for row in &mut self.groups {
            if row.place.name == id {
                return Some(&mut row.value.tags);
            }
            if let Some(rule) = row.value.rules.get_mut(id) {
                return Some(&mut rule.tags);
            }
        }
        None
    }

    /// The records that hold these resources, and the id of one of them.
    fn batch(&self, call: &Call<'_>, ids: &[String]) -> (Batch, String) {
        let ec2 = &call.shared.ec2;
        let (account, region) = (call.account(), call.region());
        let mut batch = Batch::new();
        for row in self.vpcs.iter().filter(|row| ids.contains(&row.place.name)) {
            ec2.vpcs.put(
                &mut batch,
                account,
                region,
                &row.place.name,
                &row.value,
                Expect::Revision(row.revision),
            );
        }
        for row in &self.groups {
            if ids.contains(&row.place.name) || row.value.rules.keys().any(|id| ids.contains(id)) {
                ec2.groups.put(
                    &mut batch,
                    account,
                    region,
                    &row.place.name,
                    &row.value,
                    Expect::Revision(row.revision),
                );
            }
        }
        (batch, ids.first().cloned().unwrap_or_default())
    }
}

/// What kind of resource an id is of.
fn kind_of(id: &str) -> &'static str {
    match id.split('-').next() {
        Some("vpc") => "vpc",
        Some("sg") => "security-group",
        Some("sgr") => "security-group-rule",
        _ => "resource",
    }
}

fn missing(id: &str) -> ApiError {
    match kind_of(id) {
        "vpc" => missing_vpc(id),
        "security-group" => missing_group(id),
        "security-group-rule" => missing_rule(id),
        _ => error("InvalidID", format!("The ID '{id}' is not valid")),
    }
}
