//! What rules let through, as requests write it.
//!
//! Sources: AWS EC2 API Reference, *IpPermission*, *AuthorizeSecurityGroupIngress*; AWS VPC User Guide, *Security group rules*.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::Deserialize;

use super::error;
use super::rows::{Peer, Traffic};
use crate::error::{ApiError, Result};

/// Most peers of one request, so that a call's work is bounded; a group has at most 60 rules in a direction.
const MAX_PEERS: usize = 1000;

/// Longest description of a rule. Source: AWS EC2 API Reference, *IpRange*, `Description`.
const MAX_DESCRIPTION: usize = 255;

/// What a request names: permissions, or one of them in the older form of single parameters.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Named {
    #[serde(default)]
    pub(super) ip_permissions: Vec<IpPermission>,
    ip_protocol: Option<String>,
    from_port: Option<i64>,
    to_port: Option<i64>,
    cidr_ip: Option<String>,
    source_security_group_name: Option<String>,
    source_security_group_owner_id: Option<String>,
}

/// Traffic of one kind, from or to several peers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct IpPermission {
    ip_protocol: Option<String>,
    from_port: Option<i64>,
    to_port: Option<i64>,
    #[serde(default)]
    user_id_group_pairs: Vec<GroupPair>,
    #[serde(default)]
    ip_ranges: Vec<IpRange>,
    #[serde(default)]
    ipv6_ranges: Vec<Ipv6Range>,
    #[serde(default)]
    prefix_list_ids: Vec<serde_json::Value>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GroupPair {
    description: Option<String>,
    user_id: Option<String>,
    group_name: Option<String>,
    group_id: Option<String>,
    vpc_peering_connection_id: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct IpRange {
    description: Option<String>,
    cidr_ip: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Ipv6Range {
    description: Option<String>,
    cidr_ipv6: Option<String>,
}

/// The parts of one rule as `ModifySecurityGroupRules` has them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OneRule {
    pub(super) ip_protocol: Option<String>,
    pub(super) from_port: Option<i64>,
    pub(super) to_port: Option<i64>,
    pub(super) cidr_ipv4: Option<String>,
    pub(super) cidr_ipv6: Option<String>,
    pub(super) prefix_list_id: Option<String>,
    pub(super) referenced_group_id: Option<String>,
    pub(super) description: Option<String>,
}

/// A rule that a request names, with its description.
pub(super) type Wanted = (Traffic, Option<String>);

impl Named {
    /// Every rule that is named.
    pub(super) fn rules(&self, egress: bool, account: &str) -> Result<Vec<Wanted>> {
        if self.source_security_group_name.is_some() || self.source_security_group_owner_id.is_some() {
            return Err(error(
                "InvalidParameterCombination",
                "A source security group is named by its id, in IpPermissions",
            ));
        }
        let mut permissions = self.ip_permissions.clone();
        if self.ip_protocol.is_some() || self.cidr_ip.is_some() {
            if !permissions.is_empty() {
                let message =
                    "The parameter 'ipPermissions' may not be used in combination with 'ipProtocol'";
                return Err(error("InvalidParameterCombination", message));
            }
            permissions.push(IpPermission {
                ip_protocol: self.ip_protocol.clone(),
                from_port: self.from_port,
                to_port: self.to_port,
                ip_ranges: vec![IpRange { description: None, cidr_ip: self.cidr_ip.clone() }],
                ..IpPermission::default()
            });
        }
        let mut rules = Vec::new();
        for permission in &permissions {
            permission.rules(egress, account, &mut rules)?;
            if rules.len() > MAX_PEERS {
                return Err(error(
                    "InvalidParameterValue",
                    format!("At most {MAX_PEERS} rules can be named at once"),
                ));
            }
        }
        Ok(rules)
    }
}

impl IpPermission {
    fn rules(&self, egress: bool, account: &str, rules: &mut Vec<Wanted>) -> Result<()> {
        if !self.prefix_list_ids.is_empty() {
            return Err(error("InvalidPrefixListID.NotFound", "There are no prefix lists"));
        }
        let (protocol, from, to) = ports(self.ip_protocol.as_deref(), self.from_port, self.to_port)?;
        let mut add = |peer: Peer, text: &Option<String>| {
            let traffic = Traffic { egress, protocol: protocol.clone(), from, to, peer };
            rules.push((traffic, description(text.as_deref())?));
            Ok::<_, ApiError>(())
        };
        let before = self.ip_ranges.len() + self.ipv6_ranges.len() + self.user_id_group_pairs.len();
        if before == 0 {
            return Err(error("MissingParameter", "A permission needs a range, or a security group"));
        }
        for IpRange { description, cidr_ip } in &self.ip_ranges {
            let cidr =
                cidr_ip.as_deref().ok_or_else(|| error("MissingParameter", "The range has no CidrIp"))?;
            add(Peer::Ipv4(ipv4_network(cidr)?), description)?;
        }
        for Ipv6Range { description, cidr_ipv6 } in &self.ipv6_ranges {
            let cidr =
                cidr_ipv6.as_deref().ok_or_else(|| error("MissingParameter", "The range has no CidrIpv6"))?;
            add(Peer::Ipv6(ipv6_network(cidr)?), description)?;
        }
        for pair in &self.user_id_group_pairs {
            let foreign = pair.user_id.as_ref().is_some_and(|user| user != account);
            if foreign || pair.vpc_peering_connection_id.is_some() {
                let message = "Security groups of other accounts and of peered VPCs can't be referenced";
                return Err(error("InvalidGroup.NotFound", message));
            }
            let id = pair.group_id.as_ref().filter(|_| pair.group_name.is_none());
            let id =
                id.ok_or_else(|| error("MissingParameter", "A security group is named by its GroupId"))?;
            add(Peer::Group(id.clone()), &pair.description)?;
        }
        Ok(())
    }
}

impl OneRule {
    /// The rule, in the direction of the one that it takes the place of.
    pub(super) fn rule(&self, egress: bool) -> Result<Wanted> {
        let (protocol, from, to) = ports(self.ip_protocol.as_deref(), self.from_port, self.to_port)?;
        let peers = [&self.cidr_ipv4, &self.cidr_ipv6, &self.prefix_list_id, &self.referenced_group_id];
        if peers.into_iter().flatten().count() != 1 {
            return Err(error(
                "InvalidParameterCombination",
                "A rule needs exactly one source or destination",
            ));
        }
        let peer = match (&self.cidr_ipv4, &self.cidr_ipv6, &self.referenced_group_id) {
            (Some(cidr), ..) => Peer::Ipv4(ipv4_network(cidr)?),
            (_, Some(cidr), _) => Peer::Ipv6(ipv6_network(cidr)?),
            (.., Some(group)) => Peer::Group(group.clone()),
            _ => return Err(error("InvalidPrefixListID.NotFound", "There are no prefix lists")),
        };
        Ok((Traffic { egress, protocol, from, to, peer }, description(self.description.as_deref())?))
    }
}

/// Protocol and ports in their one form.
///
/// Source: AWS EC2 API Reference, *IpPermission*: `-1` means all protocols, and then all ports whatever is named; `tcp` and `udp`
/// need ports, `icmp` and `icmpv6` a type and code, -1 for all; other protocols have none.
fn ports(protocol: Option<&str>, from: Option<i64>, to: Option<i64>) -> Result<(String, i32, i32)> {
    let text = protocol
        .ok_or_else(|| error("MissingParameter", "The request must contain the parameter ipProtocol"))?;
    let lower = text.to_ascii_lowercase();
    let protocol = match lower.as_str() {
        "-1" | "all" => "-1",
        "tcp" | "6" => "tcp",
        "udp" | "17" => "udp",
        "icmp" | "1" => "icmp",
        "icmpv6" | "58" => "icmpv6",
        number if number.parse::<u8>().is_ok_and(|parsed| parsed.to_string() == number) => number,
        _ => {
            return Err(error(
                "InvalidParameterValue",
                format!("Invalid value '{text}' for IP protocol. Unknown protocol."),
            ));
        }
    };
    let bounded = |value: Option<i64>, most: i32| {
        let value = value.and_then(|value| i32::try_from(value).ok());
        value.filter(|value| (-1..=most).contains(value))
    };
    let invalid = || {
        error(
            "InvalidParameterValue",
            format!("Invalid value for portRange. Must specify both from and to ports with {protocol}."),
        )
    };
    let (from, to) = match protocol {
        "tcp" | "udp" => {
            let (from, to) =
                (bounded(from, 65535).ok_or_else(invalid)?, bounded(to, 65535).ok_or_else(invalid)?);
            if (from, to) == (-1, -1) {
                (0, 65535)
            } else if from < 0 || from > to {
                return Err(invalid());
            } else {
                (from, to)
            }
        }
        "icmp" | "icmpv6" => {
            let (kind, code) = (
                bounded(from.or(Some(-1)), 255).ok_or_else(invalid)?,
                bounded(to.or(Some(-1)), 255).ok_or_else(invalid)?,
            );
            if kind == -1 && code != -1 { return Err(invalid()) } else { (kind, code) }
        }
        _ => (-1, -1),
    };
    Ok((protocol.to_owned(), from, to))
}

/// A description that AWS takes.
///
/// Source: AWS EC2 API Reference, *IpRange*, `Description`: a-z, A-Z, 0-9, spaces, and `._-:/()#,@[]+=&;{}!$*`.
pub(super) fn description(text: Option<&str>) -> Result<Option<String>> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let known = |letter: char| letter.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(letter);
    if text.len() > MAX_DESCRIPTION || !text.chars().all(known) {
        let message = "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*";
        return Err(error("InvalidParameterValue", message));
    }
    Ok(Some(text.to_owned()))
}

