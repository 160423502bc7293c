//! The least NetworkPolicies that allow what was seen, with the engine's own proof.

mod manifest;
mod proof;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::HashMap;
use ringwall_model::ObjectRef;
use ringwall_model::network::{NetworkPolicy, Protocol};

pub use manifest::Manifest;
pub use proof::{Beyond, Evidence};

use crate::diff::lasting_labels;
use crate::{Network, NodeId, Party, PodEntry, QuestionError, Traffic, Who};

/// Namespaces that no policy is suggested for: what the cluster itself runs needs more than flows of one day show, and to isolate it breaks
/// all others.
const SYSTEM: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// Labels that tell a version or a tool, not who somebody is: they change while the workload stays the same.
///
/// Sources: Kubernetes, *Recommended Labels*; Helm, *Labels and Annotations*.
const LABELS_OF_VERSIONS: [&str; 4] =
    ["app.kubernetes.io/version", "app.kubernetes.io/managed-by", "helm.sh/chart", "version"];

/// The label of the cluster's DNS pods. Source: Kubernetes, *Debugging DNS Resolution*: CoreDNS keeps `k8s-app=kube-dns`.
const DNS: (&str, &str, &str) = ("kube-system", "k8s-app", "kube-dns");

/// How many pods of one workload on one node are looked at: two, so that there is a pair of different ones.
const ALIKE: usize = 2;

/// A connection that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Who tried.
    pub from: Who,
    /// To whom.
    pub to: Who,
    /// With which protocol.
    pub protocol: Protocol,
    /// To which port.
    pub port: u16,
    /// Whether it went through. What didn't is not allowed for its own sake.
    pub allowed: bool,
}

/// Policies, and what is known of them.
#[derive(Clone, Debug)]
pub struct Suggestion {
    /// The policies: for each namespace one that denies by default, for each workload one that allows what it needs.
    pub policies: Vec<NetworkPolicy>,
    /// The same in the form in which they are applied.
    pub manifests: Vec<Manifest>,
    /// Where more or less was written than was seen, each in words.
    pub notes: Vec<String>,
    /// Flows that were left out, by their place in the list, and why.
    pub left_out: Vec<(usize, LeftOut)>,
    /// What the engine says of a cluster with these policies instead of the NetworkPolicies of the same namespaces.
    pub evidence: Evidence,
}

/// Why a flow has no part in a suggestion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// One of its ends is nobody.
    Nobody(QuestionError),
    /// NetworkPolicies can't speak of the protocol.
    Protocol(Protocol),
}

/// Pods as a policy selects them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Group {
    namespace: Arc<str>,
    labels: Vec<(Arc<str>, Arc<str>)>,
}

/// The other end.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Other {
    Pods(Group),
    Address(IpAddr),
}

/// What one group of pods needs.
#[derive(Clone, Debug, Default)]
struct Needs {
    /// Names of its workloads.
    names: BTreeSet<Arc<str>>,
    ingress: BTreeMap<Other, Traffic>,
    egress: BTreeMap<Other, Traffic>,
}

/// Suggests NetworkPolicies for the namespaces of the pods that took part in `seen`.
///
/// Pods are selected by the labels that all pods of their workload have and that outlive rollouts. Every pod may ask the cluster's DNS.
/// Addresses of the outside are written as they are; several of one /24 (IPv6: /64), if nobody of the cluster is in it, as that block.
/// Namespaces of the cluster's own parts are left as they are.
pub fn suggest(network: &Network<'_>, seen: &[Seen]) -> Suggestion {
    let mut needs: BTreeMap<Group, Needs> = BTreeMap::new();
    let mut left_out = Vec::new();
    let mut notes = Vec::new();
    for (at, flow) in seen.iter().enumerate().filter(|(_, flow)| flow.allowed) {
        if flow.protocol == Protocol::Icmp {
            left_out.push((at, LeftOut::Protocol(flow.protocol)));
            continue;
        }
        let (senders, getters) = match ends(network, flow) {
            Ok(ends) => ends,
            Err(error) => {
                left_out.push((at, LeftOut::Nobody(error)));
                continue;
            }
        };
        for from in &senders {
            for (to, port) in &getters {
                need(network, &mut needs, *from, *to, &Traffic::ports(flow.protocol, *port, *port));
            }
        }
    }
    add_dns(network, &mut needs, &mut notes);
    let policies = write::policies(network, &needs, &mut notes);
    let evidence = proof::prove(network, &policies, seen, &left_out);
    let manifests = policies.iter().map(Manifest::new).collect();
    Suggestion { policies, manifests, notes, left_out, evidence }
}

type Getters<'n> = Vec<(Party<'n>, u16)>;

/// Everybody whom a flow's two ends stand for, those that are sent to with their own port: of pods of one workload on one node as many as
/// can differ.
fn ends<'n>(network: &'n Network<'_>, flow: &Seen) -> Result<(Vec<Party<'n>>, Getters<'n>), QuestionError> {
    let getters = network.destinations(&flow.to, flow.port, flow.protocol)?;
    let senders = network.sources(&flow.from)?.into_iter().map(|sender| (sender, 0));
    let senders = few(network, senders).into_iter().map(|(sender, _)| sender);
    Ok((senders.collect(), few(network, getters)))
}

