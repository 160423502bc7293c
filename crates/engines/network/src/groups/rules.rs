//! Rules of groups, and whether they name whom a packet comes from or goes to.

use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::HashMap;
use ipnet::IpNet;
use ringwall_model::network::{
    GroupPeer, GroupProtocol, PrefixList, Protocol, SecurityGroup, SecurityGroupRule,
};

use super::Family;
use crate::{Direction, Traffic};

/// Protocol numbers of IANA that have keys of their own in [`Traffic`].
const TCP: u8 = 6;
const UDP: u8 = 17;
const SCTP: u8 = 132;
const ICMP: u8 = 1;
const ICMP_V6: u8 = 58;

/// A group with its rules as sets of traffic.
#[derive(Debug)]
pub(super) struct Group<'a> {
    pub(super) group: &'a SecurityGroup,
    ingress: Vec<Rule<'a>>,
    egress: Vec<Rule<'a>>,
}

/// A rule, by what it lets through over IPv4 and IPv6.
#[derive(Debug)]
pub(super) struct Rule<'a> {
    pub(super) rule: &'a SecurityGroupRule,
    v4: Traffic,
    v6: Traffic,
}

impl<'a> Group<'a> {
    pub(super) fn new(group: &'a SecurityGroup) -> Self {
        let compiled = |rules: &'a [SecurityGroupRule]| {
            let of = |family, rule| traffic(rule, family);
            rules
                .iter()
                .map(|rule| Rule { rule, v4: of(Family::V4, rule), v6: of(Family::V6, rule) })
                .collect()
        };
        Self { group, ingress: compiled(&group.ingress), egress: compiled(&group.egress) }
    }

    pub(super) fn rules(&self, direction: Direction) -> &[Rule<'a>] {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }
}

impl Rule<'_> {
    pub(super) fn traffic(&self, family: Family) -> &Traffic {
        match family {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        }
    }
}

/// What a rule lets through in packets of a family.
///
/// Source: AWS EC2 API Reference, *IpPermission*: "Use -1 to specify all protocols. […] specifying -1 or a protocol number other
/// than tcp, udp, icmp, or icmpv6 allows traffic on all ports, regardless of any port range you specify"; of ICMP the range is
/// "type" and "code", -1 being all of them. ICMP goes over IPv4 and ICMPv6 over IPv6.
fn traffic(rule: &SecurityGroupRule, family: Family) -> Traffic {
    match (rule.protocol, family) {
        (GroupProtocol::All, _) => Traffic::all(),
        (GroupProtocol::Tcp | GroupProtocol::Number(TCP), _) => ports(Protocol::Tcp, rule.ports),
        (GroupProtocol::Udp | GroupProtocol::Number(UDP), _) => ports(Protocol::Udp, rule.ports),
        (GroupProtocol::Number(SCTP), _) => Traffic::of(Protocol::Sctp),
        (GroupProtocol::Icmp | GroupProtocol::Number(ICMP), Family::V4)
        | (GroupProtocol::Icmpv6 | GroupProtocol::Number(ICMP_V6), Family::V6) => messages(rule.ports),
        (GroupProtocol::Icmp | GroupProtocol::Number(ICMP), Family::V6)
        | (GroupProtocol::Icmpv6 | GroupProtocol::Number(ICMP_V6), Family::V4) => Traffic::none(),
        (GroupProtocol::Number(number), _) => Traffic::numbers(number, number),
    }
}

/// Ports; a range that begins at -1 is all of them, one that no port can be in is none.
fn ports(protocol: Protocol, range: Option<(i32, i32)>) -> Traffic {
    match range {
        None | Some((-1, _)) => Traffic::of(protocol),
        Some((first, last)) => match (u16::try_from(first), u16::try_from(last)) {
            (Ok(first), Ok(last)) => Traffic::ports(protocol, first, last),
            _ => Traffic::none(),
        },
    }
}

