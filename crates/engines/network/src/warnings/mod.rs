//! What security groups for pods will break, told before they do.

mod capacity;
mod modes;
mod policies;
mod reach;

use hashbrown::HashSet;
use ringwall_model::{ObjectRef, Proof, Reason, Source};

use crate::groups::SecurityGroups;
use crate::network::Network;
use crate::party::{NodeEntry, PodEntry};

/// What a [`Warning`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WarningKind {
    /// Pods can't reach the cluster's resolver.
    LosesDns,
    /// A kubelet can't reach what it probes.
    LosesProbes,
    /// More pods with interfaces of their own than a node takes, or a node that takes none.
    NodeCapacity,
    /// More such pods wait than all nodes together take.
    PendingCapacity,
    /// A SecurityGroupPolicy that is skipped, selects nothing, or has no effect.
    PolicyWithoutEffect,
    /// More groups than an interface takes.
    TooManyGroups,
    /// A group that cannot be on a pod of this cluster, or that is not in the exports.
    UnusableGroup,
    /// Something of the cluster doesn't go together with strict mode.
    StrictMode,
    /// `terminationGracePeriodSeconds: 0` leaves interfaces behind.
    NoGracePeriod,
}

/// Something that will not work, or not as it seems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What it is about.
    pub kind: WarningKind,
    /// The object or AWS resource that it is told of.
    pub proof: Proof,
    /// Where that is written.
    pub source: Source,
    /// What is wrong, in words.
    pub text: String,
    /// What to do about it.
    pub remedy: &'static str,
    /// What it rests on, where packets are denied.
    pub reasons: Vec<Reason>,
}

impl Warning {
    fn object(
        kind: WarningKind,
        object: &ObjectRef,
        source: &Source,
        text: String,
        remedy: &'static str,
    ) -> Self {
        let proof = Proof::Object(object.clone());
        Self { kind, proof, source: source.clone(), text, remedy, reasons: Vec::new() }
    }
}

impl<'a> Network<'a> {
    /// What will break, by kind and object. Only what is certain: where the snapshot lacks something, nothing is warned of.
    pub fn warnings(&self) -> Vec<Warning> {
        let built;
        let groups = match &self.groups {
            Some(groups) => groups,
            None => {
                built = SecurityGroups::of(self);
                &built
            }
        };
        let mut warnings = Vec::new();
        reach::dns(self, &mut warnings);
        reach::probes(self, groups, &mut warnings);
        capacity::nodes(self, groups, &mut warnings);
        capacity::pending(self, groups, &mut warnings);
        policies::policies(self, groups, &mut warnings);
        policies::groups_of_pods(self, groups, &mut warnings);
        modes::strict(self, groups, &mut warnings);
        modes::grace_periods(self, groups, &mut warnings);
        warnings.sort_by(|a, b| {
            (a.kind, &a.proof, &a.source, &a.text).cmp(&(b.kind, &b.proof, &b.source, &b.text))
        });
        warnings.dedup();
        warnings
    }

    /// What somebody edits to change a pod: its workload, or the pod itself.
    fn edited(&self, pod: &PodEntry<'a>) -> (&'a ObjectRef, &'a Source) {
        match self.workload_of(pod) {
            Some(workload) => (&workload.reference, &workload.source),
            None => (pod.reference(), pod.source()),
        }
    }

    /// Pods on the pod network that somebody wants: no templates of former ReplicaSets.
    fn wanted(&self) -> impl Iterator<Item = &PodEntry<'a>> {
        self.pods().iter().filter(|pod| !pod.host_network() && !pod.is_spare())
    }
}

/// The first of what is told of each object.
#[derive(Default)]
struct Once<'a>(HashSet<(&'a ObjectRef, WarningKind)>);

impl<'a> Once<'a> {
    fn is_new(&mut self, object: &'a ObjectRef, kind: WarningKind) -> bool {
        self.0.insert((object, kind))
    }
}

/// A node by its object.
fn node_object(node: &NodeEntry<'_>) -> ObjectRef {
    ObjectRef { api_version: "v1".into(), kind: "Node".into(), namespace: None, name: node.name.into() }
}

fn node_source(node: &NodeEntry<'_>) -> Source {
    node.object.map_or_else(Source::built_in, |node| node.source.clone())
}

fn has_label(labels: &crate::party::Labels, key: &str, value: &str) -> bool {
    labels.iter().any(|(name, is)| &**name == key && &**is == value)
}
