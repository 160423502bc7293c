use std::sync::Arc;

use ringwall_model::network::{
    ClusterTier, NamespaceScope, NetworkPolicy, NetworkRule, Peer, PodScope, PortMatch, Protocol, RuleAction,
    Tier,
};
use ringwall_model::{LabelSelector, Object, Tree, Value};

use super::policy::selector;
use super::ports;
use crate::address::strict_block;
use crate::refused::{Refused, integer, items, mapping, string};

/// Priorities that a policy may have.
const PRIORITIES: std::ops::RangeInclusive<i64> = 0..=1000;

/// Most networks or domain names of a peer, in all of the kinds.
const MAX_NETWORKS: usize = 25;

/// What differs between the kinds.
struct Dialect {
    accept: &'static str,
    /// Most rules of a direction, and most peers and ports of a rule.
    most: usize,
    ports: &'static str,
    can_pass: bool,
    named_port: &'static str,
}

impl Dialect {
    fn of(kind: &str) -> Self {
        let older =
            Self { accept: "Allow", most: 100, ports: "ports", can_pass: true, named_port: "namedPort" };
        match kind {
            "ClusterNetworkPolicy" => Self {
                accept: "Accept",
                most: 25,
                ports: "protocols",
                can_pass: true,
                named_port: "destinationNamedPort",
            },
            "BaselineAdminNetworkPolicy" => Self { can_pass: false, ..older },
            _ => older,
        }
    }
}

/// A ClusterNetworkPolicy, AdminNetworkPolicy or BaselineAdminNetworkPolicy.
///
/// Sources: `apis/v1alpha2` and `apis/v1alpha1` of `kubernetes-sigs/network-policy-api`, whose validation rules the definitions carry
/// so that the apiserver refuses what breaks them. A peer of which no field is known fails closed there; here it is unreadable.
pub(super) fn cluster_policy(object: &Object, refused: &mut Refused<'_>) -> NetworkPolicy {
    let empty = Tree::new(object.source.line, Value::Null);
    let dialect = Dialect::of(&object.reference.kind);
    let mut unreadable = Vec::new();
    let (spec, words) = refused.watch(|refused| {
        let spec = mapping(&object.tree, "spec", refused);
        if spec.is_none() {
            refused.add(object.source.line, "it has no `spec`", "write what it is about under `spec`");
        }
        spec
    });
    unreadable.extend(words);
    let spec = spec.unwrap_or(&empty);
    let (tier, words) = refused.watch(|refused| tier(object, spec, refused));
    unreadable.extend(words);
    let (subject, words) = refused.watch(|refused| subject(spec, refused));
    unreadable.extend(words);
    let mut direction = |key, peers| {
        let (rules, words) = refused.watch(|refused| rules(object, spec, (key, peers), &dialect, refused));
        unreadable.extend(words);
        rules
    };
    let (ingress, egress) = (direction("ingress", "from"), direction("egress", "to"));
    NetworkPolicy {
        reference: object.reference.clone(),
        source: object.source.clone(),
        tier,
        subject,
        ingress,
        egress,
        unreadable,
    }
}

fn tier(object: &Object, spec: &Tree, refused: &mut Refused<'_>) -> Tier {
    let cluster = |refused: &mut Refused<'_>| {
        let priority = integer(spec, "priority", PRIORITIES, refused);
        if spec.get("priority").is_none_or(Tree::is_null) {
            refused.add(
                spec.line,
                "it has no `priority`",
                "write a number from 0 to 1000; the lower decides first",
            );
        }
        ClusterTier { priority: priority.and_then(|number| i32::try_from(number).ok()).unwrap_or_default() }
    };
    match &*object.reference.kind {
        "BaselineAdminNetworkPolicy" => {
            if &*object.reference.name != "default" {
                refused.add(
                    object.source.line,
                    format_args!("its name is `{}`", object.reference.name),
                    "a BaselineAdminNetworkPolicy is named `default`",
                );
            }
            Tier::Baseline(ClusterTier { priority: 0 })
        }
        "AdminNetworkPolicy" => Tier::Admin(cluster(refused)),
        _ => {
            let cluster = cluster(refused);
            match string(spec, "tier", refused).as_deref() {
                Some("Admin") => Tier::Admin(cluster),
                Some("Baseline") => Tier::Baseline(cluster),
                other => {
                    let written = other.unwrap_or_default();
                    let line = spec.get("tier").map_or(spec.line, |value| value.line);
                    refused.add(line, format_args!("`tier` is `{written}`"), "it must be Admin or Baseline");
                    Tier::Admin(cluster)
                }
            }
        }
    }
}

