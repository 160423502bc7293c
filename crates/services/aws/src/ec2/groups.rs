//! Security groups.
//!
//! Sources: AWS EC2 API Reference, *CreateSecurityGroup*, *DeleteSecurityGroup*, *DescribeSecurityGroups*; AWS VPC User Guide,
//! *Security groups for your VPC*, *Default security groups*.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringwall_store::{Batch, Expect, Row, StoreError};
use serde::Deserialize;
use serde_json::{Value, json};

use super::filters::{Filter, pass};
use super::rows::{Peer, Rule, SecurityGroup, Traffic};
use super::tags::{asked, may_tag, shown as shown_tags};
use super::vpcs::{cut, missing as missing_vpc, on_vpc};
use super::{TagSpecification, arn, ask, ask_all, dry, error, shown};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::{id, page};

/// Name of the group that every VPC has, and that can't be deleted.
pub(super) const DEFAULT_GROUP: &str = "default";

/// Most groups of an account and region. Source: AWS VPC User Guide, *Quotas*.
const MAX_GROUPS: usize = 2500;

/// Longest name and description. Source: AWS EC2 API Reference, *CreateSecurityGroup*.
const MAX_TEXT: usize = 255;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateSecurityGroup {
    description: String,
    group_name: String,
    vpc_id: Option<String>,
    #[serde(default)]
    tag_specifications: Vec<TagSpecification>,
    #[serde(default)]
    dry_run: bool,
}

pub(crate) async fn create(call: &Call<'_>, input: CreateSecurityGroup) -> Result<Answer> {
    let tags = asked(&input.tag_specifications, "security-group")?;
    let vpc_id = input.vpc_id.as_deref().unwrap_or("*");
    let ec2 = &call.shared.ec2;
    let (account, region) = (call.account(), call.region());
    let vpc = ec2.vpcs.get(account, region, vpc_id).await?;
    let action = "ec2:CreateSecurityGroup";
    let pairs = || tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let vpc_arn = arn(call, "vpc", vpc_id);
    let group =
        ask(call, action, arn(call, "security-group", "*")).with("ec2:Vpc", vpc_arn).request_tags(pairs());
    let permit = call.authorize(&group)?;
    call.authorize(&on_vpc(call, action, vpc_id, vpc.as_deref().map(|row| &row.value)))?;
    may_tag(call, "CreateSecurityGroup", &arn(call, "security-group", "*"), &tags)?;
    dry(input.dry_run)?;
    let Some(vpc_id) = input.vpc_id else {
        return Err(error("VPCIdNotSpecified", "No default VPC for this user"));
    };
    if vpc.is_none() {
        return Err(missing_vpc(&vpc_id));
    }
    check_text("GroupName", &input.group_name)?;
    check_text("GroupDescription", &input.description)?;
    if input.group_name == DEFAULT_GROUP || input.group_name.starts_with("sg-") {
        let message = format!("Cannot use reserved security group name: {}", input.group_name);
        return Err(error("InvalidParameterValue", message));
    }
    if page::all(&ec2.groups, account, region, "").await?.len() >= MAX_GROUPS {
        return Err(error(
            "SecurityGroupLimitExceeded",
            "The maximum number of security groups has been reached.",
        ));
    }
    let group_id = format!("sg-{}", id::hex(17)?);
    let group = SecurityGroup {
        name: input.group_name,
        description: input.description,
        vpc: vpc_id.clone(),
        tags,
        rules: default_rules(None)?,
    };
    let name = format!("{vpc_id}/{}", group.name);
    let mut batch = Batch::new();
    ec2.vpcs.require(&mut batch, account, region, &vpc_id, Expect::Present);
    ec2.groups.put(&mut batch, account, region, &group_id, &group, Expect::Absent);
    ec2.names.put(&mut batch, account, region, &name, &group_id, Expect::Absent);
    match call.shared.store.commit(batch).await {
        Ok(_) => {}
        Err(StoreError::Conflict(place)) if place.name == vpc_id => return Err(missing_vpc(&vpc_id)),
        Err(StoreError::Conflict(_)) => {
            let message = format!("The security group '{}' already exists for VPC '{vpc_id}'", group.name);
            return Err(error("InvalidGroup.Duplicate", message));
        }
        Err(other) => return Err(other.into()),
    }
    let arn = arn(call, "security-group", &group_id);
    call.note_resource(&arn, account, "AWS::EC2::SecurityGroup");
    Ok(permit
        .answer(json!({ "GroupId": group_id, "SecurityGroupArn": arn, "Tags": shown_tags(&group.tags) })))
}

