//! What reaches what in a Kubernetes cluster, and because of what; and the packet filter of a node that makes exactly that true.
//!
//! ```
//! use ringwall_model::network::{
//!     NamespaceScope, NetworkParts, NetworkPolicy, NetworkRule, Peer, PodScope, PortMatch, Protocol, RuleAction, Tier,
//! };
//! use ringwall_model::{
//!     Cluster, LabelRequirement, LabelSelector, ObjectRef, Pod, PodReferences, SelectorOperator, Source,
//! };
//! use ringwall_network::{Network, Party, Port, Who};
//!
//! let reference = |api_version: &str, kind: &str, name: &str| ObjectRef {
//!     api_version: api_version.into(),
//!     kind: kind.into(),
//!     namespace: Some("shop".into()),
//!     name: name.into(),
//! };
//! let pod = |name: &str, address: &str| Pod {
//!     reference: reference("v1", "Pod", name),
//!     source: Source::new("kubernetes/pods.yaml", 1),
//!     uid: None,
//!     labels: vec![("app".into(), name.into())],
//!     host_network: false,
//!     node_name: None,
//!     service_account: "default".into(),
//!     references: PodReferences::default(),
//!     mirror: false,
//!     phase: Some("Running".into()),
//!     network: NetworkParts { addresses: vec![address.parse().unwrap()], ..NetworkParts::default() },
//! };
//! let app = |name: &str| PodScope {
//!     namespaces: NamespaceScope::Named("shop".into()),
//!     pods: Some(LabelSelector {
//!         requirements: vec![LabelRequirement {
//!             key: "app".into(),
//!             operator: SelectorOperator::In,
//!             values: vec![name.into()],
//!         }],
//!     }),
//! };
//! let policy = NetworkPolicy {
//!     reference: reference("networking.k8s.io/v1", "NetworkPolicy", "api"),
//!     source: Source::new("kubernetes/policies.yaml", 1),
//!     tier: Tier::NetworkPolicy,
//!     subject: app("api"),
//!     ingress: Some(vec![NetworkRule {
//!         index: 0,
//!         name: None,
//!         source: Source::new("kubernetes/policies.yaml", 9),
//!         action: RuleAction::Accept,
//!         peers: Some(vec![Peer::Pods(app("web"))]),
//!         ports: Some(vec![PortMatch::Range { protocol: Protocol::Tcp, first: 8080, last: 8080 }]),
//!     }]),
//!     egress: None,
//!     unreadable: vec![],
//! };
//! let mut cluster = Cluster { pods: vec![pod("web", "10.0.0.1"), pod("api", "10.0.0.2")], ..Cluster::default() };
//! cluster.network.policies.push(policy);
//! let network = Network::new(&cluster);
//!
//! let who = |name: &str| Who::Pod { namespace: "shop".into(), name: name.into() };
//! let decision = network.connects(&who("web"), &who("api"), &Port::Number(8080), Protocol::Tcp)?;
//! assert!(decision.is_allowed());
//! let lines: Vec<String> = decision.reasons.iter().map(|reason| format!("{}: {}", reason.source, reason.text)).collect();
//! assert_eq!(
//!     lines,
//!     [
//!         "built in: no policy isolates Pod shop/web for egress",
//!         "kubernetes/policies.yaml:9: ingress rule 0 allows TCP 8080 to Pod shop/api from Pod shop/web",
//!     ],
//! );
//! let outside = Who::Address("192.0.2.1".parse().unwrap());
//! assert!(!network.connects(&outside, &who("api"), &Port::Number(8080), Protocol::Tcp)?.is_allowed());
//!
//! let party = |name: &str| Party::Pod(network.pod_named("shop", name).unwrap());
//! assert_eq!(network.traffic(party("web"), party("api")).traffic.to_string(), "TCP 8080");
//! # Ok::<(), ringwall_network::QuestionError>(())
//! ```
//!
//! [`Network::new`] finds out who there is: [`PodEntry`] (living pods, and templates of workloads without any), [`NodeEntry`],
//! [`NamespaceEntry`], [`PolicyEntry`]. [`Network::selecting`] tells which policies speak of a pod, in the order in which they are asked,
//! [`Network::select`] which pods a scope of a rule means, [`Network::holders`] who has an address. [`Network::traffic`] answers for two
//! [`Party`]s what policies let pass, as a set of ports; [`Network::decide`] and [`Network::connects`] answer for one packet, with
//! reasons and with security groups; [`Reach`] answers for all pairs at once, and [`plan`] is a node's share of it.
//! [`diff()`] tells what other packets pass in a second snapshot, [`exposure()`] what pods that don't exist yet could reach, [`suggest()`] which
//! least policies allow what was seen.
//!
//! # Exactly
//!
//! - Egress of the source and ingress of the destination must both allow, and so must security groups, where the snapshot has any. What
//!   goes back on an allowed connection needs no rule.
//! - Tiers: admin policies by priority, then NetworkPolicies, which are a union without order and decide for whomever one of them
//!   isolates, then the baseline, then all is allowed. Cluster policies of one priority have no order, so what two of them would treat
//!   differently is unknown.
//! - Policies are about pods on the pod network. A pod on its node's network is its node: no selector is about it, and blocks and
//!   `nodes` match it by the node's address and labels. A pod and its own node always reach each other, and everybody reaches
//!   itself by its own address; who reaches itself by a service's address is subject to policies.
//! - A block matches whoever has the address, pods too, before any translation of the source and after that of the destination; `except`
//!   takes out of its own block alone. Families never match each other.
//! - Ports are the destination pod's own. A name is looked up among the destination's container ports of that protocol, and matches
//!   nothing on who has none of that name.
//! - Two parties are judged in every family that both have, and all must allow. Who has no address is judged by labels in every family of
//!   the other, and no block matches it. Parties that share no family are judged each by its own address: whether there is a route between
//!   them is not asked. The outside is judged in its own family.
//! - An address is of the living pod that has it, else of the node, else of the service, else of the outside. A pod that is over has none.
//! - A workload is its pods, through what it owns; all must be allowed. Without any it is its template. A ReplicaSet or Job that the
//!   snapshot lacks is recognised by the name that its controller gave it.
//! - A service is every pod that it selects, ready or not, else what its EndpointSlices list, and all must be allowed; nothing behind it is
//!   denied. Where a node may put its address in the client's place (ports of nodes, load balancers), what client and node are treated
//!   alike in is answered, anything else is unknown.
//! - What could not be read or evaluated makes a verdict unknown only where it could have changed it, and is then told in `not_evaluated`.
//!
//! Sources: Kubernetes, *Network Policies*, the API reference of NetworkPolicy v1, *Service*; network-policy-api, ClusterNetworkPolicy
//! v1alpha2, AdminNetworkPolicy and BaselineAdminNetworkPolicy v1alpha1. `cases/network` holds published cases with which every answer
//! agrees, and the tests a naive reading of the same documents.

