//! Who judges a packet: which interfaces it passes, in which mode.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use ringwall_model::network::EnforcingMode;

use super::attach::{Attachment, GroupSet, SetId};
use super::bounds::Bounds;
use super::rules::{Address, Member, Named, Seen};
use super::{FAMILIES, Family, SecurityGroups};
use crate::{Direction, Network, Party, Traffic};

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length))
}

/// What security groups don't filter: the instance metadata service, the resolver's and the clock's link-local addresses, and what
/// tasks and pods fetch credentials from.
///
/// Source: Amazon VPC User Guide, *Control traffic to your AWS resources using security groups*: "Security groups do not filter
/// traffic destined to and from" Amazon DNS, DHCP, instance metadata, task metadata, the Time Sync Service and addresses reserved
/// for the VPC's router. All but the last are link-local, or of `fd00:ec2::/32`.
pub(super) const UNFILTERED: [IpNet; 3] = [
    v4(169, 254, 0, 0, 16),
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10)),
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0), 32)),
];

/// IPv4 addresses that are nobody's on the internet: those a VPC may have without a subnet in the exports saying so.
///
/// Source: RFC 1918; RFC 6598 (100.64.0.0/10) and RFC 2544 (198.18.0.0/15), which VPCs may take as secondary blocks.
pub(super) const PRIVATE: [IpNet; 5] = [
    v4(10, 0, 0, 0, 8),
    v4(172, 16, 0, 0, 12),
    v4(192, 168, 0, 0, 16),
    v4(100, 64, 0, 0, 10),
    v4(198, 18, 0, 0, 15),
];

/// Addresses of a subnet that are the VPC's own: its router (the second), and its resolver (the third).
///
/// Source: Amazon VPC User Guide, *Subnet CIDR blocks*: the base of the VPC plus two is the resolver, and "we also reserve the base
/// of each subnet range plus two".
pub(super) fn reserved(subnet: &IpNet) -> impl Iterator<Item = IpNet> + use<> {
    let hosts = match subnet {
        IpNet::V4(block) => {
            let base = u32::from(block.network());
            let third = base.saturating_add(2);
            let fits = block.contains(&Ipv4Addr::from(third));
            [base.saturating_add(1), third].map(|host| fits.then(|| IpNet::from(IpAddr::V4(host.into()))))
        }
        IpNet::V6(_) => [None, None],
    };
    hosts.into_iter().flatten()
}

/// Whether an address is of the cluster's VPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Whereabouts {
    Inside,
    Outside,
    /// The exports don't tell.
    Either,
}

/// An end's part in one packet: which lists of groups must all let it through, and as what the other end sees it.
pub(super) struct Part<'s> {
    pub(super) filters: Vec<SetId>,
    pub(super) seen: Seen<'s>,
}

/// How a packet goes.
pub(super) enum Path<'s> {
    /// Past no interface that judges it, for this reason.
    Unjudged(&'static str),
    /// From one end's interface to another's.
    Judged { from: Part<'s>, to: Part<'s> },
}