fn check_text(member: &str, text: &str) -> Result<()> {
    let known = |letter: char| letter.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(letter);
    if text.is_empty() || text.len() > MAX_TEXT || !text.chars().all(known) {
        let message = format!(
            "Value ({text}) for parameter {member} is invalid. Character sets beyond ASCII are not supported."
        );
        return Err(error("InvalidParameterValue", message));
    }
    Ok(())
}

/// The rules that a new group has: everything may leave. A VPC's default group also takes what comes from itself.
pub(super) fn default_rules(own: Option<&str>) -> Result<BTreeMap<String, Rule>> {
    let rule = |egress, peer| {
        let traffic = Traffic { egress, protocol: "-1".to_owned(), from: -1, to: -1, peer };
        Ok((format!("sgr-{}", id::hex(17)?), Rule { traffic, description: None, tags: BTreeMap::new() }))
    };
    let egress = [rule(true, Peer::Ipv4("0.0.0.0/0".to_owned()))];
    let ingress = own.map(|id| rule(false, Peer::Group(id.to_owned())));
    egress.into_iter().chain(ingress).collect()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteSecurityGroup {
    group_id: Option<String>,
    group_name: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

pub(crate) async fn delete(call: &Call<'_>, input: DeleteSecurityGroup) -> Result<Answer> {
    let found = find(call, input.group_id.as_deref(), input.group_name.as_deref()).await?;
    let permit = call.authorize(&found.ask(call, "ec2:DeleteSecurityGroup"))?;
    dry(input.dry_run)?;
    let row = found.there()?;
    if row.value.name == DEFAULT_GROUP {
        return Err(error(
            "CannotDelete",
            format!("the specified group: \"{}\" name: \"default\" cannot be deleted by a user", found.id),
        ));
    }
    let ec2 = &call.shared.ec2;
    let (account, region) = (call.account(), call.region());
    let mut batch = Batch::new();
    for other in page::all(&ec2.groups, account, region, "").await? {
        if other.place.name == found.id {
            continue;
        }
        if other.value.rules.values().any(|rule| rule.traffic.peer == Peer::Group(found.id.clone())) {
            let message = format!("resource {} has a dependent object", found.id);
            return Err(error("DependencyViolation", message));
        }
    }
    ec2.groups.delete(&mut batch, account, region, &found.id, Expect::Revision(row.revision));
    ec2.names.delete(
        &mut batch,
        account,
        region,
        &format!("{}/{}", row.value.vpc, row.value.name),
        Expect::Any,
    );
    match call.shared.store.commit(batch).await {
        Ok(_) => {}
        Err(StoreError::Conflict(_)) => return Err(changed(&found.id)),
        Err(other) => return Err(other.into()),
    }
    call.note_resource(&arn(call, "security-group", &found.id), account, "AWS::EC2::SecurityGroup");
    Ok(permit.answer(json!({ "Return": true, "GroupId": found.id })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeSecurityGroups {
    #[serde(default)]
    group_ids: Vec<String>,
    #[serde(default)]
    group_names: Vec<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    filters: Vec<Filter>,
}

pub(crate) async fn describe(call: &Call<'_>, input: DescribeSecurityGroups) -> Result<Answer> {
    let permit = call.authorize(&ask_all(call, "ec2:DescribeSecurityGroups"))?;
    dry(input.dry_run)?;
    let rows = page::all(&call.shared.ec2.groups, call.account(), call.region(), "").await?;
    if let Some(id) = input.group_ids.iter().find(|id| !rows.iter().any(|row| row.place.name == **id)) {
        return Err(missing(id));
    }
    if let Some(name) = input.group_names.iter().find(|name| !rows.iter().any(|row| row.value.name == **name))
    {
        return Err(missing(name));
    }
    let mut found: Vec<(&str, Value)> = Vec::new();
    for row in &rows {
        let by_id = input.group_ids.is_empty() || input.group_ids.contains(&row.place.name);
        let by_name = input.group_names.is_empty() || input.group_names.contains(&row.value.name);
        let known = |name: &str| filtered(call, &row.place.name, &row.value, name);
        if by_id && by_name && pass(&input.filters, &row.value.tags, known)? {
            found.push((&row.place.name, shown::group(call, &row.place.name, &row.value)));
        }
    }
    let (page, next) = cut(found, input.next_token.as_deref(), input.max_results)?;
    let mut answer = json!({ "SecurityGroups": page });
    crate::sts::put(&mut answer, "NextToken", next);
    Ok(permit.answer(answer))
}

/// What a group has under a filter's name.
///
/// Source: AWS EC2 API Reference, *DescribeSecurityGroups*, `Filters`.
fn filtered(call: &Call<'_>, id: &str, group: &SecurityGroup, name: &str) -> Option<Vec<String>> {
    let one = |value: &str| Some(vec![value.to_owned()]);
    let (egress, of_rule) =
        match name.strip_prefix("egress.").map(|rest| (true, rest)).unwrap_or((false, name)) {
            (egress, rest) if rest.starts_with("ip-permission.") => (egress, rest),
            _ => {
                return match name {
                    "group-id" => one(id),
                    "group-name" => one(&group.name),
                    "description" => one(&group.description),
                    "vpc-id" => one(&group.vpc),
                    "owner-id" => one(call.account()),
                    _ => None,
                };
            }
        };
    let rules = group.rules.iter().filter(|(_, rule)| rule.traffic.egress == egress);
    let value = |(id, rule): (&String, &Rule)| -> Option<Option<String>> {
        let Traffic { protocol, from, to, peer, .. } = &rule.traffic;
        Some(match of_rule {
            "ip-permission.cidr" => match peer {
                Peer::Ipv4(cidr) => Some(cidr.clone()),
                _ => None,
            },
            "ip-permission.ipv6-cidr" => match peer {
                Peer::Ipv6(cidr) => Some(cidr.clone()),
                _ => None,
            },
            "ip-permission.group-id" => match peer {
                Peer::Group(group) => Some(group.clone()),
                _ => None,
            },
            "ip-permission.from-port" => Some(from.to_string()),
            "ip-permission.to-port" => Some(to.to_string()),
            "ip-permission.protocol" => Some(protocol.clone()),
            "ip-permission.rule-id" => Some(id.clone()),
            _ => return None,
        })
    };
    const KNOWN: [&str; 7] = ["cidr", "ipv6-cidr", "group-id", "from-port", "to-port", "protocol", "rule-id"];
    if !KNOWN.iter().any(|known| of_rule.strip_prefix("ip-permission.") == Some(known)) {
        return None;
    }
    Some(rules.filter_map(value).flatten().collect())
}

/// A group that is asked for.
pub(super) struct Found {
    pub(super) id: String,
    pub(super) row: Option<Arc<Row<SecurityGroup>>>,
}

impl Found {
    /// An action on it.
    pub(super) fn ask(&self, call: &Call<'_>, action: &str) -> Ask {
        let ask = ask(call, action, arn(call, "security-group", &self.id))
            .with("ec2:SecurityGroupID", self.id.as_str());
        let Some(row) = &self.row else { return ask };
        let tags = row.value.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        ask.with("ec2:Vpc", arn(call, "vpc", &row.value.vpc)).resource_tags(Some("ec2:ResourceTag"), tags)
    }

    /// The group, for whoever may know.
    pub(super) fn there(&self) -> Result<&Row<SecurityGroup>> {
        self.row.as_deref().ok_or_else(|| missing(&self.id))
    }
}

/// Looks for a group. A name is of a default VPC, which there is none of.
pub(super) async fn find(call: &Call<'_>, id: Option<&str>, name: Option<&str>) -> Result<Found> {
    match (id, name) {
        (Some(id), _) => {
            let row = call.shared.ec2.groups.get(call.account(), call.region(), id).await?;
            Ok(Found { id: id.to_owned(), row })
        }
        (None, Some(name)) => Ok(Found { id: name.to_owned(), row: None }),
        (None, None) => {
            Err(error("MissingParameter", "The request must contain the parameter groupName or groupId"))
        }
    }
}

/// The error of a group that is not there.
pub(super) fn missing(id: &str) -> ApiError {
    error("InvalidGroup.NotFound", format!("The security group '{id}' does not exist"))
}

/// The error of a group that somebody else changed at the same time.
pub(super) fn changed(id: &str) -> ApiError {
    error("IncorrectState", format!("The security group '{id}' is being changed by somebody else; try again"))
}
