//! Security groups: made, deleted, found.
//!
//! Sources: AWS EC2 API Reference, *CreateSecurityGroup*, *DeleteSecurityGroup*; AWS VPC User Guide, *Security groups for your
//! VPC*, *Default security groups*.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringwall_store::{Batch, Expect, Row};
use serde::Deserialize;
use serde_json::json;

use super::ids::{Kind, shortened};
use super::permission::is_text;
use super::rows::{Peer, Rule, SecurityGroup, Traffic};
use super::rule_set::{Rules, references};
use super::tags::{asked, may_tag, pairs, shown as shown_tags};
use super::turns::{Turn, commit, settle};
use super::vpcs::on_vpc;
use super::{TagSpecification, ask, dry, error, missing_parameter, permit};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::page;

/// Name of the group that every VPC has, and that can't be deleted.
pub(super) const DEFAULT_GROUP: &str = "default";

/// Most groups of an account and region. Source: AWS VPC User Guide, *Amazon VPC quotas*.
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
    settle(call, || Box::pin(try_create(call, &input))).await
}

async fn try_create(call: &Call<'_>, input: &CreateSecurityGroup) -> Result<Option<Answer>> {
    let tags = asked(&input.tag_specifications, Kind::SecurityGroup)?;
    if let Some(id) = &input.vpc_id {
        Kind::Vpc.check(id)?;
    }
    let ec2 = &call.shared.ec2;
    let (account, region) = (call.account(), call.region());
    let turn = Turn::begin(call).await?;
    let vpc = match &input.vpc_id {
        Some(id) => ec2.vpcs.get(account, region, id).await?,
        None => None,
    };
    let action = "ec2:CreateSecurityGroup";
    let to_make = Kind::SecurityGroup.arn(call, "*");
    let permitted = permit(call, &ask(call, action, to_make.clone()).request_tags(pairs(&tags)))?;
    let of_vpc = vpc.as_deref().map(|row| &row.value);
    permit(call, &on_vpc(call, action, input.vpc_id.as_deref().unwrap_or("*"), of_vpc))?;
    may_tag(call, "CreateSecurityGroup", &to_make, &tags)?;
    dry(input.dry_run)?;
    let Some(vpc_id) = &input.vpc_id else {
        return Err(error("VPCIdNotSpecified", "No default VPC for this user"));
    };
    if vpc.is_none() {
        return Err(Kind::Vpc.missing(vpc_id));
    }
    let name = group_name(&input.group_name)?;
    check_text("GroupDescription", &input.description)?;
    let groups = page::all(&ec2.groups, account, region, "").await?;
    let alike = |group: &SecurityGroup| group.vpc == *vpc_id && group.name.eq_ignore_ascii_case(name);
    if groups.iter().any(|row| alike(&row.value)) {
        let message = format!("The security group '{name}' already exists for VPC '{vpc_id}'");
        return Err(error("InvalidGroup.Duplicate", message));
    }
    if groups.len() >= MAX_GROUPS {
        let message = "The maximum number of security groups has been reached.";
        return Err(error("SecurityGroupLimitExceeded", message));
    }
    let group = SecurityGroup {
        name: name.to_owned(),
        description: input.description.clone(),
        vpc: vpc_id.clone(),
        tags,
        rules: first_rules(None)?,
    };
    let id = Kind::SecurityGroup.make()?;
    let mut batch = Batch::new();
    turn.end(call, &mut batch);
    ec2.groups.put(&mut batch, account, region, &id, &group, Expect::Absent);
    if !commit(call, batch).await? {
        return Ok(None);
    }
    let arn = Kind::SecurityGroup.arn(call, &id);
    call.note_resource(&arn, account, Kind::SecurityGroup.recorded());
    let answer = json!({ "GroupId": id, "SecurityGroupArn": arn, "Tags": shown_tags(&group.tags) });
    Ok(Some(permitted.answer(answer)))
}

/// The name of a new group.
///
/// Source: AWS VPC User Guide, *Security groups for your VPC*, "Security group basics": trailing spaces are cut off, names
/// don't heed case, and can't start with `sg-`.
fn group_name(text: &str) -> Result<&str> {
    let name = text.trim_end_matches(' ');
    check_text("GroupName", name)?;
    if name.eq_ignore_ascii_case(DEFAULT_GROUP) {
        let message = format!("Cannot use reserved security group name: {name}");
        return Err(error("InvalidParameterValue", message));
    }
    if name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("sg-")) {
        return Err(error("InvalidParameterValue", "Group names may not be in the format sg-*."));
    }
    Ok(name)
}