impl SecurityGroups<'_> {
    /// What may go over one family.
    pub(super) fn over(
        &self,
        network: &Network<'_>,
        from: Party<'_>,
        to: Party<'_>,
        family: Family,
    ) -> Bounds {
        let paths = self.paths(network, from, to, family);
        let bounds = paths.map(|path| self.along(&path, family)).reduce(|a, b| a.either(&b));
        bounds.unwrap_or_else(Bounds::unknown)
    }

    /// The ways that a packet may go: one, unless the snapshot does not tell which mode is on, what is outside, or on which node a pod
    /// will run.
    pub(super) fn paths<'s>(
        &'s self,
        network: &Network<'_>,
        from: Party<'_>,
        to: Party<'_>,
        family: Family,
    ) -> impl Iterator<Item = Path<'s>> {
        let sources = self.attachments.alternatives(&self.attached(network, from).to);
        let targets = self.attachments.alternatives(&self.attached(network, to).to);
        let mut paths = Vec::with_capacity(self.modes.len());
        for mode in self.modes {
            for outside in self.outside(network, to) {
                for (source, target) in
                    sources.iter().flat_map(|source| targets.iter().map(move |target| (source, target)))
                {
                    let ends = ((from, source), (to, target));
                    paths.push(self.path(network, ends, family, *mode, *outside));
                }
            }
        }
        paths.into_iter()
    }

    /// Whether who gets a packet may be outside the VPC.
    fn outside(&self, network: &Network<'_>, to: Party<'_>) -> &'static [bool] {
        let whereabouts = match to {
            Party::Address(address) if network.node_of(to).is_none() => self.whereabouts(address),
            Party::Pod(_) | Party::Node(_) | Party::Address(_) => Whereabouts::Inside,
        };
        match whereabouts {
            Whereabouts::Inside => &[false],
            Whereabouts::Outside => &[true],
            Whereabouts::Either => &[false, true],
        }
    }

    /// The table of the two modes.
    ///
    /// Source: amazon-vpc-cni-k8s, README, `POD_SECURITY_GROUP_ENFORCING_MODE`; Amazon EKS Best Practices Guide, *Security groups per
    /// pod* ("Network traffic must comply with both security groups"; in strict mode "all outbound traffic from a pod will leave the
    /// node and enter the VPC network"); Amazon EKS User Guide, *IPv6 addresses to clusters, Pods, and services* (IPv6 is not
    /// translated, and a pod without an IPv4 address of its own reaches IPv4 under its node's).
    fn path(
        &self,
        network: &Network<'_>,
        ((from, source), (to, target)): ((Party<'_>, &Attachment), (Party<'_>, &Attachment)),
        family: Family,
        mode: EnforcingMode,
        outside: bool,
    ) -> Path<'_> {
        if is_same(from, to) {
            return Path::Unjudged("nobody's traffic to itself passes its interface");
        }
        if self.is_unfiltered(from) || self.is_unfiltered(to) {
            return Path::Unjudged(
                "security groups don't filter link-local addresses, the VPC's resolver and its router",
            );
        }
        let is_branch = |attachment: &Attachment| matches!(attachment, Attachment::Branch { .. });
        let own_way = mode == EnforcingMode::Strict && (is_branch(source) || is_branch(target));
        let node = network.node_of(from);
        if node.is_some() && node == network.node_of(to) && !own_way {
            return Path::Unjudged("what stays on a node passes no interface of the VPC");
        }
        let borrows =
            family == Family::V4 && self.borrows_ipv4(from) && !matches!(source, Attachment::Own(_));
        let translated = borrows || family == Family::V4 && outside && self.translates(source, mode);
        let passed = if translated { primary(source).into_iter().collect() } else { filters(source, mode) };
        let seen = match node.and_then(|node| network.node(node)) {
            Some(node) if translated => {
                self.seen(Party::Node(node), &self.attachments.node(node.id).to, family)
            }
            _ => self.seen(from, source, family),
        };
        let sender = Part { filters: passed, seen };
        let receiver = Part { filters: filters(target, mode), seen: self.seen(to, target, family) };
        Path::Judged { from: sender, to: receiver }
    }

    /// Whether a node gives packets of an interface its own address when they leave the VPC.
    fn translates(&self, attachment: &Attachment, mode: EnforcingMode) -> bool {
        !self.external_snat
            && match attachment {
                Attachment::Branch { .. } => mode == EnforcingMode::Standard,
                Attachment::Node { .. } => true,
                Attachment::Own(_) | Attachment::Outside => false,
            }
    }

    /// Whether a pod has addresses, but none of IPv4.
    pub(super) fn borrows_ipv4(&self, from: Party<'_>) -> bool {
        let Party::Pod(pod) = from else { return false };
        let addresses = &pod.parts().addresses;
        !addresses.is_empty() && addresses.iter().all(IpAddr::is_ipv6)
    }

    fn along(&self, path: &Path<'_>, family: Family) -> Bounds {
        match path {
            Path::Unjudged(_) => Bounds::all(),
            Path::Judged { from, to } => {
                let sent = self.through(&from.filters, Direction::Egress, family, to.seen);
                sent.and(&self.through(&to.filters, Direction::Ingress, family, from.seen))
            }
        }
    }

    fn through(&self, filters: &[SetId], direction: Direction, family: Family, seen: Seen<'_>) -> Bounds {
        let each = filters.iter().map(|set| self.lets(*set, direction, family, seen));
        each.fold(Bounds::all(), |all, one| all.and(&one))
    }

    /// What the groups of one interface let through together.
    ///
    /// Source: Amazon EC2 User Guide, *Security group rules*: rules only permit, and those of all groups of an interface "are
    /// effectively aggregated to create one set of rules".
    pub(super) fn lets(&self, set: SetId, direction: Direction, family: Family, seen: Seen<'_>) -> Bounds {
        let GroupSet::Known(groups) = self.attachments.set(set) else {
            return Bounds::unknown();
        };
        let mut bounds = Bounds::none();
        for id in groups {
            let Some(group) = self.groups.get(&**id) else {
                bounds.maybe = Traffic::all();
                continue;
            };
            for rule in group.rules(direction) {
                let traffic = rule.traffic(family);
                for (peer, _) in &rule.rule.peers {
                    match self.places.named(peer, family, seen) {
                        Named::Yes => {
                            bounds = bounds.or(&Bounds { sure: traffic.clone(), maybe: traffic.clone() })
                        }
                        Named::Perhaps(_) => bounds.maybe = bounds.maybe.or(traffic),
                        Named::No => {}
                    }
                }
            }
        }
        bounds
    }

    fn seen(&self, party: Party<'_>, attachment: &Attachment, family: Family) -> Seen<'_> {
        let held = match address(party, family) {
            Some(address) => Address::At(address),
            None if FAMILIES.iter().all(|family| address(party, *family).is_none()) => Address::ToCome,
            None => Address::Never,
        };
        Seen { address: held, member: self.member(party, attachment) }
    }

    fn member(&self, party: Party<'_>, attachment: &Attachment) -> Member<'_> {
        match attachment {
            Attachment::Branch { groups, .. } | Attachment::Own(groups) => self.members(*groups),
            Attachment::Node { own: Some(own), .. } => self.members(*own),
            Attachment::Node { own: None, .. } => Member::Unknown,
            Attachment::Outside => match party {
                Party::Address(address)
                    if self.interfaces.is_empty() && self.whereabouts(address) != Whereabouts::Outside =>
                {
                    Member::Unknown
                }
                _ => Member::Of(&[]),
            },
        }
    }

    fn members(&self, set: SetId) -> Member<'_> {
        match self.attachments.set(set) {
            GroupSet::Known(groups) => Member::Of(groups),
            GroupSet::Unknown(_) => Member::Unknown,
        }
    }

    pub(super) fn is_unfiltered(&self, party: Party<'_>) -> bool {
        let Party::Address(address) = party else { return false };
        UNFILTERED.iter().any(|block| block.contains(&address))
            || self.places.blocks.iter().flat_map(reserved).any(|host| host.addr() == address)
    }

    /// Whether an address that no pod and no node holds is of the VPC.
    pub(super) fn whereabouts(&self, address: IpAddr) -> Whereabouts {
        let family = Family::of(&address);
        let mut subnets =
            self.places.blocks.iter().filter(|block| Family::of_block(block) == family).peekable();
        let known = subnets.peek().is_some();
        let interface = self.interfaces.by_address(address);
        if subnets.any(|subnet| subnet.contains(&address)) {
            return Whereabouts::Inside;
        }
        match interface {
            Some(interface) if self.interfaces.is_foreign(interface) => return Whereabouts::Outside,
            Some(_) => return Whereabouts::Inside,
            None => {}
        }
        let public = family == Family::V4 && !PRIVATE.iter().any(|block| block.contains(&address));
        if known || public { Whereabouts::Outside } else { Whereabouts::Either }
    }
}

