//! Rules of security groups: taken away, changed, described.
//!
//! Source: AWS EC2 API Reference, *RevokeSecurityGroupIngress*, *ModifySecurityGroupRules*,
//! *UpdateSecurityGroupRuleDescriptionsIngress*.

use ringwall_store::{Batch, Expect, Row};
use serde::Deserialize;
use serde_json::{Value, json};

use super::groups::{Found, find};
use super::permission::{Named, OneRule, description};
use super::rows::{Rule, SecurityGroup, Traffic};
use super::rules::{check_count, commit, missing_rule, require_peer};
use super::{arn, ask, dry, error, shown};
use crate::authorize::Answer;
use crate::call::Call;
use crate::error::Result;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Revoke {
    group_id: Option<String>,
    group_name: Option<String>,
    #[serde(flatten)]
    named: Named,
    #[serde(default)]
    security_group_rule_ids: Vec<String>,
    #[serde(default)]
    dry_run: bool,
}

pub(crate) async fn revoke_ingress(call: &Call<'_>, input: Revoke) -> Result<Answer> {
    revoke(call, input, false).await
}

pub(crate) async fn revoke_egress(call: &Call<'_>, input: Revoke) -> Result<Answer> {
    revoke(call, input, true).await
}

/// Takes rules away. A rule that is not there fails the call, and nothing is taken away.
async fn revoke(call: &Call<'_>, input: Revoke, egress: bool) -> Result<Answer> {
    let action = if egress { "ec2:RevokeSecurityGroupEgress" } else { "ec2:RevokeSecurityGroupIngress" };
    let found = find(call, input.group_id.as_deref(), input.group_name.as_deref()).await?;
    let permit = call.authorize(&found.ask(call, action))?;
    dry(input.dry_run)?;
    let row = found.there()?;
    let named = input.named.rules(egress, call.account())?;
    if named.is_empty() == input.security_group_rule_ids.is_empty() {
        let message = "Either ipPermissions or securityGroupRuleIds has to be given, and not both";
        return Err(error("InvalidParameterCombination", message));
    }
    let mut ids: Vec<String> = Vec::new();
    for id in input.security_group_rule_ids {
        let rule = row.value.rules.get(&id).filter(|rule| rule.traffic.egress == egress);
        rule.ok_or_else(|| missing_rule(&id))?;
        ids.push(id);
    }
    for (traffic, _) in &named {
        ids.push(id_of(&row.value, traffic)?);
    }
    let mut group = row.value.clone();
    let mut revoked: Vec<Value> = Vec::new();
    for id in ids {
        // A rule that is named twice is taken away once.
        if let Some(rule) = group.rules.remove(&id) {
            revoked.push(shown::revoked(&id, &found.id, &rule));
        }
    }
    save(call, &found, row, &group, Batch::new()).await?;
    Ok(permit.answer(json!({ "Return": true, "RevokedSecurityGroupRules": revoked })))
}

fn id_of(group: &SecurityGroup, traffic: &Traffic) -> Result<String> {
    let known = group.rules.iter().find(|(_, rule)| rule.traffic == *traffic);
    known.map(|(id, _)| id.clone()).ok_or_else(|| {
        error("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
    })
}

async fn save(
    call: &Call<'_>,
    found: &Found,
    row: &Row<SecurityGroup>,
    group: &SecurityGroup,
    mut batch: Batch,
) -> Result<()> {
    let table = &call.shared.ec2.groups;
    table.put(&mut batch, call.account(), call.region(), &found.id, group, Expect::Revision(row.revision));
    commit(call, batch, &found.id).await?;
    call.note_resource(&arn(call, "security-group", &found.id), call.account(), "AWS::EC2::SecurityGroup");
    Ok(())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Modify {
    group_id: String,
    security_group_rules: Vec<Update>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Update {
    security_group_rule_id: String,
    #[serde(default)]
    security_group_rule: OneRule,
}

pub(crate) async fn modify(call: &Call<'_>, input: Modify) -> Result<Answer> {
    let action = "ec2:ModifySecurityGroupRules";
    let found = find(call, Some(&input.group_id), None).await?;
    let permit = call.authorize(&found.ask(call, action))?;
    for update in &input.security_group_rules {
        let id = &update.security_group_rule_id;
        let tags = found.row.iter().filter_map(|row| row.value.rules.get(id)).flat_map(|rule| &rule.tags);
        let tags = tags.map(|(key, value)| (key.as_str(), value.as_str()));
        let ask = ask(call, action, arn(call, "security-group-rule", id));
        call.authorize(&ask.resource_tags(Some("ec2:ResourceTag"), tags))?;
    }
    dry(input.dry_run)?;
    let row = found.there()?;
    let mut group = row.value.clone();
    let mut batch = Batch::new();
    for update in &input.security_group_rules {
        let id = &update.security_group_rule_id;
        let known = group.rules.get(id).cloned().ok_or_else(|| missing_rule(id))?;
        let (traffic, description) = update.security_group_rule.rule(known.traffic.egress)?;
        if group.rules.iter().any(|(other, rule)| other != id && rule.traffic == traffic) {
            return Err(error(
                "InvalidPermission.Duplicate",
                "The specified rule already exists in this security group.",
            ));
        }
        require_peer(call, &found.id, &group, &traffic.peer, &mut batch).await?;
        group.rules.insert(id.clone(), Rule { traffic, description, tags: known.tags });
    }
    check_count(&group)?;
    save(call, &found, row, &group, batch).await?;
    Ok(permit.answer(json!({ "Return": true })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Describe {
    group_id: Option<String>,
    group_name: Option<String>,
    #[serde(flatten)]
    named: Named,
    #[serde(default)]
    security_group_rule_descriptions: Vec<RuleDescription>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RuleDescription {
    security_group_rule_id: Option<String>,
    description: Option<String>,
}

pub(crate) async fn describe_ingress(call: &Call<'_>, input: Describe) -> Result<Answer> {
    describe(call, input, false).await
}

pub(crate) async fn describe_egress(call: &Call<'_>, input: Describe) -> Result<Answer> {
    describe(call, input, true).await
}

async fn describe(call: &Call<'_>, input: Describe, egress: bool) -> Result<Answer> {
    let action = if egress {
        "ec2:UpdateSecurityGroupRuleDescriptionsEgress"
    } else {
        "ec2:UpdateSecurityGroupRuleDescriptionsIngress"
    };
    let found = find(call, input.group_id.as_deref(), input.group_name.as_deref()).await?;
    let permit = call.authorize(&found.ask(call, action))?;
    dry(input.dry_run)?;
    let row = found.there()?;
    let mut wanted: Vec<(String, Option<String>)> = Vec::new();
    for (traffic, text) in input.named.rules(egress, call.account())? {
        wanted.push((id_of(&row.value, &traffic)?, text));
    }
    for RuleDescription { security_group_rule_id, description: text } in
        &input.security_group_rule_descriptions
    {
        let id = security_group_rule_id.clone().unwrap_or_default();
        wanted.push((id, description(text.as_deref())?));
    }
    if wanted.is_empty() {
        return Err(error("MissingParameter", "The request names no rule to describe"));
    }
    let mut group = row.value.clone();
    for (id, text) in wanted {
        let rule = group.rules.get_mut(&id).filter(|rule| rule.traffic.egress == egress);
        rule.ok_or_else(|| missing_rule(&id))?.description = text;
    }
    save(call, &found, row, &group, Batch::new()).await?;
    Ok(permit.answer(json!({ "Return": true })))
}
