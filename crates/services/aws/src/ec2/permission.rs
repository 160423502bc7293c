//! What rules let through, as requests write it.
//!
//! Sources: AWS EC2 API Reference, *IpPermission*, *AuthorizeSecurityGroupIngress*; AWS VPC User Guide, *Security group rules*.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::Deserialize;

use super::ids::{Kind, shortened};
use super::rows::{Peer, Traffic};
use super::{error, missing_parameter};
use crate::error::{ApiError, Result};

/// Most rules that one request names, so that a call's work is bounded; a group has at most 120 in a direction.
pub(super) const MAX_RULES_NAMED: usize = 1000;

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
        if self.ip_protocol.is_some()
            || self.cidr_ip.is_some()
            || self.from_port.is_some()
            || self.to_port.is_some()
        {
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
            if rules.len() > MAX_RULES_NAMED {
                return Err(error(
                    "InvalidParameterValue",
                    format!("At most {MAX_RULES_NAMED} rules can be named at once"),
                ));
            }
        }
        Ok(rules)
    }
}

impl IpPermission {
    fn rules(&self, egress: bool, account: &str, rules: &mut Vec<Wanted>) -> Result<()> {
        if !self.prefix_list_ids.is_empty() {
            return Err(error("InvalidPrefixListId.NotFound", "There are no prefix lists"));
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
            if pair.group_name.is_some() {
                // Names are of the default VPC, which there is none of.
                let message = "A security group is named by its GroupId";
                return Err(error("InvalidParameterCombination", message));
            }
            let id = pair.group_id.as_ref().ok_or_else(|| missing_parameter("groupId"))?;
            Kind::SecurityGroup.check(id)?;
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
        if let Some(group) = &self.referenced_group_id {
            Kind::SecurityGroup.check(group)?;
        }
        let peer = match (&self.cidr_ipv4, &self.cidr_ipv6, &self.referenced_group_id) {
            (Some(cidr), ..) => Peer::Ipv4(ipv4_network(cidr)?),
            (_, Some(cidr), _) => Peer::Ipv6(ipv6_network(cidr)?),
            (.., Some(group)) => Peer::Group(group.clone()),
            _ => return Err(error("InvalidPrefixListId.NotFound", "There are no prefix lists")),
        };
        Ok((Traffic { egress, protocol, from, to, peer }, description(self.description.as_deref())?))
    }
}

/// Protocol and ports in their one form.
///
/// Source: AWS EC2 API Reference, *IpPermission*: `-1` means all protocols, and it and protocols other than these four all
/// ports, whatever is named; `tcp` and `udp` need ports, `icmp` a type and code, -1 for all; `icmpv6` may leave them out.
fn ports(protocol: Option<&str>, from: Option<i64>, to: Option<i64>) -> Result<(String, i32, i32)> {
    let text = protocol.ok_or_else(|| missing_parameter("ipProtocol"))?;
    let lower = text.to_ascii_lowercase();
    let protocol = match lower.as_str() {
        "tcp" | "6" => "tcp",
        "udp" | "17" => "udp",
        "icmp" | "1" => "icmp",
        "icmpv6" | "58" => "icmpv6",
        "-1" => "-1",
        number if number.parse::<u8>().is_ok_and(|parsed| parsed.to_string() == number) => number,
        _ => {
            let message = format!("Invalid value '{}' for IP protocol. Unknown protocol.", shortened(text));
            return Err(error("InvalidParameterValue", message));
        }
    };
    let (from, to) = match protocol {
        "tcp" | "udp" => port_range(from, to)?,
        "icmpv6" if from.is_none() && to.is_none() => (-1, -1),
        "icmp" | "icmpv6" => type_and_code(from, to)?,
        _ => (-1, -1),
    };
    Ok((protocol.to_owned(), from, to))
}

fn port_range(from: Option<i64>, to: Option<i64>) -> Result<(i32, i32)> {
    let (Some(from), Some(to)) = (from, to) else { return Err(both_needed("TCP/UDP")) };
    let port = |value: i64| {
        let outside = || malformed(format!("TCP/UDP port ({value}) out of range"));
        u16::try_from(value).map(i32::from).map_err(|_| outside())
    };
    let (from, to) = (port(from)?, port(to)?);
    if from > to {
        return Err(malformed(format!("Invalid TCP/UDP port range ({from}:{to})")));
    }
    Ok((from, to))
}

fn type_and_code(kind: Option<i64>, code: Option<i64>) -> Result<(i32, i32)> {
    let (Some(kind), Some(code)) = (kind, code) else { return Err(both_needed("ICMP")) };
    let number = |name: &str, value: i64| match i32::try_from(value) {
        Ok(number) if (-1..=255).contains(&number) => Ok(number),
        _ => Err(malformed(format!("ICMP {name} ({value}) out of range"))),
    };
    let (kind, code) = (number("type", kind)?, number("code", code)?);
    if kind == -1 && code != -1 {
        return Err(malformed(format!("ICMP code ({code}) needs an ICMP type")));
    }
    Ok((kind, code))
}

fn both_needed(protocol: &str) -> ApiError {
    let message =
        format!("Invalid value 'Must specify both from and to ports with {protocol}.' for portRange.");
    error("InvalidParameterValue", message)
}

fn malformed(message: String) -> ApiError {
    error("InvalidPermission.Malformed", message)
}

/// Whether a text is not too long and has no letters but those that AWS takes in names and descriptions.
///
/// Source: AWS EC2 API Reference, *CreateSecurityGroup*, *IpRange*: a-z, A-Z, 0-9, spaces, and `._-:/()#,@[]+=&;{}!$*`.
pub(super) fn is_text(text: &str, most: usize) -> bool {
    let known = |letter: char| letter.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(letter);
    text.len() <= most && text.chars().all(known)
}

/// A description that AWS takes.
pub(super) fn description(text: Option<&str>) -> Result<Option<String>> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    if !is_text(text, MAX_DESCRIPTION) {
        let message = "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set: \
                       a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*";
        return Err(error("InvalidParameterValue", message));
    }
    Ok(Some(text.to_owned()))
}