/// An IPv4 network, its host part set to zero as AWS does.
pub(super) fn ipv4_network(text: &str) -> Result<String> {
    let invalid = || error("InvalidParameterValue", format!("CIDR block {text} is malformed"));
    let (address, length) = text.split_once('/').ok_or_else(invalid)?;
    let address: Ipv4Addr = address.parse().map_err(|_| invalid())?;
    let length = length_of(length, 32).ok_or_else(invalid)?;
    let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
    Ok(format!("{}/{length}", Ipv4Addr::from(u32::from(address) & mask)))
}

/// An IPv6 network, its host part set to zero.
fn ipv6_network(text: &str) -> Result<String> {
    let invalid = || error("InvalidParameterValue", format!("CIDR block {text} is malformed"));
    let (address, length) = text.split_once('/').ok_or_else(invalid)?;
    let address: Ipv6Addr = address.parse().map_err(|_| invalid())?;
    let length = length_of(length, 128).ok_or_else(invalid)?;
    let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
    Ok(format!("{}/{length}", Ipv6Addr::from(u128::from(address) & mask)))
}

fn length_of(text: &str, most: u32) -> Option<u32> {
    let length: u32 = text.parse().ok().filter(|length| *length <= most)?;
    (length.to_string() == text).then_some(length)
}

