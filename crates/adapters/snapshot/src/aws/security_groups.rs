use std::sync::Arc;

use ringwall_model::network::{GroupPeer, GroupProtocol, SecurityGroup, SecurityGroupRule};
use ringwall_model::{AwsDocument, Source, Tree};

use super::Filler;
use crate::address::block;
use crate::fields::{text, text_or_number};

/// ICMP's types and codes have -1 for all; ports don't go beyond 65,535.
const PORTS: std::ops::RangeInclusive<i64> = -1..=65_535;

impl<'d> Filler<'_, 'd> {
    /// The groups of `describe-security-groups`.
    pub(super) fn security_groups(&mut self, document: &'d AwsDocument) {
        for item in document.tree.list("SecurityGroups") {
            let source = document.source.at(item.line);
            let Some(id) = text(item, "GroupId") else {
                self.incomplete(source, "a security group", "GroupId");
                continue;
            };
            if !self.is_first("security group", &id, item, &source) {
                continue;
            }
            let ingress = self.permissions(item, "IpPermissions", &id, &source);
            let egress = self.permissions(item, "IpPermissionsEgress", &id, &source);
            let (name, vpc) = (text(item, "GroupName"), text(item, "VpcId"));
            self.cluster.aws.security_groups.push(SecurityGroup { id, name, vpc, ingress, egress, source });
        }
    }

    fn permissions(
        &mut self,
        group: &'d Tree,
        key: &str,
        id: &str,
        source: &Source,
    ) -> Vec<SecurityGroupRule> {
        let mut rules = Vec::new();
        for (index, item) in self.items(group, key, source).iter().enumerate() {
            let source = source.at(item.line);
            let (kind, ports) = (protocol(item), ports(item));
            let mut peers = peers(item, &source);
            if kind.is_err() || ports.is_err() {
                let why = kind.as_ref().err().into_iter().chain(ports.as_ref().err()).next();
                let why = why.cloned().unwrap_or_default();
                peers = vec![(GroupPeer::Unreadable(why.into()), source.clone())];
            }
            for (peer, source) in &peers {
                if let GroupPeer::Unreadable(why) = peer {
                    let message = format!("a rule of security group `{id}` can't be read: {why}");
                    let hint = "export it again with the AWS CLI, as JSON; until then it allows nothing";
                    self.problems.push(ringwall_model::Problem::error(source.clone(), message).hint(hint));
                }
            }
            let protocol = kind.unwrap_or(GroupProtocol::All);
            rules.push(SecurityGroupRule {
                index,
                protocol,
                ports: ports.unwrap_or_default(),
                peers,
                source,
            });
        }
        rules
    }
}

/// Source: EC2 API, `IpPermission.IpProtocol`: a name of four, a number, or -1.
fn protocol(item: &Tree) -> Result<GroupProtocol, String> {
    let written = text_or_number(item, "IpProtocol").unwrap_or_default();
    Ok(match &*written {
        "-1" | "all" => GroupProtocol::All,
        "tcp" | "6" => GroupProtocol::Tcp,
        "udp" | "17" => GroupProtocol::Udp,
        "icmp" | "1" => GroupProtocol::Icmp,
        "icmpv6" | "58" => GroupProtocol::Icmpv6,
        "sctp" => GroupProtocol::Number(132),
        number => GroupProtocol::Number(
            number.parse().map_err(|_| format!("`IpProtocol` is `{number}`, which is no protocol"))?,
        ),
    })
}

/// First and last port. Of -1 for all, AWS says nothing of ports.
fn ports(item: &Tree) -> Result<Option<(i32, i32)>, String> {
    let port = |key: &str| match item.get(key).filter(|value| !value.is_null()) {
        None => Ok(None),
        Some(value) => value
            .as_i64()
            .filter(|port| PORTS.contains(port))
            .and_then(|port| i32::try_from(port).ok())
            .map(Some)
            .ok_or_else(|| format!("`{key}` is no port")),
    };
    match (port("FromPort")?, port("ToPort")?) {
        (None, None) => Ok(None),
        (Some(from), Some(to)) => Ok(Some((from, to))),
        _ => Err("of `FromPort` and `ToPort` one is missing".to_owned()),
    }
}

fn peers(item: &Tree, source: &Source) -> Vec<(GroupPeer, Source)> {
    let mut peers = Vec::new();
    for (list, key) in [("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6")] {
        for range in item.list(list) {
            let written = range.str(key).unwrap_or_default();
            let peer = block(written).map_or_else(
                || GroupPeer::Unreadable(format!("`{key}` is `{written}`, not a block").into()),
                GroupPeer::Block,
            );
            peers.push((peer, source.at(range.line)));
        }
    }
    for pair in item.list("UserIdGroupPairs") {
        let peer = match text(pair, "GroupId") {
            Some(id) => GroupPeer::Group { id, account: text(pair, "UserId") },
            None => missing("GroupId"),
        };
        peers.push((peer, source.at(pair.line)));
    }
    for list in item.list("PrefixListIds") {
        let peer = text(list, "PrefixListId").map_or_else(|| missing("PrefixListId"), GroupPeer::PrefixList);
        peers.push((peer, source.at(list.line)));
    }
    peers
}

fn missing(key: &str) -> GroupPeer {
    GroupPeer::Unreadable(Arc::from(format!("a peer has no `{key}`")))
}
