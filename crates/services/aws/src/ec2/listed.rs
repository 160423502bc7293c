//! Lists: of security groups, and how all of EC2's are cut into pages.

use serde::Deserialize;
use serde_json::{Value, json};

use super::filters::{Filter, Filters};
use super::groups::missing;
use super::ids::Kind;
use super::rows::{Peer, SecurityGroup, Traffic};
use super::{ask_all, dry, error, permit, shown};
use crate::authorize::Answer;
use crate::call::Call;
use crate::error::Result;
use crate::page;

/// Items of a page, least and most. Source: AWS EC2 API Reference, *DescribeSecurityGroups*, `MaxResults`; a request
/// without it gets the most.
const PAGE: std::ops::RangeInclusive<usize> = 5..=1000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeSecurityGroups {
    #[serde(default)]
    group_ids: Vec<String>,
    #[serde(default)]
    group_names: Vec<String>,
    next_token: Option<String>,
    max_results: Option<i64>,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    filters: Vec<Filter>,
}

/// Source: AWS EC2 API Reference, *DescribeSecurityGroups*, `Filters`.
const FILTERS: [&str; 21] = [
    "description",
    "egress.ip-permission.cidr",
    "egress.ip-permission.from-port",
    "egress.ip-permission.group-id",
    "egress.ip-permission.group-name",
    "egress.ip-permission.ipv6-cidr",
    "egress.ip-permission.prefix-list-id",
    "egress.ip-permission.protocol",
    "egress.ip-permission.to-port",
    "group-id",
    "group-name",
    "ip-permission.cidr",
    "ip-permission.from-port",
    "ip-permission.group-id",
    "ip-permission.group-name",
    "ip-permission.ipv6-cidr",
    "ip-permission.prefix-list-id",
    "ip-permission.protocol",
    "ip-permission.to-port",
    "owner-id",
    "vpc-id",
];

pub(crate) async fn describe(call: &Call<'_>, input: DescribeSecurityGroups) -> Result<Answer> {
    let permitted = permit(call, &ask_all(call, "ec2:DescribeSecurityGroups"))?;
    dry(input.dry_run)?;
    let filters = Filters::new(&input.filters, &FILTERS)?;
    let rows = page::all(&call.shared.ec2.groups, call.account(), call.region(), "").await?;
    check_ids(Kind::SecurityGroup, &input.group_ids, |id| rows.iter().any(|row| row.place.name == id))?;
    if let Some(name) = input.group_names.first() {
        // Names are of the default VPC, which there is none of.
        return Err(missing(name));
    }
    let name_of = |id: &str| rows.iter().find(|row| row.place.name == id).map(|row| row.value.name.clone());
    let mut found: Vec<(&str, Value)> = Vec::new();
    for row in &rows {
        let (id, group) = (row.place.name.as_str(), &row.value);
        let known = |filter: &str| filtered(call, id, group, filter, name_of);
        if is_wanted(&input.group_ids, id) && filters.pass(&group.tags, known) {
            found.push((id, shown::group(call, id, group)));
        }
    }
    let (page, next) = cut(found, input.next_token.as_deref(), input.max_results)?;
    let mut answer = json!({ "SecurityGroups": page });
    crate::sts::put(&mut answer, "NextToken", next);
    Ok(permitted.answer(answer))
}

/// What a group has under a filter's name.
fn filtered(
    call: &Call<'_>,
    id: &str,
    group: &SecurityGroup,
    filter: &str,
    name_of: impl Fn(&str) -> Option<String>,
) -> Vec<String> {
    match filter {
        "group-id" => return vec![id.to_owned()],
        "group-name" => return vec![group.name.clone()],
        "description" => return vec![group.description.clone()],
        "vpc-id" => return vec![group.vpc.clone()],
        "owner-id" => return vec![call.account().to_owned()],
        _ => {}
    }
    let (egress, of_rule) = match filter.strip_prefix("egress.") {
        Some(rest) => (true, rest),
        None => (false, filter),
    };
    let rules = group.rules.values().map(|rule| &rule.traffic).filter(|traffic| traffic.egress == egress);
    let value = |Traffic { protocol, from, to, peer, .. }: &Traffic| match (of_rule, peer) {
        ("ip-permission.cidr", Peer::Ipv4(cidr)) | ("ip-permission.ipv6-cidr", Peer::Ipv6(cidr)) => {
            Some(cidr.clone())
        }
        ("ip-permission.group-id", Peer::Group(id)) => Some(id.clone()),
        ("ip-permission.group-name", Peer::Group(id)) => name_of(id),
        ("ip-permission.from-port", _) => Some(from.to_string()),
        ("ip-permission.to-port", _) => Some(to.to_string()),
        ("ip-permission.protocol", _) => Some(protocol.clone()),
        _ => None,
    };
    rules.filter_map(value).collect()
}

/// Whether an item is among those that a request names, which are all if it names none.
pub(super) fn is_wanted(ids: &[String], id: &str) -> bool {
    ids.is_empty() || ids.iter().any(|wanted| wanted == id)
}

/// Sees that everything is there that a request names.
pub(super) fn check_ids(kind: Kind, ids: &[String], is_there: impl Fn(&str) -> bool) -> Result<()> {
    for id in ids {
        kind.check(id)?;
        if !is_there(id) {
            return Err(kind.missing(id));
        }
    }
    Ok(())
}

/// A page of items that are sorted by their ids.
pub(super) fn cut(
    items: Vec<(&str, Value)>,
    next: Option<&str>,
    limit: Option<i64>,
) -> Result<(Vec<Value>, Option<String>)> {
    let limit = match limit {
        None => *PAGE.end(),
        Some(limit) => usize::try_from(limit).ok().filter(|limit| PAGE.contains(limit)).ok_or_else(|| {
            let (least, most) = (PAGE.start(), PAGE.end());
            let message = format!(
                "Value ( {limit} ) for parameter maxResults is invalid. Expecting a value from {least} to {most}."
            );
            error("InvalidParameterValue", message)
        })?,
    };
    let after =
        page::after(next).map_err(|_| error("InvalidNextToken", "The specified NextToken is not valid"))?;
    let mut rest = items.into_iter().filter(|(id, _)| after.as_deref().is_none_or(|after| *id > after));
    let taken: Vec<(&str, Value)> = rest.by_ref().take(limit).collect();
    let token = rest.next().and_then(|_| taken.last()).map(|(id, _)| page::token(id));
    Ok((taken.into_iter().map(|(_, value)| value).collect(), token))
}