/// The length of a network's prefix.
pub(super) fn prefix_length(network: &str) -> Option<u32> {
    network.split_once('/')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_have_one_form() {
        assert_eq!(ipv4_network("10.1.2.3/16").unwrap(), "10.1.0.0/16");
        assert_eq!(ipv4_network("0.0.0.0/0").unwrap(), "0.0.0.0/0");
        assert_eq!(ipv4_network("10.1.2.3/32").unwrap(), "10.1.2.3/32");
        assert_eq!(ipv6_network("2001:DB8::1/32").unwrap(), "2001:db8::/32");
        assert_eq!(ipv6_network("::/0").unwrap(), "::/0");
        for bad in ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/+8", "10.0.0/8", "a/8", "::/0"] {
            ipv4_network(bad).unwrap_err();
        }
    }

    #[test]
    fn ports_have_one_form() {
        let ports = |protocol, from, to| ports(Some(protocol), from, to).ok();
        let some = |protocol: &str, from, to| Some((protocol.to_owned(), from, to));
        assert_eq!(ports("6", Some(80), Some(443)), some("tcp", 80, 443));
        assert_eq!(ports("TCP", Some(-1), Some(-1)), some("tcp", 0, 65535));
        assert_eq!(ports("-1", Some(1), Some(2)), some("-1", -1, -1));
        assert_eq!(ports("icmp", None, None), some("icmp", -1, -1));
        assert_eq!(ports("icmp", Some(8), Some(0)), some("icmp", 8, 0));
        assert_eq!(ports("50", None, None), some("50", -1, -1));
        for (protocol, from, to) in [
            ("tcp", None, None),
            ("tcp", Some(2), Some(1)),
            ("tcp", Some(-1), Some(80)),
            ("udp", Some(0), Some(65536)),
            ("icmp", Some(-1), Some(3)),
            ("256", None, None),
            ("06", None, None),
            ("x", None, None),
        ] {
            assert_eq!(ports(protocol, from, to), None, "{protocol} {from:?} {to:?}");
        }
    }
}