/// An IPv4 network, its host part set to zero as AWS does.
pub(super) fn ipv4_network(text: &str) -> Result<String> {
    let invalid = || error("InvalidParameterValue", format!("CIDR block {} is malformed", shortened(text)));
    let (address, length) = text.split_once('/').ok_or_else(invalid)?;
    let address: Ipv4Addr = address.parse().map_err(|_| invalid())?;
    let length = length_of(length, 32).ok_or_else(invalid)?;
    let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
    Ok(format!("{}/{length}", Ipv4Addr::from(u32::from(address) & mask)))
}

/// An IPv6 network, its host part set to zero.
fn ipv6_network(text: &str) -> Result<String> {
    let invalid = || error("InvalidParameterValue", format!("CIDR block {} is malformed", shortened(text)));
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
        assert_eq!(ports("TCP", Some(0), Some(65535)), some("tcp", 0, 65535));
        assert_eq!(ports("icmpv6", None, None), some("icmpv6", -1, -1));
        assert_eq!(ports("58", Some(128), Some(-1)), some("icmpv6", 128, -1));
        assert_eq!(ports("-1", Some(1), Some(2)), some("-1", -1, -1));
        assert_eq!(ports("icmp", Some(-1), Some(-1)), some("icmp", -1, -1));
        assert_eq!(ports("icmp", Some(8), Some(0)), some("icmp", 8, 0));
        assert_eq!(ports("50", None, None), some("50", -1, -1));
        for (protocol, from, to) in [
            ("tcp", None, None),
            ("tcp", Some(2), Some(1)),
            ("tcp", Some(-1), Some(80)),
            ("tcp", Some(-1), Some(-1)),
            ("tcp", Some(80), None),
            ("icmp", None, None),
            ("icmp", Some(256), Some(0)),
            ("icmp", Some(-2), Some(-1)),
            ("icmpv6", Some(128), None),
            ("all", None, None),
            ("-2", None, None),
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