/// Every pod of every namespace.
fn everybody() -> PodScope {
    PodScope { namespaces: NamespaceScope::Selected(LabelSelector::default()), pods: None }
}

fn subject(spec: &Tree, refused: &mut Refused<'_>) -> PodScope {
    let Some(tree) = mapping(spec, "subject", refused) else {
        refused.add(spec.line, "it has no `subject`", "write which pods it is about: `namespaces` or `pods`");
        return everybody();
    };
    let namespaces = selector(tree, "namespaces", refused);
    let pods = mapping(tree, "pods", refused).map(|pods| namespaced_pods(pods, refused));
    if tree.entries().len() != 1 {
        refused.add(tree.line, "a subject has not exactly one field", "write either `namespaces` or `pods`");
        return everybody();
    }
    match (namespaces, pods) {
        (Some(namespaces), None) => PodScope { namespaces: NamespaceScope::Selected(namespaces), pods: None },
        (None, Some(pods)) => pods,
        _ => {
            refused.add(tree.line, "a subject without `namespaces` and `pods`", "write either of them");
            everybody()
        }
    }
}

fn namespaced_pods(tree: &Tree, refused: &mut Refused<'_>) -> PodScope {
    let mut required = |key| {
        if tree.get(key).is_none_or(Tree::is_null) {
            refused.add(tree.line, format_args!("`pods` without `{key}`"), "write `{}` to mean all");
        }
        selector(tree, key, refused).unwrap_or_default()
    };
    let namespaces = NamespaceScope::Selected(required("namespaceSelector"));
    PodScope { namespaces, pods: Some(required("podSelector")) }
}

fn rules(
    object: &Object,
    spec: &Tree,
    (list, peers): (&str, &str),
    dialect: &Dialect,
    refused: &mut Refused<'_>,
) -> Option<Vec<NetworkRule>> {
    spec.get(list).filter(|value| !value.is_null())?;
    let items = items(spec, list, refused);
    at_most(items, dialect.most, list, refused);
    let rules = items.iter().enumerate().map(|(index, item)| {
        // What is in doubt here alone is told by the rule itself.
        let (found_peers, peer_words) = refused.watch(|refused| peer_list(item, peers, dialect, refused));
        let (mut ports, port_words) = refused.watch(|refused| port_list(item, dialect, refused));
        let speaks_of_addresses = found_peers
            .iter()
            .any(|peer| matches!(peer, Peer::Block { .. } | Peer::Nodes(_) | Peer::DomainName(_)));
        let is_named = |port: &PortMatch| matches!(port, PortMatch::Named { .. });
        let (mut found_peers, mut misfit) = (found_peers, None);
        if speaks_of_addresses
            && let Some(ports) = &mut ports
            && ports.iter().any(is_named)
        {
            ((), misfit) = refused.watch(|refused| {
                refused.add(
                    item.line,
                    format_args!("a rule with `{}` and peers that are no pods", dialect.named_port),
                    "only pods have named ports: make two rules of it",
                );
            });
            ports.retain(|port| !is_named(port));
        }
        if let Some(words) = peer_words {
            found_peers.push(Peer::Unreadable(words));
        }
        if let Some(words) = port_words.into_iter().chain(misfit).next() {
            ports.get_or_insert_default().push(PortMatch::Unreadable(words));
        }
        NetworkRule {
            index,
            name: string(item, "name", refused),
            source: object.source.at(item.line),
            action: action(item, dialect, refused),
            peers: Some(found_peers),
            ports,
        }
    });
    Some(rules.collect())
}

fn at_most(items: &[Tree], most: usize, what: &str, refused: &mut Refused<'_>) {
    if let Some(first) = items.get(most) {
        refused.add(
            first.line,
            format_args!("`{what}` has {} items, the API takes at most {most}", items.len()),
            "make several policies of it",
        );
    }
}