/// At most [`ALIKE`] of each workload, node and port: rules can't tell more of them apart, and large workloads have many pairs.
fn few<'n>(network: &Network<'_>, parties: impl IntoIterator<Item = (Party<'n>, u16)>) -> Getters<'n> {
    let mut counts: HashMap<(&ObjectRef, Option<NodeId>, u16), usize> = HashMap::new();
    let mut few = Vec::new();
    for (party, port) in parties {
        let workload = match party {
            Party::Pod(pod) => network.pod(pod.id).and_then(|pod| network.workload_of(pod)),
            Party::Node(_) | Party::Address(_) => None,
        };
        if let Some(workload) = workload {
            let count = counts.entry((&workload.reference, network.node_of(party), port)).or_default();
            *count += 1;
            if *count > ALIKE {
                continue;
            }
        }
        few.push((party, port));
    }
    few
}

/// Both ends of a connection need it, as far as they are pods that policies can select.
fn need(
    network: &Network<'_>,
    needs: &mut BTreeMap<Group, Needs>,
    from: Party<'_>,
    to: Party<'_>,
    traffic: &Traffic,
) {
    if network.exempt(from, to) {
        return;
    }
    let add = |all: &mut BTreeMap<Other, Traffic>, others: Vec<Other>| {
        for other in others {
            let known = all.entry(other).or_default();
            *known = known.or(traffic);
        }
    };
    if let Some(needs) = needs_of(network, needs, from) {
        add(&mut needs.egress, others(network, to));
    }
    if let Some(needs) = needs_of(network, needs, to) {
        add(&mut needs.ingress, others(network, from));
    }
}

fn needs_of<'m>(
    network: &Network<'_>,
    needs: &'m mut BTreeMap<Group, Needs>,
    party: Party<'_>,
) -> Option<&'m mut Needs> {
    let Party::Pod(pod) = party else { return None };
    let pod = network.pod(pod.id).filter(|pod| !pod.host_network())?;
    let group = group(network, pod)?;
    if SYSTEM.contains(&&*group.namespace) {
        return None;
    }
    let needs = needs.entry(group).or_default();
    let workload = network.workload_of(pod).map_or_else(|| pod.reference(), |workload| &workload.reference);
    needs.names.insert(Arc::clone(&workload.name));
    Some(needs)
}

/// How rules name somebody: pods by labels, all others by their addresses.
fn others(network: &Network<'_>, party: Party<'_>) -> Vec<Other> {
    let addresses = match party {
        Party::Pod(pod) if !pod.host_network() => {
            let pod = network.pod(pod.id).and_then(|pod| group(network, pod));
            return pod.map(Other::Pods).into_iter().collect();
        }
        Party::Pod(pod) => pod.parts().addresses.clone(),
        Party::Node(node) => node.addresses.clone(),
        Party::Address(address) => vec![address],
    };
    addresses.into_iter().map(Other::Address).collect()
}

/// The labels that all pods of a pod's workload have and keep.
fn group(network: &Network<'_>, pod: &PodEntry<'_>) -> Option<Group> {
    let entry = network.pod(pod.id)?;
    let siblings =
        network.workload_of(entry).map_or_else(Vec::new, |workload| network.workload_pods(workload));
    let shared = |label: &&(Arc<str>, Arc<str>)| siblings.iter().all(|other| other.labels().contains(label));
    let mut labels: Vec<(Arc<str>, Arc<str>)> =
        lasting_labels(entry.labels()).filter(shared).cloned().collect();
    labels.sort_unstable();
    if labels.iter().any(|(key, _)| !LABELS_OF_VERSIONS.contains(&&**key)) {
        labels.retain(|(key, _)| !LABELS_OF_VERSIONS.contains(&&**key));
    }
    let namespace = network.namespace(entry.namespace)?.name.into();
    Some(Group { namespace, labels })
}

fn add_dns(network: &Network<'_>, needs: &mut BTreeMap<Group, Needs>, notes: &mut Vec<String>) {
    let (namespace, key, value) = DNS;
    let group = Group { namespace: namespace.into(), labels: vec![(key.into(), value.into())] };
    let label = &group.labels;
    let there = network.namespace_named(namespace).is_some_and(|entry| {
        network.pods_of(entry).iter().any(|pod| label.iter().all(|label| pod.labels().contains(label)))
    });
    if needs.is_empty() {
        return;
    }
    if !there {
        notes.push(format!("no pod of {namespace} has the label {key}={value}: the cluster's DNS is not allowed unless it was seen"));
        return;
    }
    let dns = Traffic::ports(Protocol::Udp, 53, 53).or(&Traffic::ports(Protocol::Tcp, 53, 53));
    for needs in needs.values_mut() {
        let known = needs.egress.entry(Other::Pods(group.clone())).or_default();
        *known = known.or(&dns);
    }
    notes.push(format!(
        "every pod may ask the cluster's DNS ({namespace}, {key}={value}), whether or not it was seen to"
    ));
}
