//! Policies and rules that do not do what they were written for.

use ringwall_model::network::{
    ContainerPort, NamespaceScope, NetworkPolicy, NetworkRule, Peer, PodScope, PortMatch, RuleAction,
};
use ringwall_model::{CheckResult, LabelSelector, SelectorOperator, Severity};

use super::{About, of_object, of_rule};
use crate::{Direction, Network, PodEntry, Traffic, ports_match, rules};

const SELECTS_NOTHING: About = About {
    check: "network-policy-selects-nothing",
    title: "every network policy is about a pod",
    remedy: "correct the labels of `podSelector`, or remove the policy",
};

const NEVER_MATCHES: About = About {
    check: "network-rule-never-matches",
    title: "every rule of a network policy is for somebody",
    remedy: "correct the labels of the peers, or remove the rule",
};

const NO_SUCH_PORT: About = About {
    check: "network-port-missing",
    title: "every port of a network policy is one that a container has",
    remedy: "write the port of the container, not the service's; `kubectl explain pod.spec.containers.ports` tells where pods declare them",
};

const NAMESPACE_LABEL: About = About {
    check: "network-namespace-label",
    title: "who may come in does not depend on labels that are given to namespaces",
    remedy: "select by `kubernetes.io/metadata.name`, which nobody can give to another namespace, or keep others from writing that label",
};

pub(super) const CHECKS: &[&About] = &[&SELECTS_NOTHING, &NEVER_MATCHES, &NO_SUCH_PORT, &NAMESPACE_LABEL];

/// Label of namespaces that the apiserver writes.
const METADATA_NAME: &str = "kubernetes.io/metadata.name";

pub(super) fn results(network: &Network<'_>) -> Vec<CheckResult> {
    let (mut nothing, mut never, mut ports, mut labels) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for entry in network.policies() {
        let policy = entry.policy;
        let subject = pods(network, &policy.subject);
        if policy.unreadable.is_empty() && subject.is_empty() {
            nothing.extend(selects_nothing(network, policy));
            continue;
        }
        for direction in [Direction::Ingress, Direction::Egress] {
            for rule in rules(policy, direction).unwrap_or_default() {
                if is_for_nobody(network, rule) {
                    let why = format!(
                        "a rule of {} is for nobody: no pod or node has such labels",
                        policy.reference
                    );
                    let text = format!("{} rule {} matches nothing", direction.name(), rule.index);
                    let reason = of_rule(policy, rule.index, &rule.source, text);
                    never.push(NEVER_MATCHES.fails(Severity::Low, why, vec![reason]));
                    continue;
                }
                ports.extend(missing_port(network, policy, (rule, direction), &subject));
            }
        }
        labels.extend(namespace_label(policy));
    }
    let mut results = SELECTS_NOTHING.or_passes(nothing);
    results.extend(NEVER_MATCHES.or_passes(never));
    results.extend(NO_SUCH_PORT.or_passes(ports));
    results.extend(NAMESPACE_LABEL.or_passes(labels));
    results
}

/// Pods of a scope that are there or will be.
fn pods<'n, 'a>(network: &'n Network<'a>, scope: &PodScope) -> Vec<&'n PodEntry<'a>> {
    network.select(scope).into_iter().filter(|pod| !pod.is_spare()).collect()
}

fn is_empty(selector: &LabelSelector) -> bool {
    selector.requirements.is_empty()
}

/// A policy about every pod waits for pods to come and is no mistake.
fn selects_nothing(network: &Network<'_>, policy: &NetworkPolicy) -> Option<CheckResult> {
    let all = LabelSelector::default();
    let selector = policy.subject.pods.as_ref().unwrap_or(&all);
    let namespaces: Vec<_> = network.namespaces_of(&policy.subject.namespaces).collect();
    if is_empty(selector)
        && (matches!(policy.subject.namespaces, NamespaceScope::Named(_)) || !namespaces.is_empty())
    {
        return None;
    }
    let here = || namespaces.iter().flat_map(|namespace| network.pods_of(namespace));
    let on_host = here().any(|pod| pod.host_network() && selector.matches(pod.labels()));
    let why = if on_host {
        format!("{} selects only pods on their nodes' network, which no policy isolates", policy.reference)
    } else {
        let near = near(selector, here()).map(|near| format!("; there is `{near}`")).unwrap_or_default();
        format!("{} selects no pod{near}", policy.reference)
    };
    let reason = of_object(&policy.reference, &policy.source, "asks for labels that no pod has");
    Some(SELECTS_NOTHING.fails(Severity::Medium, why, vec![reason]))
}