fn action(item: &Tree, dialect: &Dialect, refused: &mut Refused<'_>) -> RuleAction {
    match item.str("action") {
        Some("Deny") => RuleAction::Deny,
        Some("Pass") if dialect.can_pass => RuleAction::Pass,
        Some(action) if action == dialect.accept => RuleAction::Accept,
        other => {
            let line = item.get("action").map_or(item.line, |value| value.line);
            let message = format!("a rule's `action` is `{}`", other.unwrap_or_default());
            let hint = match (dialect.can_pass, dialect.accept) {
                (true, "Accept") => "it must be Accept, Deny or Pass",
                (true, _) => "it must be Allow, Deny or Pass",
                _ => "it must be Allow or Deny",
            };
            refused.add(line, message, hint);
            RuleAction::Deny
        }
    }
}

/// The peers that can be read.
fn peer_list(rule: &Tree, key: &str, dialect: &Dialect, refused: &mut Refused<'_>) -> Vec<Peer> {
    let items = items(rule, key, refused);
    if items.is_empty() {
        refused.add(rule.line, format_args!("a rule without `{key}`"), "write at least one peer");
    }
    at_most(items, dialect.most, key, refused);
    items.iter().flat_map(|item| peer(item, key == "to", refused)).collect()
}

/// The peers that one item is: several, if it lists networks or names.
fn peer(item: &Tree, is_egress: bool, refused: &mut Refused<'_>) -> Vec<Peer> {
    const FIELDS: [&str; 5] = ["namespaces", "pods", "nodes", "networks", "domainNames"];
    let known = if is_egress { FIELDS.as_slice() } else { FIELDS.get(..2).unwrap_or_default() };
    let [entry] = item.entries() else {
        let hint = if is_egress {
            "write one of namespaces, pods, nodes, networks and domainNames"
        } else {
            "write either namespaces or pods"
        };
        refused.add(item.line, "a peer has not exactly one field", hint);
        return Vec::new();
    };
    let key = &*entry.key;
    if !known.contains(&key) {
        refused.add(
            entry.line,
            format_args!("a peer has no field `{key}`"),
            "its definition may be newer: update",
        );
        return Vec::new();
    }
    let (peers, words) = refused.watch(|refused| match key {
        "namespaces" => selector(item, key, refused)
            .map(|namespaces| {
                Peer::Pods(PodScope { namespaces: NamespaceScope::Selected(namespaces), pods: None })
            })
            .into_iter()
            .collect(),
        "pods" => mapping(item, key, refused)
            .map(|pods| Peer::Pods(namespaced_pods(pods, refused)))
            .into_iter()
            .collect(),
        "nodes" => selector(item, key, refused).map(Peer::Nodes).into_iter().collect(),
        "networks" => networks(item, refused),
        _ => domain_names(item, refused),
    });
    let is_nothing = peers.is_empty() && words.is_none();
    if is_nothing {
        refused.add(entry.line, format_args!("a peer's `{key}` says nothing"), "write what it selects");
    }
    if let Some(words) = words {
        // A selector that lost a requirement selects too much.
        refused.tell(words);
        return peers
            .into_iter()
            .filter(|peer| matches!(peer, Peer::Block { .. } | Peer::DomainName(_)))
            .collect();
    }
    peers
}

fn networks(item: &Tree, refused: &mut Refused<'_>) -> Vec<Peer> {
    let items = items(item, "networks", refused);
    at_most(items, MAX_NETWORKS, "networks", refused);
    let mut peers = Vec::new();
    for network in items {
        match network.as_str().and_then(strict_block) {
            Some(cidr) => peers.push(Peer::Block { cidr, except: Vec::new() }),
            None => {
                let written = network.as_str().unwrap_or_else(|| network.kind());
                let hint = "write a block, as 10.0.0.0/8 or fd00::/8";
                refused.add(network.line, format_args!("`networks` has `{written}`, not a block"), hint);
            }
        }
    }
    peers
}