fn check_text(member: &str, text: &str) -> Result<()> {
    if !text.is_ascii() {
        let shown = shortened(text);
        let message = format!(
            "Value ({shown}) for parameter {member} is invalid. Character sets beyond ASCII are not supported."
        );
        return Err(error("InvalidParameterValue", message));
    }
    if text.is_empty() || !is_text(text, MAX_TEXT) {
        let message = format!(
            "Value ({}) for parameter {member} is invalid. Valid are strings of at most {MAX_TEXT} characters from the following \
             set: a-zA-Z0-9. _-:/()#,@[]+=&;{{}}!$*",
            shortened(text)
        );
        return Err(error("InvalidParameterValue", message));
    }
    Ok(())
}

/// The rules that a new group has: everything may leave. A VPC's default group, of this id, also takes what comes from
/// itself.
pub(super) fn first_rules(own: Option<&str>) -> Result<Rules> {
    let rule = |egress, peer| {
        let traffic = Traffic { egress, protocol: "-1".to_owned(), from: -1, to: -1, peer };
        Ok((Kind::Rule.make()?, Rule { traffic, description: None, tags: BTreeMap::new() }))
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
    settle(call, || Box::pin(try_delete(call, &input))).await
}

async fn try_delete(call: &Call<'_>, input: &DeleteSecurityGroup) -> Result<Option<Answer>> {
    let turn = Turn::begin(call).await?;
    let found = find(call, input.group_id.as_deref(), input.group_name.as_deref()).await?;
    let permitted = permit(call, &found.ask(call, "ec2:DeleteSecurityGroup"))?;
    dry(input.dry_run)?;
    let row = found.there()?;
    let id = &row.place.name;
    if row.value.name == DEFAULT_GROUP {
        let message = format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user");
        return Err(error("CannotDelete", message));
    }
    let ec2 = &call.shared.ec2;
    let (account, region) = (call.account(), call.region());
    let groups = page::all(&ec2.groups, account, region, "").await?;
    let others = groups.iter().filter(|other| other.place.name != *id);
    if others.into_iter().any(|other| references(&other.value.rules).contains(id.as_str())) {
        return Err(error("DependencyViolation", format!("resource {id} has a dependent object")));
    }
    let mut batch = Batch::new();
    turn.end(call, &mut batch);
    ec2.groups.delete(&mut batch, account, region, id, Expect::Revision(row.revision));
    if !commit(call, batch).await? {
        return Ok(None);
    }
    call.note_resource(&Kind::SecurityGroup.arn(call, id), account, Kind::SecurityGroup.recorded());
    Ok(Some(permitted.answer(json!({ "Return": true, "GroupId": id }))))
}

/// A group that is asked for.
pub(super) struct Found<'i> {
    named: &'i str,
    id: Option<&'i str>,
    row: Option<Arc<Row<SecurityGroup>>>,
}

impl Found<'_> {
    /// An action on it.
    pub(super) fn ask(&self, call: &Call<'_>, action: &str) -> Ask {
        let arn = Kind::SecurityGroup.arn(call, self.id.unwrap_or("*"));
        on_group(call, ask(call, action, arn), self.id, self.row.as_deref().map(|row| &row.value))
    }

    /// The group, for whoever may know.
    pub(super) fn there(&self) -> Result<&Row<SecurityGroup>> {
        self.row.as_deref().ok_or_else(|| missing(self.named))
    }

    /// A rule of it.
    pub(super) fn rule(&self, id: &str) -> Option<&Rule> {
        self.row.as_deref().and_then(|row| row.value.rules.get(id))
    }
}

/// What a group tells of itself, if it is there.
pub(super) fn on_group(call: &Call<'_>, ask: Ask, id: Option<&str>, group: Option<&SecurityGroup>) -> Ask {
    let ask = ask.with_some("ec2:SecurityGroupID", id);
    let Some(group) = group else { return ask };
    ask.with("ec2:Vpc", Kind::Vpc.arn(call, &group.vpc))
        .resource_tags(Some("ec2:ResourceTag"), pairs(&group.tags))
}

/// Looks for a group. A name alone is of the default VPC, which there is none of.
pub(super) async fn find<'i>(
    call: &Call<'_>,
    id: Option<&'i str>,
    name: Option<&'i str>,
) -> Result<Found<'i>> {
    match (id, name) {
        (Some(id), _) => {
            Kind::SecurityGroup.check(id)?;
            let row = call.shared.ec2.groups.get(call.account(), call.region(), id).await?;
            Ok(Found { named: id, id: Some(id), row })
        }
        (None, Some(named)) => Ok(Found { named, id: None, row: None }),
        (None, None) => Err(missing_parameter("groupName or groupId")),
    }
}

/// The error of a group that is not there, by its id or name.
pub(super) fn missing(named: &str) -> ApiError {
    Kind::SecurityGroup.missing(&shortened(named))
}
