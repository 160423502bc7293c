//! Pods that reach the instance metadata service, and with it the role of their node.
//!
//! Source: Amazon EKS User Guide, *Restrict access to the instance profile assigned to the worker node*.

use ringwall_model::network::Protocol;
use ringwall_model::{CheckResult, ComputeType, Ec2Instance, Reason, Severity};

use super::{About, MAX_REASONS, namespace_reference, of_object, workloads_of};
use crate::decide::METADATA;
use crate::{NamespaceEntry, Network, Party, PodEntry};

const OPEN: About = About {
    check: "network-metadata-open",
    title: "no pod reaches the metadata service of its node",
    remedy: "deny egress by default and leave 169.254.169.254 out of wide blocks with `except`; besides, require tokens with a hop limit of 1",
};

pub(super) const CHECKS: &[&About] = &[&OPEN];

/// The port of the service.
const PORT: u16 = 80;

/// What an instance lets a pod have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Instance {
    Open,
    Closed,
    /// Nobody says.
    Unknown,
}

pub(super) fn results(network: &Network<'_>) -> Vec<CheckResult> {
    OPEN.or_passes(network.namespaces().iter().filter_map(|namespace| judged(network, namespace)).collect())
}

/// One result for all pods of a namespace.
fn judged(network: &Network<'_>, namespace: &NamespaceEntry<'_>) -> Option<CheckResult> {
    let (mut open, mut unknown) = (Vec::new(), Vec::new());
    for pod in network.pods_of(namespace).iter().filter(|pod| !pod.host_network() && !pod.is_spare()) {
        let (certain, possible) = policy_lets_out(network, pod);
        match instance_of(network, pod) {
            Instance::Open if certain => open.push(pod),
            Instance::Open | Instance::Unknown if possible => unknown.push(pod),
            _ => {}
        }
    }
    let name = namespace.name;
    if !open.is_empty() {
        let who = workloads_of(network, &open);
        let why = format!(
            "the metadata service, and with it the role of their node, is open to {who} in the namespace `{name}`"
        );
        return Some(OPEN.fails(Severity::High, why, reasons(network, name, &open)));
    }
    if unknown.is_empty() {
        return None;
    }
    let who = workloads_of(network, &unknown);
    let why = format!(
        "no policy surely keeps {who} in the namespace `{name}` from the metadata service, and the snapshot doesn't tell whether their instances do"
    );
    Some(OPEN.unknown(why, reasons(network, name, &unknown)))
}

/// Whether policies let a pod reach any address of the service, and whether they might.
fn policy_lets_out(network: &Network<'_>, pod: &PodEntry<'_>) -> (bool, bool) {
    let mut found = (false, false);
    for address in METADATA.into_iter().filter(|address| address.is_ipv4() || has_ipv6(pod)) {
        let allowed = network.traffic(Party::Pod(pod), Party::Address(address));
        let certain = allowed.traffic.contains(Protocol::Tcp, PORT);
        found.0 |= certain;
        found.1 |= certain || allowed.uncertain.contains(Protocol::Tcp, PORT);
    }
    found
}

fn has_ipv6(pod: &PodEntry<'_>) -> bool {
    pod.parts().addresses.iter().any(std::net::IpAddr::is_ipv6)
}

/// A template may come to any node.
fn instance_of(network: &Network<'_>, pod: &PodEntry<'_>) -> Instance {
    let Some(node) = pod.node.and_then(|id| network.node(id)) else {
        let all = network.nodes().iter().map(|node| of_node(network, node));
        let all: Vec<_> = all.collect();
        return if all.contains(&Instance::Open) {
            Instance::Open
        } else if all.is_empty() || all.contains(&Instance::Unknown) {
            Instance::Unknown
        } else {
            Instance::Closed
        };
    };
    of_node(network, node)
}

fn of_node(network: &Network<'_>, node: &crate::NodeEntry<'_>) -> Instance {
    if node.object.is_some_and(|node| node.compute == Some(ComputeType::Fargate)) {
        return Instance::Closed;
    }
    network.instance(node).map_or(Instance::Unknown, lets)
}

/// Without a token only an instance answers that doesn't require one, whatever its hop limit: that is about the answer with the token.
fn lets(instance: &Ec2Instance) -> Instance {
    match (instance.http_endpoint.as_deref(), instance.http_tokens.as_deref(), instance.hop_limit) {
        (Some("disabled"), ..) | (_, Some("required"), Some(1)) => Instance::Closed,
        (_, Some("optional"), _) | (_, _, Some(2..)) => Instance::Open,
        _ => Instance::Unknown,
    }
}

/// The namespace, then what lets its pods out, of each workload once.
fn reasons(network: &Network<'_>, name: &str, pods: &[&PodEntry<'_>]) -> Vec<Reason> {
    let written = network.cluster().namespaces.iter().find(|one| &*one.name == name);
    let source = written.map_or_else(ringwall_model::Source::built_in, |one| one.source.clone());
    let mut reasons = vec![of_object(&namespace_reference(name), &source, "has these pods")];
    let [ipv4, _] = METADATA;
    for pod in pods {
        for found in network.decide(Party::Pod(pod), Party::Address(ipv4), Protocol::Tcp, PORT).reasons {
            if reasons.len() < MAX_REASONS && !found.source.is_built_in() && !reasons.contains(&found) {
                reasons.push(found);
            }
        }
    }
    reasons
}