/// Types and codes of ICMP, as keys of [`Traffic`].
fn messages(range: Option<(i32, i32)>) -> Traffic {
    let (kind, code) = range.unwrap_or((-1, -1));
    let key = |kind: u8, code: u8| u16::from_be_bytes([kind, code]);
    match (kind, u8::try_from(kind), code, u8::try_from(code)) {
        (-1, ..) => Traffic::of(Protocol::Icmp),
        (_, Ok(kind), -1, _) => Traffic::ports(Protocol::Icmp, key(kind, 0), key(kind, u8::MAX)),
        (_, Ok(kind), _, Ok(code)) => Traffic::ports(Protocol::Icmp, key(kind, code), key(kind, code)),
        _ => Traffic::none(),
    }
}

/// The other end of a packet, as a rule sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'s> {
    pub(super) address: Address,
    /// Groups of the interface that holds the address.
    pub(super) member: Member<'s>,
}

/// A private address of the packet's family.
#[derive(Clone, Copy, Debug)]
pub(super) enum Address {
    At(IpAddr),
    /// It will be given one.
    ToCome,
    /// It has addresses of the other family alone.
    Never,
}

/// Groups that an address belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Member<'s> {
    /// Those of its interface.
    Of(&'s [Arc<str>]),
    /// Nobody knows its interface.
    Unknown,
}

/// Whether a rule names somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    Yes,
    No,
    /// What is missing to tell.
    Perhaps(String),
}

/// Prefix lists by id, and the blocks that addresses not yet given out will be of.
#[derive(Debug)]
pub(super) struct Places<'a> {
    pub(super) lists: HashMap<&'a str, &'a PrefixList>,
    pub(super) blocks: Vec<IpNet>,
}

impl Places<'_> {
    /// Whether a rule's peer is whom a packet comes from or goes to.
    ///
    /// Source: Amazon EC2 User Guide, *Security group rules*: a rule that names a group goes by "the private IP addresses of the
    /// instances that are associated with the source security group", and adds none of that group's rules.
    pub(super) fn named(&self, peer: &GroupPeer, family: Family, seen: Seen<'_>) -> Named {
        match peer {
            GroupPeer::Block(block) => self.within(block, family, seen.address),
            GroupPeer::Group { id, .. } => match seen.member {
                Member::Of(groups) if groups.contains(id) => Named::Yes,
                Member::Of(_) => Named::No,
                Member::Unknown => Named::Perhaps(format!(
                    "whether an interface of the other end carries `{id}` is not in the exports"
                )),
            },
            GroupPeer::PrefixList(id) => match self.lists.get(&**id).and_then(|list| list.blocks.as_ref()) {
                None => {
                    Named::Perhaps(format!("the blocks of the prefix list `{id}` are not in the exports"))
                }
                Some(blocks) => {
                    let mut named = Named::No;
                    for block in blocks {
                        match self.within(block, family, seen.address) {
                            Named::Yes => return Named::Yes,
                            Named::No => {}
                            perhaps @ Named::Perhaps(_) => named = perhaps,
                        }
                    }
                    named
                }
            },
            GroupPeer::Unreadable(why) => Named::Perhaps(format!("a rule's peer could not be read: {why}")),
        }
    }

    /// Whether an address is in a block. One that is not given out yet will be of a subnet, so a block around all of them has it, and
    /// a block apart from all of them has not.
    fn within(&self, block: &IpNet, family: Family, address: Address) -> Named {
        if family != Family::of_block(block) {
            return Named::No;
        }
        match address {
            Address::At(address) if block.contains(&address) => Named::Yes,
            Address::At(_) | Address::Never => Named::No,
            Address::ToCome if block.prefix_len() == 0 => Named::Yes,
            Address::ToCome => {
                let mut subnets =
                    self.blocks.iter().filter(|subnet| Family::of_block(subnet) == family).peekable();
                let known = subnets.peek().is_some();
                let (mut all, mut any) = (known, !known);
                for subnet in subnets {
                    all &= block.contains(subnet);
                    any |= block.contains(subnet) || subnet.contains(block);
                }
                match (all, any) {
                    (true, _) => Named::Yes,
                    (false, false) => Named::No,
                    (false, true) => Named::Perhaps(format!(
                        "whether the address that it will get is in {block} is not known"
                    )),
                }
            }
        }
    }
}