pub mod checks;
mod decide;
mod diff;
mod evaluate;
mod exposure;
pub mod groups;
mod network;
mod owners;
mod pairs;
mod party;
pub mod plan;
mod rules;
mod select;
mod services;
mod suggest;
mod traffic;
mod warnings;
mod who;

pub use diff::{Change, Diff, DiffParty, Turn, diff};
pub use evaluate::{Allowed, direction};
pub use exposure::{Exposed, NewNamespace, NewPods, exposure};
pub use network::{Direction, Network};
pub use pairs::{
    AddressRange, Class, Edge, Folded, FoldedLink, FoldedParty, Member, ModelPod, Reach, Shadowed, shadowed,
};
pub use party::{
    End, EndKind, Labels, NamespaceEntry, NamespaceId, NodeEntry, NodeId, Origin, Party, PodEntry, PodId,
    PolicyEntry, PolicyId,
};
pub use rules::{Match, Matched, peer_matches, ports_match, rule_matches, rules, scope_matches};
pub use services::{Endpoint, Facing};
pub use suggest::{Beyond, Evidence, LeftOut, Manifest, Seen, Suggestion, suggest};
pub use traffic::{Span, Traffic};
pub use warnings::{Warning, WarningKind};
pub use who::{Port, QuestionError, Who};
