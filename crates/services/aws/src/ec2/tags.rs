//! Tags of VPCs, security groups and their rules.
//!
//! Source: AWS EC2 API Reference, *CreateTags*, *DeleteTags*, *DescribeTags*; AWS EC2 User Guide, *Tag your Amazon EC2
//! resources*.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ringwall_store::{Batch, Expect, Row};
use serde::Deserialize;
use serde_json::{Value, json};

use super::filters::{Filter, Filters};
use super::groups::on_group;
use super::ids::{Kind, shortened};
use super::listed::cut;
use super::rows::{SecurityGroup, Vpc};
use super::turns::{commit, settle};
use super::vpcs::on_vpc;
use super::{Tag, TagSpecification, ask, ask_all, dry, error, missing_parameter, permit};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::Result;
use crate::page;

/// Tags by their keys.
type Tags = BTreeMap<String, String>;

/// Most tags of a resource. Source: AWS EC2 User Guide, *Tag restrictions*.
const MAX_TAGS: usize = 50;

/// Longest key and value, in characters. Source: AWS EC2 User Guide, *Tag restrictions*.
const MAX_TEXT: (usize, usize) = (128, 256);

/// Most resources of one call. Source: AWS EC2 API Reference, *CreateTags*: "up to 1000 resources".
const MAX_RESOURCES: usize = 1000;

/// Tags as keys and values.
pub(super) fn pairs(tags: &Tags) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().map(|(key, value)| (key.as_str(), value.as_str()))
}

/// Tags as answers show them.
pub(super) fn shown(tags: &Tags) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// The tags that a call wants for what it makes.
pub(super) fn asked(specifications: &[TagSpecification], kind: Kind) -> Result<Tags> {
    let mut wanted = Vec::new();
    for TagSpecification { resource_type, tags } in specifications {
        if resource_type.as_deref() != Some(kind.name()) {
            let given = shortened(resource_type.as_deref().unwrap_or_default());
            let message = format!("'{given}' is not a valid taggable resource type for this operation.");
            return Err(error("InvalidParameterValue", message));
        }
        wanted.extend_from_slice(tags);
    }
    collect(&wanted)
}

/// The tags of a request, each with a key of its own. A tag without a value has an empty one.
fn collect(wanted: &[Tag]) -> Result<Tags> {
    let mut tags = Tags::new();
    for Tag { key, value } in wanted {
        if tags.insert(key.clone(), value.clone().unwrap_or_default()).is_some() {
            let message = format!("Duplicate tag key '{}' specified.", shortened(key));
            return Err(error("InvalidParameterValue", message));
        }
    }
    check(&tags)?;
    Ok(tags)
}

/// Sees that tags are within AWS's bounds, and that no two keys differ in case alone: policies don't tell such keys apart
/// (AWS IAM User Guide, *Controlling access to AWS resources using tags*: "Tag keys are not case-sensitive"), so one of
/// them would hide the other from a condition.
fn check(tags: &Tags) -> Result<()> {
    if tags.len() > MAX_TAGS {
        return Err(error("TagLimitExceeded", format!("A resource has at most {MAX_TAGS} tags")));
    }
    let mut keys = BTreeSet::new();
    for (key, value) in tags {
        if key.to_ascii_lowercase().starts_with("aws:") {
            let message = "Tag keys starting with 'aws:' are reserved for internal use";
            return Err(error("InvalidParameterValue", message));
        }
        if key.is_empty() {
            return Err(error("InvalidParameterValue", "Tag key cannot be empty"));
        }
        if key.chars().count() > MAX_TEXT.0 || value.chars().count() > MAX_TEXT.1 {
            let (of_key, of_value) = MAX_TEXT;
            let message = format!(
                "Tag keys have at most {of_key} characters and values at most {of_value}: '{}'",
                shortened(key)
            );
            return Err(error("InvalidParameterValue", message));
        }
        if !keys.insert(key.to_lowercase()) {
            let message = format!("Two tag keys differ in case alone: '{}'", shortened(key));
            return Err(error("InvalidParameterValue", message));
        }
    }
    Ok(())
}

