//! What one rule matches: peers and ports.

use ringwall_model::network::{
    ContainerPort, NamespaceScope, NetworkPolicy, NetworkRule, Peer, PodScope, PortMatch,
};

use crate::network::Direction;
use crate::party::{End, EndKind};
use crate::traffic::Traffic;

/// Whether something matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Match {
    /// It doesn't.
    No,
    /// It could, and nobody here can tell: a domain name, something that could not be read, labels that are not known.
    Maybe,
    /// It does.
    Yes,
}

/// What a rule matches of the traffic between two ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Matched {
    /// What it matches for certain.
    pub certain: Traffic,
    /// What it may match, the certain counted in.
    pub possible: Traffic,
}

/// The rules of one direction; `None` if the policy says nothing of it.
pub fn rules(policy: &NetworkPolicy, direction: Direction) -> Option<&[NetworkRule]> {
    match direction {
        Direction::Ingress => policy.ingress.as_deref(),
        Direction::Egress => policy.egress.as_deref(),
    }
}

/// Whether a scope has a pod in it. Anything but a pod on the pod network is in none.
pub fn scope_matches(scope: &PodScope, end: &End<'_>) -> bool {
    let namespace = match &scope.namespaces {
        NamespaceScope::Named(name) => **name == *end.namespace,
        NamespaceScope::Selected(selector) => selector.matches(end.namespace_labels),
    };
    end.kind == EndKind::Pod
        && namespace
        && scope.pods.as_ref().is_none_or(|selector| selector.matches(end.labels))
}

/// Whether a peer of a rule is this end.
///
/// Blocks are matched by address alone, whoever has it (Kubernetes' conformance tests expect that of pods too), and each block's `except`
/// takes out of that block and of nothing else. Source: Kubernetes, *Network Policies*, and the end-to-end test "should allow egress to
/// a server in CIDR block".
pub fn peer_matches(peer: &Peer, end: &End<'_>) -> Match {
    let sure = |matches: bool| if matches { Match::Yes } else { Match::No };
    match peer {
        Peer::Pods(scope) => sure(scope_matches(scope, end)),
        Peer::Nodes(_) if end.kind != EndKind::Node => Match::No,
        Peer::Nodes(selector) if !end.labels_known && !selector.requirements.is_empty() => Match::Maybe,
        Peer::Nodes(selector) => sure(selector.matches(end.labels)),
        Peer::Block { cidr, except } => sure(end.address.is_some_and(|address| {
            cidr.contains(&address) && !except.iter().any(|taken| taken.contains(&address))
        })),
        Peer::DomainName(_) => {
            if end.kind == EndKind::Outside {
                Match::Maybe
            } else {
                Match::No
            }
        }
        Peer::Unreadable(_) => Match::Maybe,
    }
}

/// What the ports of a rule are on a destination with these container ports.
///
/// A name means the container ports of that name and protocol, of every container; on who has none of that name it matches nothing.
/// Source: Kubernetes, NetworkPolicyPort `port`.
pub fn ports_match(ports: Option<&[PortMatch]>, destination: &[ContainerPort]) -> Matched {
    let Some(ports) = ports else { return Matched { certain: Traffic::all(), possible: Traffic::all() } };
    let mut spans = Vec::new();
    let mut unreadable = false;
    for port in ports {
        match port {
            PortMatch::Protocol(protocol) => spans.push((*protocol, 0, u16::MAX)),
            PortMatch::Range { protocol, first, last } => spans.push((*protocol, *first, *last)),
            PortMatch::Named { protocol, name } => {
                let named = destination.iter().filter(|has| has.name.as_ref() == Some(name));
                let meant = named.filter(|has| protocol.is_none_or(|protocol| protocol == has.protocol));
                spans.extend(meant.map(|has| (has.protocol, has.port, has.port)));
            }
            PortMatch::Unreadable(_) => unreadable = true,
        }
    }
    let certain = Traffic::of_ports(spans);
    let possible = if unreadable { Traffic::all() } else { certain.clone() };
    Matched { certain, possible }
}

/// What a rule matches between the pod that its policy is about and a peer; `destination` are the ports of the one that the traffic is to.
pub fn rule_matches(rule: &NetworkRule, peer: &End<'_>, destination: &[ContainerPort]) -> Matched {
    let who = match &rule.peers {
        None => Match::Yes,
        Some(peers) => peers.iter().map(|one| peer_matches(one, peer)).max().unwrap_or(Match::No),
    };
    match who {
        Match::No => Matched::default(),
        Match::Maybe => {
            let ports = ports_match(rule.ports.as_deref(), destination);
            Matched { certain: Traffic::none(), possible: ports.possible }
        }
        Match::Yes => ports_match(rule.ports.as_deref(), destination),
    }
}
