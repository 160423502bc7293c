//! Rules of security groups: taken away, changed, described.
//!
//! Source: AWS EC2 API Reference, *RevokeSecurityGroupIngress*, *ModifySecurityGroupRules*,
//! *UpdateSecurityGroupRuleDescriptionsIngress*.

use serde::Deserialize;
use serde_json::{Value, json};

use super::groups::find;
use super::ids::Kind;
use super::permission::{MAX_RULES_NAMED, Named, OneRule, description};
use super::rule_set::{self, remove, replace};
use super::rules::save;
use super::tags::pairs;
use super::turns::settle;
use super::{ask, dry, error, missing_parameter, permit, shown};
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
    settle(call, || Box::pin(try_revoke(call, &input, false))).await
}

pub(crate) async fn revoke_egress(call: &Call<'_>, input: Revoke) -> Result<Answer> {
    settle(call, || Box::pin(try_revoke(call, &input, true))).await
}

async fn try_revoke(call: &Call<'_>, input: &Revoke, egress: bool) -> Result<Option<Answer>> {
    let action = if egress { "ec2:RevokeSecurityGroupEgress" } else { "ec2:RevokeSecurityGroupIngress" };
    let found = find(call, input.group_id.as_deref(), input.group_name.as_deref()).await?;
    let permitted = permit(call, &found.ask(call, action))?;
    dry(input.dry_run)?;
    let row = found.there()?;
    let named = input.named.rules(egress, call.account())?;
    let ids = &input.security_group_rule_ids;
    match (named.is_empty(), ids.is_empty()) {
        (true, true) => return Err(missing_parameter("ipPermissions or securityGroupRuleIds")),
        (false, false) => {
            let message =
                "The parameter 'ipPermissions' may not be used in combination with 'securityGroupRuleIds'";
            return Err(error("InvalidParameterCombination", message));
        }
        _ => check_rule_ids(ids.iter())?,
    }
    let mut rules = row.value.rules.clone();
    let gone = remove(&mut rules, egress, ids, &named)?;
    let shown: Vec<Value> = gone.iter().map(|(id, rule)| shown::revoked(id, &row.place.name, rule)).collect();
    if !save(call, row, rules).await? {
        return Ok(None);
    }
    Ok(Some(permitted.answer(json!({ "Return": true, "RevokedSecurityGroupRules": shown }))))
}

/// Sees that rules are named by what could be ids, and not by too many.
fn check_rule_ids<'i>(mut ids: impl ExactSizeIterator<Item = &'i String>) -> Result<()> {
    if ids.len() > MAX_RULES_NAMED {
        let message = format!("At most {MAX_RULES_NAMED} rules can be named at once");
        return Err(error("InvalidParameterValue", message));
    }
    ids.try_for_each(|id| Kind::Rule.check(id))
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
    settle(call, || Box::pin(try_modify(call, &input))).await
}

/// A rule's description goes with the rule: without one, it has none afterwards.
async fn try_modify(call: &Call<'_>, input: &Modify) -> Result<Option<Answer>> {
    let action = "ec2:ModifySecurityGroupRules";
    check_rule_ids(input.security_group_rules.iter().map(|update| &update.security_group_rule_id))?;
    let found = find(call, Some(&input.group_id), None).await?;
    let permitted = permit(call, &found.ask(call, action))?;
    for update in &input.security_group_rules {
        let id = &update.security_group_rule_id;
        let tags = found.rule(id).map(|rule| pairs(&rule.tags)).into_iter().flatten();
        let ask = ask(call, action, Kind::Rule.arn(call, id));
        permit(call, &ask.resource_tags(Some("ec2:ResourceTag"), tags))?;
    }
    dry(input.dry_run)?;
    let row = found.there()?;
    if input.security_group_rules.is_empty() {
        return Err(missing_parameter("SecurityGroupRule"));
    }
    let mut updates = Vec::with_capacity(input.security_group_rules.len());
    for Update { security_group_rule_id: id, security_group_rule: rule } in &input.security_group_rules {
        let known = found.rule(id).ok_or_else(|| Kind::Rule.missing(id))?;
        updates.push((id.clone(), rule.rule(known.traffic.egress)?));
    }
    let mut rules = row.value.rules.clone();
    replace(&mut rules, updates)?;
    let written = save(call, row, rules).await?;
    Ok(written.then(|| permitted.answer(json!({ "Return": true }))))
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
    #[serde(default)]
    security_group_rule_id: String,
    description: Option<String>,
}

pub(crate) async fn describe_ingress(call: &Call<'_>, input: Describe) -> Result<Answer> {
    settle(call, || Box::pin(try_describe(call, &input, false))).await
}

pub(crate) async fn describe_egress(call: &Call<'_>, input: Describe) -> Result<Answer> {
    settle(call, || Box::pin(try_describe(call, &input, true))).await
}

async fn try_describe(call: &Call<'_>, input: &Describe, egress: bool) -> Result<Option<Answer>> {
    let action = if egress {
        "ec2:UpdateSecurityGroupRuleDescriptionsEgress"
    } else {
        "ec2:UpdateSecurityGroupRuleDescriptionsIngress"
    };
    let found = find(call, input.group_id.as_deref(), input.group_name.as_deref()).await?;
    let permitted = permit(call, &found.ask(call, action))?;
    dry(input.dry_run)?;
    let row = found.there()?;
    let named = input.named.rules(egress, call.account())?;
    let described = &input.security_group_rule_descriptions;
    check_rule_ids(described.iter().map(|rule| &rule.security_group_rule_id))?;
    if named.is_empty() && described.is_empty() {
        return Err(missing_parameter("ipPermissions or securityGroupRuleDescriptions"));
    }
    let text = |rule: &RuleDescription| {
        Ok((rule.security_group_rule_id.clone(), description(rule.description.as_deref())?))
    };
    let by_id = described.iter().map(text).collect::<Result<Vec<_>>>()?;
    let mut rules = row.value.rules.clone();
    rule_set::describe(&mut rules, egress, by_id, named)?;
    let written = save(call, row, rules).await?;
    Ok(written.then(|| permitted.answer(json!({ "Return": true }))))
}