/// Whether two parties are one.
fn is_same(from: Party<'_>, to: Party<'_>) -> bool {
    match (from, to) {
        (Party::Pod(from), Party::Pod(to)) => from.id == to.id,
        (Party::Node(from), Party::Node(to)) => from.id == to.id,
        (Party::Address(from), Party::Address(to)) => from == to,
        _ => false,
    }
}

/// The address of a family by which a party sends and gets.
pub(super) fn address(party: Party<'_>, family: Family) -> Option<IpAddr> {
    let addresses = match &party {
        Party::Pod(pod) => pod.parts().addresses.as_slice(),
        Party::Node(node) => node.addresses.as_slice(),
        Party::Address(address) => std::slice::from_ref(address),
    };
    addresses.iter().copied().find(|address| Family::of(address) == family)
}

/// Lists of groups of an end's interfaces that a packet must pass, every one of them.
fn filters(attachment: &Attachment, mode: EnforcingMode) -> Vec<SetId> {
    match (attachment, mode) {
        (Attachment::Branch { groups, .. }, EnforcingMode::Strict) => vec![*groups],
        (Attachment::Branch { groups, primary }, EnforcingMode::Standard) => {
            std::iter::once(*groups).chain(*primary).collect()
        }
        (Attachment::Node { own, .. }, _) => own.iter().copied().collect(),
        (Attachment::Own(groups), _) => vec![*groups],
        (Attachment::Outside, _) => Vec::new(),
    }
}

fn primary(attachment: &Attachment) -> Option<SetId> {
    match attachment {
        Attachment::Branch { primary, .. } | Attachment::Node { primary, .. } => *primary,
        Attachment::Own(_) | Attachment::Outside => None,
    }
}