/// A label like one that is asked for: of the same key, the one value going on where the other ends, or differing in case.
fn near<'p>(selector: &LabelSelector, pods: impl Iterator<Item = &'p PodEntry<'p>>) -> Option<String> {
    let wanted: Vec<_> = selector
        .requirements
        .iter()
        .filter(|one| one.operator == SelectorOperator::In)
        .flat_map(|one| one.values.iter().map(move |value| (&one.key, value)))
        .collect();
    let is_near = |written: &str, found: &str| {
        written.eq_ignore_ascii_case(found) || written.starts_with(found) || found.starts_with(written)
    };
    let mut found: Vec<String> = pods
        .flat_map(PodEntry::labels)
        .filter(|(key, value)| {
            !value.is_empty() && wanted.iter().any(|(k, v)| *k == key && is_near(v, value))
        })
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    found.sort();
    found.into_iter().next()
}

fn is_for_nobody(network: &Network<'_>, rule: &NetworkRule) -> bool {
    let is_nobody = |peer: &Peer| match peer {
        Peer::Pods(scope) => pods(network, scope).is_empty(),
        Peer::Nodes(selector) => {
            network.nodes().iter().all(|node| node.object.is_some() && !selector.matches(node.labels()))
        }
        Peer::Block { .. } | Peer::DomainName(_) | Peer::Unreadable(_) => false,
    };
    rule.peers.as_ref().is_some_and(|peers| peers.iter().all(is_nobody))
}

/// A rule whose ports none of the destinations declares. Who declares no ports at all may listen on any.
fn missing_port(
    network: &Network<'_>,
    policy: &NetworkPolicy,
    (rule, direction): (&NetworkRule, Direction),
    subject: &[&PodEntry<'_>],
) -> Option<CheckResult> {
    let wanted = rule.ports.as_deref()?;
    if wanted.iter().any(|port| matches!(port, PortMatch::Unreadable(_) | PortMatch::Protocol(_))) {
        return None;
    }
    let targets = match direction {
        Direction::Ingress => subject.to_vec(),
        Direction::Egress => {
            let mut targets = Vec::new();
            for peer in rule.peers.as_deref()? {
                // What isn't a pod has ports that nobody declares.
                let Peer::Pods(scope) = peer else { return None };
                targets.extend(pods(network, scope));
            }
            targets
        }
    };
    let declares = |pod: &&&PodEntry<'_>| !pod.parts().ports.is_empty() && pod.parts().unreadable.is_empty();
    let has = |pod: &&PodEntry<'_>| {
        let ports = &pod.parts().ports;
        !ports_match(Some(wanted), ports).certain.and(&declared(ports)).is_none()
    };
    let is_silent = targets.iter().any(|pod| !declares(&pod));
    if targets.is_empty() || is_silent || targets.iter().any(has) {
        return None;
    }
    let numbers: Vec<String> = wanted.iter().map(port_name).collect();
    let whose = if direction == Direction::Ingress { "the pods that it is about" } else { "its peers" };
    let why = format!(
        "a rule of {} allows {}, which no container of {whose} has",
        policy.reference,
        numbers.join(", ")
    );
    let text = format!("{} rule {} leads to no port", direction.name(), rule.index);
    Some(NO_SUCH_PORT.fails(Severity::Low, why, vec![of_rule(policy, rule.index, &rule.source, text)]))
}

fn declared(ports: &[ContainerPort]) -> Traffic {
    ports
        .iter()
        .fold(Traffic::none(), |all, port| all.or(&Traffic::ports(port.protocol, port.port, port.port)))
}

fn port_name(port: &PortMatch) -> String {
    match port {
        PortMatch::Protocol(protocol) => protocol.name().to_owned(),
        PortMatch::Range { protocol, first, last } if first == last => format!("{} {first}", protocol.name()),
        PortMatch::Range { protocol, first, last } => format!("{} {first}-{last}", protocol.name()),
        PortMatch::Named { name, .. } => format!("the port `{name}`"),
        PortMatch::Unreadable(why) => why.to_string(),
    }
}

/// A rule that lets in whoever is in a namespace with a label that its owners give to it.
fn namespace_label(policy: &NetworkPolicy) -> Option<CheckResult> {
    let label = |peer: &Peer| {
        let Peer::Pods(PodScope { namespaces: NamespaceScope::Selected(selector), .. }) = peer else {
            return None;
        };
        let by_name = selector
            .requirements
            .iter()
            .any(|one| &*one.key == METADATA_NAME && one.operator == SelectorOperator::In);
        let first = selector.requirements.first().filter(|_| !by_name)?;
        Some(first.key.clone())
    };
    let accepting = policy.ingress.iter().flatten().filter(|rule| rule.action == RuleAction::Accept);
    let (rule, key) =
        accepting.filter_map(|rule| Some((rule, rule.peers.as_deref()?.iter().find_map(label)?))).next()?;
    let why = format!(
        "{} lets in pods of namespaces by the label `{key}`: whoever may label a namespace opens it to that namespace",
        policy.reference
    );
    let text = format!("ingress rule {} selects namespaces by `{key}`", rule.index);
    Some(NAMESPACE_LABEL.fails(Severity::Low, why, vec![of_rule(policy, rule.index, &rule.source, text)]))
}
