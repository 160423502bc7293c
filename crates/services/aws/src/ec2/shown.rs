//! Groups and rules as answers show them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::ids::Kind;
use super::rows::{Peer, Rule, SecurityGroup, Traffic};
use super::tags::shown as shown_tags;
use crate::call::Call;

/// A security group, its rules gathered by protocol and ports as AWS does.
pub(super) fn group(call: &Call<'_>, id: &str, group: &SecurityGroup) -> Value {
    json!({
        "GroupId": id,
        "GroupName": group.name,
        "Description": group.description,
        "VpcId": group.vpc,
        "OwnerId": call.account(),
        "SecurityGroupArn": Kind::SecurityGroup.arn(call, id),
        "Tags": shown_tags(&group.tags),
        "IpPermissions": permissions(call, group.rules.values().filter(|rule| !rule.traffic.egress)),
        "IpPermissionsEgress": permissions(call, group.rules.values().filter(|rule| rule.traffic.egress)),
    })
}

fn permissions<'r>(call: &Call<'_>, rules: impl Iterator<Item = &'r Rule>) -> Vec<Value> {
    let mut gathered: BTreeMap<(&str, i32, i32), Vec<&Rule>> = BTreeMap::new();
    for rule in rules {
        let Traffic { protocol, from, to, .. } = &rule.traffic;
        gathered.entry((protocol, *from, *to)).or_default().push(rule);
    }
    let permission = |((protocol, from, to), rules): ((&str, i32, i32), Vec<&Rule>)| {
        let of = |wanted: fn(&Peer) -> Option<(&'static str, &str)>| -> Vec<Value> {
            let peers = rules.iter().filter_map(|rule| Some((wanted(&rule.traffic.peer)?, rule)));
            peers
                .map(|((name, value), rule)| {
                    let mut shown = json!({ name: value });
                    if name == "GroupId" {
                        crate::sts::put(&mut shown, "UserId", Some(call.account()));
                    }
                    crate::sts::put(&mut shown, "Description", rule.description.as_deref());
                    shown
                })
                .collect()
        };
        let mut shown = json!({
            "IpProtocol": protocol,
            "UserIdGroupPairs": of(|peer| match peer {
                Peer::Group(id) => Some(("GroupId", id)),
                _ => None,
            }),
            "IpRanges": of(|peer| match peer {
                Peer::Ipv4(cidr) => Some(("CidrIp", cidr)),
                _ => None,
            }),
            "Ipv6Ranges": of(|peer| match peer {
                Peer::Ipv6(cidr) => Some(("CidrIpv6", cidr)),
                _ => None,
            }),
            "PrefixListIds": [],
        });
        if has_ports(protocol) {
            crate::sts::put(&mut shown, "FromPort", Some(from));
            crate::sts::put(&mut shown, "ToPort", Some(to));
        }
        shown
    };
    gathered.into_iter().map(permission).collect()
}

/// A rule on its own.
pub(super) fn rule(call: &Call<'_>, id: &str, group_id: &str, rule: &Rule) -> Value {
    let mut shown = revoked(id, group_id, rule);
    crate::sts::put(&mut shown, "GroupOwnerId", Some(call.account()));
    crate::sts::put(&mut shown, "SecurityGroupRuleArn", Some(Kind::Rule.arn(call, id)));
    crate::sts::put(&mut shown, "Tags", Some(shown_tags(&rule.tags)));
    if let Peer::Group(peer) = &rule.traffic.peer {
        let info = json!({ "GroupId": peer, "UserId": call.account() });
        crate::sts::put(&mut shown, "ReferencedGroupInfo", Some(info));
        if let Some(members) = shown.as_object_mut() {
            members.remove("ReferencedGroupId");
        }
    }
    shown
}

/// A rule that was taken away.
pub(super) fn revoked(id: &str, group_id: &str, rule: &Rule) -> Value {
    let Traffic { egress, protocol, from, to, peer } = &rule.traffic;
    let (name, value) = match peer {
        Peer::Ipv4(cidr) => ("CidrIpv4", cidr),
        Peer::Ipv6(cidr) => ("CidrIpv6", cidr),
        Peer::Group(id) => ("ReferencedGroupId", id),
    };
    let mut shown = json!({
        "SecurityGroupRuleId": id,
        "GroupId": group_id,
        "IsEgress": egress,
        "IpProtocol": protocol,
        "FromPort": from,
        "ToPort": to,
        name: value,
    });
    crate::sts::put(&mut shown, "Description", rule.description.as_deref());
    shown
}

/// Source: AWS EC2 API Reference, *IpPermission*: ports are told for TCP, UDP and ICMP alone.
fn has_ports(protocol: &str) -> bool {
    matches!(protocol, "tcp" | "udp" | "icmp" | "icmpv6")
}
