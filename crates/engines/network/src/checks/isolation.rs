//! Namespaces whose pods are open unless somebody thinks of them.
//!
//! Source: Kubernetes, *Network Policies*, *Default policies*: a policy that selects every pod of its namespace and has no rules denies
//! what no other policy allows, for pods that don't exist yet too.

use ringwall_model::network::{NamespaceScope, NetworkPolicy, NetworkRule, Peer, RuleAction, Tier};
use ringwall_model::{CheckResult, LabelSelector, Reason, Severity};

use super::{About, SYSTEM, namespace_reference, of_object, of_rule, workloads_of};
use crate::{Direction, NamespaceEntry, Network, PodEntry, rules};

const INGRESS: About = About {
    check: "network-default-ingress",
    title: "every namespace denies what no policy lets in",
    remedy: "add a NetworkPolicy with an empty podSelector, policyTypes Ingress and no rules; then one for each way in that is needed",
};

const EGRESS: About = About {
    check: "network-default-egress",
    title: "every namespace denies what no policy lets out",
    remedy: "add a NetworkPolicy with an empty podSelector, policyTypes Egress and no rules; then one for DNS and each way out that is needed",
};

pub(super) const CHECKS: &[&About] = &[&INGRESS, &EGRESS];

pub(super) fn results(network: &Network<'_>) -> Vec<CheckResult> {
    let judge = |about: &About, direction| {
        let namespaces = network.namespaces().iter().filter(|namespace| !SYSTEM.contains(&namespace.name));
        about.or_passes(namespaces.filter_map(|one| judged(network, about, one, direction)).collect())
    };
    let mut results = judge(&INGRESS, Direction::Ingress);
    results.extend(judge(&EGRESS, Direction::Egress));
    results
}

/// `None` if the namespace denies by default, or has no pods that a policy could be about.
fn judged(
    network: &Network<'_>,
    about: &About,
    namespace: &NamespaceEntry<'_>,
    direction: Direction,
) -> Option<CheckResult> {
    let pods: Vec<_> =
        network.pods_of(namespace).iter().filter(|pod| !pod.host_network() && !pod.is_spare()).collect();
    if pods.is_empty() {
        return None;
    }
    let way = if direction == Direction::Ingress { "in" } else { "out" };
    let of_all: Vec<&NetworkPolicy> = network
        .policies()
        .iter()
        .map(|entry| entry.policy)
        .filter(|policy| rules(policy, direction).is_some() && is_about_all(policy, namespace))
        .collect();
    let opened = of_all.iter().find_map(|policy| {
        let rules = rules(policy, direction)?;
        let open = rules.iter().find(|rule| rule.peers.is_none() && rule.ports.is_none())?;
        (policy.tier == Tier::NetworkPolicy).then_some((*policy, open))
    });
    if let Some((policy, rule)) = opened {
        let why = format!(
            "{} lets everything {way} for every pod of the namespace `{}`",
            policy.reference, namespace.name
        );
        let reason = of_rule(
            policy,
            rule.index,
            &rule.source,
            "has a rule without peers and ports, which is for everybody",
        );
        return Some(about.fails(Severity::Medium, why, vec![reason]));
    }
    let denies = |policy: &&&NetworkPolicy| match policy.tier {
        Tier::NetworkPolicy => true,
        Tier::Admin(_) | Tier::Baseline(_) => {
            rules(policy, direction).is_some_and(|rules| rules.iter().any(denies_everybody))
        }
    };
    let closing: Vec<_> = of_all.iter().filter(denies).collect();
    if closing.iter().any(|policy| policy.unreadable.is_empty()) {
        return None;
    }
    if let Some(policy) = closing.first() {
        let why = format!(
            "whether the namespace `{}` denies by default can't be told: {} is not readable",
            namespace.name, policy.reference
        );
        return Some(
            about.unknown(why, vec![of_object(&policy.reference, &policy.source, "could not be read")]),
        );
    }
    Some(open(network, about, namespace, (direction, way), &pods))
}

fn open(
    network: &Network<'_>,
    about: &About,
    namespace: &NamespaceEntry<'_>,
    (direction, way): (Direction, &str),
    pods: &[&PodEntry<'_>],
) -> CheckResult {
    let is_open = |pod: &&&PodEntry<'_>| network.selecting_ids(pod.id, direction).is_empty();
    let bare: Vec<&PodEntry<'_>> = pods.iter().filter(is_open).copied().collect();
    let name = namespace.name;
    let (severity, why) = if bare.is_empty() {
        let why = format!(
            "policies are about every pod of the namespace `{name}` that is there, and the next one has all open on its way {way}"
        );
        (Severity::Low, why)
    } else {
        let who = workloads_of(network, &bare);
        (Severity::Medium, format!("no policy limits what goes {way} for {who} in the namespace `{name}`"))
    };
    about.fails(severity, why, vec![at_namespace(network, name)])
}

fn at_namespace(network: &Network<'_>, name: &str) -> Reason {
    let written = network.cluster().namespaces.iter().find(|one| &*one.name == name);
    let source = written.map_or_else(ringwall_model::Source::built_in, |one| one.source.clone());
    of_object(&namespace_reference(name), &source, "has no policy that selects every pod")
}

/// Whether a policy is about every pod of a namespace, present and future.
fn is_about_all(policy: &NetworkPolicy, namespace: &NamespaceEntry<'_>) -> bool {
    let namespaces = match &policy.subject.namespaces {
        NamespaceScope::Named(name) => **name == *namespace.name,
        NamespaceScope::Selected(selector) => selector.matches(&namespace.labels),
    };
    namespaces && policy.subject.pods.as_ref().is_none_or(is_empty)
}

fn is_empty(selector: &LabelSelector) -> bool {
    selector.requirements.is_empty()
}

/// Whether a rule of a cluster's policy denies every pod, or every address of a family.
fn denies_everybody(rule: &NetworkRule) -> bool {
    let is_everybody = |peer: &Peer| match peer {
        Peer::Pods(scope) => {
            matches!(&scope.namespaces, NamespaceScope::Selected(selector) if is_empty(selector))
                && scope.pods.as_ref().is_none_or(is_empty)
        }
        Peer::Block { cidr, except } => cidr.prefix_len() == 0 && except.is_empty(),
        Peer::Nodes(_) | Peer::DomainName(_) | Peer::Unreadable(_) => false,
    };
    rule.action == RuleAction::Deny
        && rule.ports.is_none()
        && rule.peers.as_ref().is_none_or(|peers| peers.iter().any(is_everybody))
}
