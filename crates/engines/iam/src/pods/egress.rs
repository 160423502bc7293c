//! NetworkPolicies that keep a pod from the instance metadata service.
//!
//! Source: Kubernetes, *Network Policies*: a pod that a policy with `Egress` selects reaches only what some policy that
//! selects it allows. Whether anything enforces them depends on the network plugin.

use std::net::Ipv4Addr;
use std::sync::Arc;

use ringwall_model::{LabelRequirement, LabelSelector, Object, SelectorOperator, Tree};

/// Where the metadata service is.
const METADATA: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);
/// Its port, by HTTP.
const PORT: i64 = 80;

/// The policies that select a pod and of which none lets it reach the metadata service; nothing if it may.
pub(super) fn closed<'o>(
    objects: &'o [Object],
    namespace: &str,
    labels: &[(Arc<str>, Arc<str>)],
) -> Vec<&'o Object> {
    let selecting: Vec<&Object> = objects
        .iter()
        .filter(|object| object.reference.is("networking.k8s.io", "NetworkPolicy"))
        .filter(|object| object.reference.namespace.as_deref() == Some(namespace))
        .filter(|object| {
            object.tree.get("spec").is_some_and(|spec| is_for_egress(spec) && selects(spec, labels))
        })
        .collect();
    let opens = |object: &&Object| {
        object.tree.get("spec").is_some_and(|spec| spec.list("egress").iter().any(is_open))
    };
    if selecting.iter().any(opens) { Vec::new() } else { selecting }
}

fn is_for_egress(spec: &Tree) -> bool {
    match spec.get("policyTypes") {
        Some(types) => types.items().iter().any(|kind| kind.as_str() == Some("Egress")),
        None => spec.get("egress").is_some_and(|rules| !rules.items().is_empty()),
    }
}

fn selects(spec: &Tree, labels: &[(Arc<str>, Arc<str>)]) -> bool {
    spec.get("podSelector").is_none_or(|selector| read(selector).matches(labels))
}

/// A label selector. An expression that cannot be read selects nothing, so that nothing is called closed because of it.
fn read(tree: &Tree) -> LabelSelector {
    let equal = tree.get("matchLabels").map_or(&[][..], Tree::entries).iter().map(|entry| LabelRequirement {
        key: Arc::clone(&entry.key),
        operator: SelectorOperator::In,
        values: entry.value.as_shared().cloned().into_iter().collect(),
    });
    let expressions = tree.list("matchExpressions").iter().map(|expression| {
        let operator = match expression.str("operator") {
            Some("NotIn") => SelectorOperator::NotIn,
            Some("Exists") => SelectorOperator::Exists,
            Some("DoesNotExist") => SelectorOperator::DoesNotExist,
            _ => SelectorOperator::In,
        };
        let values = expression.list("values").iter().filter_map(|value| value.as_shared().cloned());
        LabelRequirement {
            key: expression.shared("key").unwrap_or_else(|| "".into()),
            operator,
            values: values.collect(),
        }
    });
    LabelSelector { requirements: equal.chain(expressions).collect() }
}

/// Whether a rule lets the metadata service be reached. What cannot be read counts as if it did.
fn is_open(rule: &Tree) -> bool {
    let ports = rule.list("ports");
    let peers = rule.list("to");
    (ports.is_empty() || ports.iter().any(is_its_port))
        && (peers.is_empty() || peers.iter().any(is_its_block))
}

fn is_its_port(port: &Tree) -> bool {
    if port.str("protocol").is_some_and(|protocol| protocol != "TCP") {
        return false;
    }
    let Some(first) = port.get("port") else { return true };
    // A name is that of a pod's port.
    let Some(first) = first.as_i64() else { return false };
    let last = port.get("endPort").and_then(Tree::as_i64).unwrap_or(first);
    (first..=last).contains(&PORT)
}

fn is_its_block(peer: &Tree) -> bool {
    let Some(block) = peer.get("ipBlock") else { return false };
    let has = |cidr: Option<&str>| cidr.map(contains);
    let excepted = block.list("except").iter().any(|except| has(except.as_str()) == Some(Some(true)));
    !excepted && block.str("cidr").is_none_or(|cidr| contains(cidr).unwrap_or(true))
}

/// Whether a block of addresses holds the metadata service; `None` if it cannot be read.
fn contains(cidr: &str) -> Option<bool> {
    let (network, bits) = cidr.split_once('/')?;
    if network.contains(':') {
        return Some(false);
    }
    let network: Ipv4Addr = network.parse().ok()?;
    let bits: u32 = bits.parse().ok().filter(|bits| *bits <= u32::BITS)?;
    let mask = u32::MAX.checked_shl(u32::BITS - bits).unwrap_or(0);
    Some(network.to_bits() & mask == METADATA.to_bits() & mask)
}