fn domain_names(item: &Tree, refused: &mut Refused<'_>) -> Vec<Peer> {
    let items = items(item, "domainNames", refused);
    at_most(items, MAX_NETWORKS, "domainNames", refused);
    let mut peers = Vec::new();
    for name in items {
        match name.as_shared().filter(|name| !name.is_empty()) {
            Some(name) => peers.push(Peer::DomainName(Arc::clone(name))),
            None => {
                refused.add(
                    name.line,
                    format_args!("a domain name is {}", name.kind()),
                    "write it as a string",
                );
            }
        }
    }
    peers
}

/// The ports that can be read; `None`, which is everything, if the rule has none.
fn port_list(rule: &Tree, dialect: &Dialect, refused: &mut Refused<'_>) -> Option<Vec<PortMatch>> {
    let list = rule.get(dialect.ports).filter(|value| !value.is_null())?;
    let items = items(rule, dialect.ports, refused);
    at_most(items, dialect.most, dialect.ports, refused);
    if matches!(&list.value, Value::Sequence(items) if items.is_empty()) {
        let message = format!("`{}` is empty", dialect.ports);
        refused.add(list.line, message, "leave it out to mean every port");
    }
    let port = |item| {
        if dialect.ports == "protocols" { protocol_port(item, refused) } else { admin_port(item, refused) }
    };
    Some(items.iter().filter_map(port).collect())
}

/// An item of `protocols`: `tcp`, `udp` or `sctp` with a port, or the name of one.
fn protocol_port(item: &Tree, refused: &mut Refused<'_>) -> Option<PortMatch> {
    const HINT: &str = "write one of tcp, udp, sctp and destinationNamedPort";
    let [entry] = item.entries() else {
        refused.add(item.line, "an item of `protocols` has not exactly one field", HINT);
        return None;
    };
    let protocol = match &*entry.key {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        "sctp" => Protocol::Sctp,
        "destinationNamedPort" => {
            let name = string(item, "destinationNamedPort", refused);
            if name.is_none() {
                refused.add(
                    entry.line,
                    "`destinationNamedPort` is empty",
                    "write the name of a container port",
                );
            }
            return name.map(|name| PortMatch::Named { protocol: None, name });
        }
        other => {
            refused.add(entry.line, format_args!("an item of `protocols` has no field `{other}`"), HINT);
            return None;
        }
    };
    let port = mapping(item, &entry.key, refused)
        .and_then(|tree| mapping(tree, "destinationPort", refused))
        .filter(|port| port.entries().len() == 1);
    let Some(port) = port else {
        let message = format!("`{}` without one `destinationPort`", entry.key);
        refused.add(entry.line, message, "write destinationPort with either `number` or `range`");
        return None;
    };
    if let Some(range) = mapping(port, "range", refused) {
        return ports::range(range, protocol, |first, last| first < last, refused);
    }
    let first = ports::port(port, "number", refused);
    if first.is_none() {
        refused.add(port.line, "a `destinationPort` without `number` and `range`", "write either of them");
    }
    first.map(|first| PortMatch::Range { protocol, first, last: first })
}

/// An item of the older kinds' `ports`.
fn admin_port(item: &Tree, refused: &mut Refused<'_>) -> Option<PortMatch> {
    const HINT: &str = "write one of portNumber, namedPort and portRange";
    let [entry] = item.entries() else {
        refused.add(item.line, "an item of `ports` has not exactly one field", HINT);
        return None;
    };
    let found = match &*entry.key {
        "portNumber" => mapping(item, "portNumber", refused).and_then(|tree| {
            let protocol = ports::protocol(tree, "protocol", refused);
            let first = ports::port(tree, "port", refused)?;
            Some(PortMatch::Range { protocol, first, last: first })
        }),
        "portRange" => mapping(item, "portRange", refused).and_then(|tree| {
            let protocol = ports::protocol(tree, "protocol", refused);
            ports::range(tree, protocol, |first, last| first <= last, refused)
        }),
        "namedPort" => {
            string(item, "namedPort", refused).map(|name| PortMatch::Named { protocol: None, name })
        }
        _ => None,
    };
    if found.is_none() {
        refused.add(entry.line, format_args!("the port `{}` says no port", entry.key), HINT);
    }
    found
}
