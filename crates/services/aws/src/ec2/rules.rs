//! Rules of security groups: added and listed.
//!
//! Source: AWS EC2 API Reference, *AuthorizeSecurityGroupIngress*, *DescribeSecurityGroupRules*.

use std::collections::{BTreeMap, BTreeSet};

use ringwall_store::{Batch, Expect, Row};
use serde::Deserialize;
use serde_json::{Value, json};

use super::filters::{Filter, Filters};
use super::groups::find;
use super::ids::Kind;
use super::listed::{check_ids, cut, is_wanted};
use super::permission::Named;
use super::rows::{Rule, SecurityGroup};
use super::rule_set::{Rules, add, references};
use super::tags::{asked, may_tag, pairs};
use super::turns::{Turn, commit, settle};
use super::{TagSpecification, ask, ask_all, dry, error, missing_parameter, permit, shown};
use crate::authorize::Answer;
use crate::call::Call;
use crate::error::Result;
use crate::page;

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
    settle(call, || Box::pin(try_authorize(call, &input, false))).await
}

pub(crate) async fn authorize_egress(call: &Call<'_>, input: Authorize) -> Result<Answer> {
    settle(call, || Box::pin(try_authorize(call, &input, true))).await
}

async fn try_authorize(call: &Call<'_>, input: &Authorize, egress: bool) -> Result<Option<Answer>> {
    let operation = if egress { "AuthorizeSecurityGroupEgress" } else { "AuthorizeSecurityGroupIngress" };
    let action = format!("ec2:{operation}");
    let tags = asked(&input.tag_specifications, Kind::Rule)?;
    let found = find(call, input.group_id.as_deref(), input.group_name.as_deref()).await?;
    let permitted = permit(call, &found.ask(call, &action))?;
    if !tags.is_empty() {
        // Rules become resources of their own by their tags.
        let to_make = Kind::Rule.arn(call, "*");
        permit(call, &ask(call, &action, to_make.clone()).request_tags(pairs(&tags)))?;
        may_tag(call, operation, &to_make, &tags)?;
    }
    dry(input.dry_run)?;
    let row = found.there()?;
    let wanted = input.named.rules(egress, call.account())?;
    if wanted.is_empty() {
        return Err(missing_parameter("ipPermissions"));
    }
    let mut rules = row.value.rules.clone();
    let ids = add(&mut rules, wanted, &tags)?;
    let id = &row.place.name;
    let added: Vec<Value> =
        ids.iter().filter_map(|rule| Some(shown::rule(call, rule, id, rules.get(rule)?))).collect();
    if !save(call, row, rules).await? {
        return Ok(None);
    }
    Ok(Some(permitted.answer(json!({ "Return": true, "SecurityGroupRules": added }))))
}

/// Writes a group with other rules, unless it was changed in between. Groups that these rules name and those before did
/// not have to be there, in the same VPC.
pub(super) async fn save(call: &Call<'_>, row: &Row<SecurityGroup>, rules: Rules) -> Result<bool> {
    let groups = &call.shared.ec2.groups;
    let (account, region, id) = (call.account(), call.region(), &row.place.name);
    let mut batch = Batch::new();
    let before = references(&row.value.rules);
    let new: BTreeSet<&str> =
        references(&rules).into_iter().filter(|peer| peer != id && !before.contains(peer)).collect();
    if !new.is_empty() {
        let turn = Turn::begin(call).await?;
        for peer in new {
            let other = groups.get(account, region, peer).await?;
            let other = other.ok_or_else(|| Kind::SecurityGroup.missing(peer))?;
            if other.value.vpc != row.value.vpc {
                let message = "You have specified two resources that belong to different networks.";
                return Err(error("InvalidGroup.NotFound", message));
            }
        }
        turn.end(call, &mut batch);
    }
    let group = SecurityGroup { rules, ..row.value.clone() };
    groups.put(&mut batch, account, region, id, &group, Expect::Revision(row.revision));
    let written = commit(call, batch).await?;
    if written {
        call.note_resource(&Kind::SecurityGroup.arn(call, id), account, Kind::SecurityGroup.recorded());
    }
    Ok(written)
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
    max_results: Option<i64>,
}

pub(crate) async fn describe(call: &Call<'_>, input: DescribeRules) -> Result<Answer> {
    let permitted = permit(call, &ask_all(call, "ec2:DescribeSecurityGroupRules"))?;
    dry(input.dry_run)?;
    let filters = Filters::new(&input.filters, &["group-id", "security-group-rule-id"])?;
    let groups = page::all(&call.shared.ec2.groups, call.account(), call.region(), "").await?;
    let mut rules: BTreeMap<&str, (&str, &Rule)> = BTreeMap::new();
    for row in &groups {
        rules.extend(row.value.rules.iter().map(|(id, rule)| (id.as_str(), (row.place.name.as_str(), rule))));
    }
    let ids = &input.security_group_rule_ids;
    check_ids(Kind::Rule, ids, |id| rules.contains_key(id))?;
    let mut found: Vec<(&str, Value)> = Vec::new();
    for (id, (group, rule)) in rules {
        let known = |name: &str| vec![if name == "group-id" { group } else { id }.to_owned()];
        if is_wanted(ids, id) && filters.pass(&rule.tags, known) {
            found.push((id, shown::rule(call, id, group, rule)));
        }
    }
    let (page, next) = cut(found, input.next_token.as_deref(), input.max_results)?;
    let mut answer = json!({ "SecurityGroupRules": page });
    crate::sts::put(&mut answer, "NextToken", next);
    Ok(permitted.answer(answer))
}
