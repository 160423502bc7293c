use std::sync::Arc;

use ipnet::IpNet;
use serde::Serialize;

use crate::{LabelSelector, ObjectRef, Source};

/// A policy of any of the kinds that judge pods' packets, in one shape.
///
/// Sources: `networking.k8s.io/v1` NetworkPolicy; `policy.networking.k8s.io` ClusterNetworkPolicy (v1alpha2),
/// AdminNetworkPolicy and BaselineAdminNetworkPolicy (v1alpha1).
#[derive(Clone, Debug)]
pub struct NetworkPolicy {
    /// Its name in full.
    pub reference: ObjectRef,
    /// Where it is written.
    pub source: Source,
    /// When it is asked.
    pub tier: Tier,
    /// The pods that it is about.
    pub subject: PodScope,
    /// Rules of ingress, in their order; `None` if it says nothing of ingress, an empty list denies all of it (in
    /// [`Tier::NetworkPolicy`]) or nothing (in a tier of the cluster).
    pub ingress: Option<Vec<NetworkRule>>,
    /// Rules of egress, likewise.
    pub egress: Option<Vec<NetworkRule>>,
    /// What of it could not be read, each in words. What was unreadable selects all that it could have, and allows nothing; answers in
    /// which it could matter are unknown.
    pub unreadable: Vec<Arc<str>>,
}

/// When a policy is asked: admin policies by their priority, then NetworkPolicies, then the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Before NetworkPolicies. The lower priority (0 to 1000) decides first.
    Admin(ClusterTier),
    /// NetworkPolicies of namespaces: a union without order.
    NetworkPolicy,
    /// After NetworkPolicies, for pods that none of them isolates.
    Baseline(ClusterTier),
}

/// The place of a policy in its tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct ClusterTier {
    /// Its priority: the lower decides first.
    pub priority: i32,
}

/// One rule.
#[derive(Clone, Debug)]
pub struct NetworkRule {
    /// Which one of its list, counted from 0.
    pub index: usize,
    /// Its name, where the kind has names.
    pub name: Option<Arc<str>>,
    /// Where it is written.
    pub source: Source,
    /// What becomes of a packet that matches. NetworkPolicies only accept.
    pub action: RuleAction,
    /// The other ends, of which one must match; `None` is every one, inside and outside. An empty list matches nobody.
    pub peers: Option<Vec<Peer>>,
    /// Ports of which one must match; `None` is every port of every protocol. An empty list matches none.
    pub ports: Option<Vec<PortMatch>>,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleAction {
    /// Let through; no later tier is asked.
    Accept,
    /// Stopped; no later tier is asked.
    Deny,
    /// The rest of this tier is skipped.
    Pass,
}

/// Pods: labels within namespaces.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PodScope {
    /// The namespaces.
    pub namespaces: NamespaceScope,
    /// Labels of the pods; `None` where namespaces alone are said, which for packets is every pod of them.
    pub pods: Option<LabelSelector>,
}

/// Namespaces.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NamespaceScope {
    /// This one: the policy's own.
    Named(Arc<str>),
    /// Those with such labels; an empty selector is all.
    Selected(LabelSelector),
}

/// The other end of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    /// Pods.
    Pods(PodScope),
    /// Nodes, and so pods on their network (cluster policies alone).
    Nodes(LabelSelector),
    /// Addresses: `cidr` without what `except` takes out of it. Host bits are cut off.
    Block {
        /// The range.
        cidr: IpNet,
        /// What is taken out of this range, and of nothing else.
        except: Vec<IpNet>,
    },
    /// A name, which only a resolver can tell the addresses of: not evaluated.
    DomainName(Arc<str>),
    /// What could not be read: allows nothing, and may have denied.
    Unreadable(Arc<str>),
}

/// A port of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PortMatch {
    /// Every port of a protocol (of ICMP, every type).
    Protocol(Protocol),
    /// From the first to the last, both counted in.
    Range {
        /// The protocol: TCP, UDP or SCTP.
        protocol: Protocol,
        /// First port.
        first: u16,
        /// Last port, not below the first.
        last: u16,
    },
    /// A container port's name on the destination pod.
    Named {
        /// The protocol that the container port must have; `None` where any will do.
        protocol: Option<Protocol>,
        /// The name.
        name: Arc<str>,
    },
    /// What could not be read: allows nothing, and may have denied.
    Unreadable(Arc<str>),
}

/// A protocol above IP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Protocol {
    /// The one that is meant where none is said.
    #[default]
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
    /// ICMP in IPv4, ICMPv6 in IPv6. Has no ports.
    Icmp,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Tcp, Self::Udp, Self::Sctp, Self::Icmp];

    /// As Kubernetes writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
            Self::Icmp => "ICMP",
        }
    }

    /// Reads it as Kubernetes writes it, in either case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.name().eq_ignore_ascii_case(text))
    }
}