/// Whoever gives tags to what he makes needs the permission for that too.
///
/// Source: AWS EC2 User Guide, *Grant permission to tag Amazon EC2 resources during creation*.
pub(super) fn may_tag(call: &Call<'_>, operation: &str, resource: &str, tags: &Tags) -> Result<()> {
    if tags.is_empty() {
        return Ok(());
    }
    let ask = ask(call, "ec2:CreateTags", resource.to_owned())
        .with("ec2:CreateAction", operation)
        .request_tags(pairs(tags));
    permit(call, &ask).map(drop)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OfTags {
    resources: Vec<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    dry_run: bool,
}

pub(crate) async fn create(call: &Call<'_>, input: OfTags) -> Result<Answer> {
    settle(call, || Box::pin(try_create(call, &input))).await
}

async fn try_create(call: &Call<'_>, input: &OfTags) -> Result<Option<Answer>> {
    let wanted = collect(&input.tags)?;
    let mut holders = Holders::load(call, &input.resources).await?;
    let mut permitted = None;
    for id in &input.resources {
        let ask = holders.ask(call, "ec2:CreateTags", id, true);
        permitted = Some(permit(call, &ask.request_tags(pairs(&wanted)))?);
    }
    let permitted = permitted.ok_or_else(|| missing_parameter("resourceIdSet"))?;
    dry(input.dry_run)?;
    if wanted.is_empty() {
        return Err(missing_parameter("tagSet"));
    }
    for id in &input.resources {
        let tags = holders.tags_mut(id)?;
        tags.extend(wanted.clone());
        check(tags)?;
    }
    let written = holders.save(call, &input.resources).await?;
    Ok(written.then(|| permitted.done()))
}

pub(crate) async fn delete(call: &Call<'_>, input: OfTags) -> Result<Answer> {
    settle(call, || Box::pin(try_delete(call, &input))).await
}

/// Takes tags away: those of the named keys, if a value is given only where the tag has it, and all if none is named. For
/// a policy, `aws:TagKeys` are the keys that go, named or not.
async fn try_delete(call: &Call<'_>, input: &OfTags) -> Result<Option<Answer>> {
    collect(&input.tags)?;
    let mut holders = Holders::load(call, &input.resources).await?;
    let mut permitted = None;
    for id in &input.resources {
        let mut ask = holders.ask(call, "ec2:DeleteTags", id, false);
        for Tag { key, value } in &input.tags {
            ask = ask.with_some(&format!("aws:RequestTag/{key}"), value.as_deref());
        }
        let named = input.tags.iter().map(|tag| tag.key.as_str());
        let all = holders.tags(id).into_iter().flat_map(Tags::keys).map(String::as_str);
        let ask = if input.tags.is_empty() {
            ask.with_all("aws:TagKeys", all)
        } else {
            ask.with_all("aws:TagKeys", named)
        };
        permitted = Some(permit(call, &ask)?);
    }
    let permitted = permitted.ok_or_else(|| missing_parameter("resourceIdSet"))?;
    dry(input.dry_run)?;
    for id in &input.resources {
        holders.tags_mut(id)?.retain(|key, value| {
            let goes = |tag: &Tag| tag.key == *key && tag.value.as_ref().is_none_or(|wanted| wanted == value);
            !(input.tags.is_empty() || input.tags.iter().any(goes))
        });
    }
    let written = holders.save(call, &input.resources).await?;
    Ok(written.then(|| permitted.done()))
}

/// The records that hold the tags of the resources of a call.
#[derive(Debug, Default)]
struct Holders {
    vpcs: BTreeMap<String, Row<Vpc>>,
    groups: BTreeMap<String, Row<SecurityGroup>>,
    /// The group that each rule is of.
    of_rule: BTreeMap<String, String>,
}

impl Holders {
    async fn load(call: &Call<'_>, ids: &[String]) -> Result<Self> {
        if ids.len() > MAX_RESOURCES {
            let message = format!("At most {MAX_RESOURCES} resources can be named at once");
            return Err(error("InvalidParameterValue", message));
        }
        let ec2 = &call.shared.ec2;
        let (account, region) = (call.account(), call.region());
        let mut holders = Self::default();
        let mut rules: BTreeSet<&str> = BTreeSet::new();
        for id in ids {
            match Kind::of(id) {
                Some(Kind::Vpc) => {
                    let row = ec2.vpcs.get(account, region, id).await?;
                    holders.vpcs.extend(row.map(|row| (id.clone(), Arc::unwrap_or_clone(row))));
                }
                Some(Kind::SecurityGroup) => {
                    let row = ec2.groups.get(account, region, id).await?;
                    holders.groups.extend(row.map(|row| (id.clone(), Arc::unwrap_or_clone(row))));
                }
                Some(Kind::Rule) => drop(rules.insert(id)),
                None => {
                    let message = format!("The ID '{}' is not valid", shortened(id));
                    return Err(error("InvalidID", message));
                }
            }
        }
        if !rules.is_empty() {
            for row in page::all(&ec2.groups, account, region, "").await? {
                let id = row.place.name.clone();
                let own = row.value.rules.keys().filter(|rule| rules.contains(rule.as_str()));
                let before = holders.of_rule.len();
                holders.of_rule.extend(own.map(|rule| (rule.clone(), id.clone())));
                if holders.of_rule.len() > before {
                    holders.groups.entry(id).or_insert(row);
                }
            }
        }
        Ok(holders)
    }

    /// An action on one of them, with what it tells of itself.
    ///
    /// `in_full`: not its tags alone. Source: AWS, *Service Authorization Reference*, "Amazon EC2": CreateTags has the keys of
    /// each resource type, DeleteTags has not.
    fn ask(&self, call: &Call<'_>, action: &str, id: &str, in_full: bool) -> Ask {
        match Kind::of(id) {
            Some(Kind::Vpc) if in_full => on_vpc(call, action, id, self.vpcs.get(id).map(|row| &row.value)),
            Some(Kind::SecurityGroup) if in_full => {
                let ask = ask(call, action, Kind::SecurityGroup.arn(call, id));
                on_group(call, ask, Some(id), self.groups.get(id).map(|row| &row.value))
            }
            kind => {
                let tags = self.tags(id).map(pairs).into_iter().flatten();
                ask(call, action, kind.unwrap_or(Kind::Rule).arn(call, id))
                    .resource_tags(Some("ec2:ResourceTag"), tags)
            }
        }
    }

    fn tags(&self, id: &str) -> Option<&Tags> {
        match Kind::of(id)? {
            Kind::Vpc => self.vpcs.get(id).map(|row| &row.value.tags),
            Kind::SecurityGroup => self.groups.get(id).map(|row| &row.value.tags),
            Kind::Rule => {
                let group = self.groups.get(self.of_rule.get(id)?)?;
                group.value.rules.get(id).map(|rule| &rule.tags)
            }
        }
    }

    fn tags_mut(&mut self, id: &str) -> Result<&mut Tags> {
        let kind = Kind::of(id).unwrap_or(Kind::Rule);
        let tags = match kind {
            Kind::Vpc => self.vpcs.get_mut(id).map(|row| &mut row.value.tags),
            Kind::SecurityGroup => self.groups.get_mut(id).map(|row| &mut row.value.tags),
            Kind::Rule => {
                let group = self.of_rule.get(id).and_then(|group| self.groups.get_mut(group));
                group.and_then(|row| row.value.rules.get_mut(id)).map(|rule| &mut rule.tags)
            }
        };
        tags.ok_or_else(|| kind.missing(id))
    }

    /// Writes them all, unless one was changed in between.
    async fn save(&self, call: &Call<'_>, ids: &[String]) -> Result<bool> {
        let ec2 = &call.shared.ec2;
        let (account, region) = (call.account(), call.region());
        let mut batch = Batch::new();
        for (id, row) in &self.vpcs {
            ec2.vpcs.put(&mut batch, account, region, id, &row.value, Expect::Revision(row.revision));
        }
        for (id, row) in &self.groups {
            ec2.groups.put(&mut batch, account, region, id, &row.value, Expect::Revision(row.revision));
        }
        let written = commit(call, batch).await?;
        if written {
            for (id, kind) in ids.iter().filter_map(|id| Some((id, Kind::of(id)?))) {
                call.note_resource(&kind.arn(call, id), account, kind.recorded());
            }
        }
        Ok(written)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeTags {
    #[serde(default)]
    filters: Vec<Filter>,
    max_results: Option<i64>,
    next_token: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

pub(crate) async fn describe(call: &Call<'_>, input: DescribeTags) -> Result<Answer> {
    let permitted = permit(call, &ask_all(call, "ec2:DescribeTags"))?;
    dry(input.dry_run)?;
    let filters = Filters::new(&input.filters, &["key", "resource-id", "resource-type", "value"])?;
    let ec2 = &call.shared.ec2;
    let vpcs = page::all(&ec2.vpcs, call.account(), call.region(), "").await?;
    let groups = page::all(&ec2.groups, call.account(), call.region(), "").await?;
    let of_vpcs = vpcs.iter().map(|row| (Kind::Vpc, row.place.name.as_str(), &row.value.tags));
    let of_groups = groups.iter().map(|row| (Kind::SecurityGroup, row.place.name.as_str(), &row.value.tags));
    let rules = groups.iter().flat_map(|row| &row.value.rules);
    let of_rules = rules.map(|(id, rule)| (Kind::Rule, id.as_str(), &rule.tags));
    let mut names: Vec<(String, Value)> = Vec::new();
    for (kind, id, tags) in of_vpcs.chain(of_groups).chain(of_rules) {
        for (key, value) in tags {
            let known = |name: &str| {
                let value = match name {
                    "key" => key,
                    "value" => value,
                    "resource-id" => id,
                    _ => kind.name(),
                };
                vec![value.to_owned()]
            };
            if filters.pass(&Tags::from([(key.clone(), value.clone())]), known) {
                let shown =
                    json!({ "Key": key, "ResourceId": id, "ResourceType": kind.name(), "Value": value });
                names.push((format!("{id}/{key}"), shown));
            }
        }
    }
    names.sort_by(|(left, _), (right, _)| left.cmp(right));
    let found = names.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    let (page, next) = cut(found, input.next_token.as_deref(), input.max_results)?;
    let mut answer = json!({ "Tags": page });
    crate::sts::put(&mut answer, "NextToken", next);
    Ok(permitted.answer(answer))
}
