//! Rules of security groups: added and listed.
//!
//! Source: AWS EC2 API Reference, *AuthorizeSecurityGroupIngress*, *DescribeSecurityGroupRules*.

use std::collections::BTreeMap;

use ringwall_store::{Batch, Expect, StoreError};
use serde::Deserialize;
use serde_json::{Value, json};

use super::filters::{Filter, pass};
use super::groups::{changed, find, missing};
use super::permission::Named;
use super::rows::{Peer, Rule, SecurityGroup, Traffic};
use super::tags::{asked, may_tag};
use super::vpcs::cut;
use super::{TagSpecification, arn, ask_all, dry, error, shown};
use crate::authorize::Answer;
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::{id, page};

/// Most rules of a group in one direction. Source: AWS VPC User Guide, *Quotas*.
const MAX_RULES: usize = 60;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Authorize {
    group_id: Option<String>,
    group_name: Option<String>,
    #[serde(flatten)]
    named: Named,
    #[serde(default)]
    tag_specifications: Vec<TagSpecification>,
    #[serde(default)]
    dry_run: bool,
}

pub(crate) async fn authorize_ingress(call: &Call<'_>, input: Authorize) -> Result<Answer> {
    authorize(call, input, false).await
}

pub(crate) async fn authorize_egress(call: &Call<'_>, input: Authorize) -> Result<Answer> {
    authorize(call, input, true).await
}

async fn authorize(call: &Call<'_>, input: Authorize, egress: bool) -> Result<Answer> {
    let operation = if egress { "AuthorizeSecurityGroupEgress" } else { "AuthorizeSecurityGroupIngress" };
    let found = find(call, input.group_id.as_deref(), input.group_name.as_deref()).await?;
    let tags = asked(&input.tag_specifications, "security-group-rule")?;
    let permit = call.authorize(&found.ask(call, &format!("ec2:{operation}")))?;
    may_tag(call, operation, &arn(call, "security-group-rule", "*"), &tags)?;
    dry(input.dry_run)?;
    let row = found.there()?;
    let wanted = input.named.rules(egress, call.account())?;
    if wanted.is_empty() {
        return Err(error("MissingParameter", "The request must contain the parameter ipPermissions"));
    }
    let mut group = row.value.clone();
    let mut batch = Batch::new();
    let mut added = Vec::new();
    for (traffic, description) in wanted {
        if let Some((id, _)) = group.rules.iter().find(|(_, rule)| rule.traffic == traffic) {
            return Err(duplicate(id, &traffic));
        }
        require_peer(call, &found.id, &group, &traffic.peer, &mut batch).await?;
        let id = format!("sgr-{}", id::hex(17)?);
        let rule = Rule { traffic, description, tags: tags.clone() };
        added.push(shown::rule(call, &id, &found.id, &rule));
        group.rules.insert(id, rule);
    }
    check_count(&group)?;
    let table = &call.shared.ec2.groups;
    table.put(&mut batch, call.account(), call.region(), &found.id, &group, Expect::Revision(row.revision));
    commit(call, batch, &found.id).await?;
    call.note_resource(&arn(call, "security-group", &found.id), call.account(), "AWS::EC2::SecurityGroup");
    Ok(permit.answer(json!({ "Return": true, "SecurityGroupRules": added })))
}

fn duplicate(id: &str, traffic: &Traffic) -> ApiError {
    let (peer, direction) = match &traffic.peer {
        Peer::Ipv4(cidr) | Peer::Ipv6(cidr) => (cidr, "ALLOW"),
        Peer::Group(group) => (group, "ALLOW"),
    };
    let Traffic { protocol, from, to, .. } = traffic;
    let message = format!(
        "the specified rule \"peer: {peer}, {protocol}, from port: {from}, to port: {to}, {direction}\" already exists ({id})"
    );
    error("InvalidPermission.Duplicate", message)
}

/// Sees that no direction has more rules than AWS allows.
pub(super) fn check_count(group: &SecurityGroup) -> Result<()> {
    let egress = group.rules.values().filter(|rule| rule.traffic.egress).count();
    if egress > MAX_RULES || group.rules.len() - egress > MAX_RULES {
        let message = "The maximum number of rules per security group has been reached.";
        return Err(error("RulesPerSecurityGroupLimitExceeded", message));
    }
    Ok(())
}

/// Sees that a group that a rule names is there, in the same VPC, and stays there until the rule is.
pub(super) async fn require_peer(
    call: &Call<'_>,
    own: &str,
    group: &SecurityGroup,
    peer: &Peer,
    batch: &mut Batch,
) -> Result<()> {
    let Peer::Group(id) = peer else { return Ok(()) };
    if id == own {
        return Ok(());
    }
    let table = &call.shared.ec2.groups;
    let row = table.get(call.account(), call.region(), id).await?.ok_or_else(|| missing(id))?;
    if row.value.vpc != group.vpc {
        return Err(error("InvalidGroup.NotFound", format!("The security group '{id}' is in another VPC")));
    }
    let required = group.rules.values().any(|rule| rule.traffic.peer == *peer);
    if !required {
        table.require(batch, call.account(), call.region(), id, Expect::Present);
    }
    Ok(())
}

/// Writes a changed group.
pub(super) async fn commit(call: &Call<'_>, batch: Batch, id: &str) -> Result<()> {
    match call.shared.store.commit(batch).await {
        Ok(_) => Ok(()),
        Err(StoreError::Conflict(place)) if place.name != id => Err(missing(&place.name)),
        Err(StoreError::Conflict(_)) => Err(changed(id)),
        Err(other) => Err(other.into()),
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeRules {
    #[serde(default)]
    filters: Vec<Filter>,
    #[serde(default)]
    security_group_rule_ids: Vec<String>,
    #[serde(default)]
    dry_run: bool,
    next_token: Option<String>,
    max_results: Option<usize>,
}

pub(crate) async fn describe(call: &Call<'_>, input: DescribeRules) -> Result<Answer> {
    let permit = call.authorize(&ask_all(call, "ec2:DescribeSecurityGroupRules"))?;
    dry(input.dry_run)?;
    let groups = page::all(&call.shared.ec2.groups, call.account(), call.region(), "").await?;
    let mut rules: BTreeMap<&str, (&str, &Rule)> = BTreeMap::new();
    for row in &groups {
        rules.extend(row.value.rules.iter().map(|(id, rule)| (id.as_str(), (row.place.name.as_str(), rule))));
    }
    let ids = &input.security_group_rule_ids;
    if let Some(id) = ids.iter().find(|id| !rules.contains_key(id.as_str())) {
        return Err(missing_rule(id));
    }
    let mut found: Vec<(&str, Value)> = Vec::new();
    for (id, (group, rule)) in rules {
        let known = |name: &str| match name {
            "group-id" => Some(vec![group.to_owned()]),
            "security-group-rule-id" => Some(vec![id.to_owned()]),
            _ => None,
        };
        let wanted = ids.is_empty() || ids.iter().any(|wanted| wanted == id);
        if wanted && pass(&input.filters, &rule.tags, known)? {
            found.push((id, shown::rule(call, id, group, rule)));
        }
    }
    let (page, next) = cut(found, input.next_token.as_deref(), input.max_results)?;
    let mut answer = json!({ "SecurityGroupRules": page });
    crate::sts::put(&mut answer, "NextToken", next);
    Ok(permit.answer(answer))
}

/// The error of a rule that is not there.
pub(super) fn missing_rule(id: &str) -> ApiError {
    error("InvalidSecurityGroupRuleId.NotFound", format!("The security group rule ID '{id}' does not exist"))
}
