//! The rules of one group as a set: added, taken away, changed. Nothing here reads or writes.

use std::collections::{BTreeMap, BTreeSet};

use super::error;
use super::ids::Kind;
use super::permission::Wanted;
use super::rows::{Peer, Rule, Traffic};
use crate::error::{ApiError, Result};

/// Rules by their ids.
pub(super) type Rules = BTreeMap<String, Rule>;

/// Most rules of a group in one direction for IPv4, and again for IPv6; a rule that names a group counts for both.
/// Source: AWS VPC User Guide, *Amazon VPC quotas*, "Inbound or outbound rules per security group".
const MAX_RULES: usize = 60;

/// Adds rules, and returns their ids. If one is there already, none is added.
pub(super) fn add(
    rules: &mut Rules,
    wanted: Vec<Wanted>,
    tags: &BTreeMap<String, String>,
) -> Result<Vec<String>> {
    let mut known: BTreeSet<Traffic> = rules.values().map(|rule| rule.traffic.clone()).collect();
    if let Some((traffic, _)) = wanted.iter().find(|(traffic, _)| known.contains(traffic)) {
        return Err(duplicate(traffic));
    }
    if wanted.iter().any(|(traffic, _)| !known.insert(traffic.clone())) {
        return Err(error("InvalidParameterValue", "The same permission must not appear multiple times"));
    }
    let mut ids = Vec::with_capacity(wanted.len());
    for (traffic, description) in wanted {
        let id = Kind::Rule.make()?;
        rules.insert(id.clone(), Rule { traffic, description, tags: tags.clone() });
        ids.push(id);
    }
    check_count(rules)?;
    Ok(ids)
}

/// Takes rules away. If one is not there, none is taken away; one that is named twice is taken away once.
///
/// Source: AWS EC2 API Reference, *RevokeSecurityGroupIngress*: "For a non-default VPC, if the values you specify do not
/// match the existing rule's values, an InvalidPermission.NotFound client error is returned, and no rules are revoked."
pub(super) fn remove(rules: &mut Rules, egress: bool, ids: &[String], named: &[Wanted]) -> Result<Rules> {
    let mut gone: BTreeSet<String> = BTreeSet::new();
    for id in ids {
        of_direction(rules, egress, id)?;
        gone.insert(id.clone());
    }
    for (traffic, _) in named {
        gone.insert(id_of(rules, traffic)?);
    }
    Ok(rules.extract_if(.., |id, _| gone.contains(id)).collect())
}

/// Puts other rules in the place of those with these ids. What counts is that no two are alike afterwards.
pub(super) fn replace(rules: &mut Rules, updates: Vec<(String, Wanted)>) -> Result<()> {
    let ids: BTreeSet<&String> = updates.iter().map(|(id, _)| id).collect();
    if ids.len() != updates.len() {
        return Err(error("InvalidParameterValue", "The same rule must not appear multiple times"));
    }
    for (id, (traffic, description)) in updates {
        let rule = rules.get_mut(&id).ok_or_else(|| Kind::Rule.missing(&id))?;
        (rule.traffic, rule.description) = (traffic, description);
    }
    let mut known: BTreeSet<&Traffic> = BTreeSet::new();
    if let Some(rule) = rules.values().find(|rule| !known.insert(&rule.traffic)) {
        return Err(duplicate(&rule.traffic));
    }
    check_count(rules)
}

/// Gives rules other descriptions.
pub(super) fn describe(
    rules: &mut Rules,
    egress: bool,
    by_id: Vec<(String, Option<String>)>,
    named: Vec<Wanted>,
) -> Result<()> {
    let mut texts = by_id;
    for (traffic, text) in named {
        texts.push((id_of(rules, &traffic)?, text));
    }
    for (id, text) in texts {
        of_direction(rules, egress, &id)?;
        if let Some(rule) = rules.get_mut(&id) {
            rule.description = text;
        }
    }
    Ok(())
}

/// The groups that rules name.
pub(super) fn references(rules: &Rules) -> BTreeSet<&str> {
    rules
        .values()
        .filter_map(|rule| match &rule.traffic.peer {
            Peer::Group(id) => Some(id.as_str()),
            _ => None,
        })
        .collect()
}

fn of_direction<'r>(rules: &'r Rules, egress: bool, id: &str) -> Result<&'r Rule> {
    rules.get(id).filter(|rule| rule.traffic.egress == egress).ok_or_else(|| Kind::Rule.missing(id))
}

fn id_of(rules: &Rules, traffic: &Traffic) -> Result<String> {
    let known = rules.iter().find(|(_, rule)| rule.traffic == *traffic);
    known.map(|(id, _)| id.clone()).ok_or_else(|| {
        error("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
    })
}

fn check_count(rules: &Rules) -> Result<()> {
    for egress in [false, true] {
        let own =
            || rules.values().filter(|rule| rule.traffic.egress == egress).map(|rule| &rule.traffic.peer);
        let ipv4 = own().filter(|peer| !matches!(peer, Peer::Ipv6(_))).count();
        let ipv6 = own().filter(|peer| !matches!(peer, Peer::Ipv4(_))).count();
        if ipv4.max(ipv6) > MAX_RULES {
            let message = "The maximum number of rules per security group has been reached.";
            return Err(error("RulesPerSecurityGroupLimitExceeded", message));
        }
    }
    Ok(())
}

/// Source: the form of AWS's own message, such as `peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW`.
fn duplicate(traffic: &Traffic) -> ApiError {
    let Traffic { protocol, from, to, peer, .. } = traffic;
    let (Peer::Ipv4(peer) | Peer::Ipv6(peer) | Peer::Group(peer)) = peer;
    let name = protocol.to_ascii_uppercase();
    let what = match protocol.as_str() {
        "-1" => "ALL".to_owned(),
        "tcp" | "udp" => format!("{name}, from port: {from}, to port: {to}"),
        "icmp" | "icmpv6" => format!("{name}, type: {}, code: {}", all_or(*from), all_or(*to)),
        _ => name,
    };
    let message = format!("the specified rule \"peer: {peer}, {what}, ALLOW\" already exists");
    error("InvalidPermission.Duplicate", message)
}

fn all_or(number: i32) -> String {
    if number < 0 { "ALL".to_owned() } else { number.to_string() }
}

#[cfg(test)]
mod tests;
