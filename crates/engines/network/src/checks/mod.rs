//! The checks of the network ring: what is open that should not be, and what is written and does nothing.
//!
//! Each is decided by the same rules that answer `reach`: what a report says, a packet would meet.

mod dead;
mod groups;
mod isolation;
mod metadata;
mod shadow;
mod vpc;

use std::sync::Arc;

use ringwall_model::network::NetworkPolicy;
use ringwall_model::{CheckResult, ObjectRef, Outcome, Proof, Reason, Ring, Severity, Source};

use crate::{Network, PodEntry};

/// Namespaces of the cluster's own parts, which the checks of isolation leave alone: much of it is on the nodes' network, and the rest is
/// what every pod needs.
const SYSTEM: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// Most names that one text lists.
const SHOWN: usize = 5;

/// Most reasons of one result.
const MAX_REASONS: usize = 12;

/// Judges the network ring: a result for each object that fails, one that passes for each check that holds.
pub fn results(network: &Network<'_>) -> Vec<CheckResult> {
    let mut results = isolation::results(network);
    results.extend(dead::results(network));
    results.extend(shadow::results(network));
    results.extend(metadata::results(network));
    results.extend(vpc::results(network));
    results.extend(groups::results(network));
    results
}

/// The ids of all checks, whether or not a cluster has something for them to judge.
pub fn check_ids() -> impl Iterator<Item = &'static str> {
    let all = isolation::CHECKS
        .iter()
        .chain(dead::CHECKS)
        .chain(shadow::CHECKS)
        .chain(metadata::CHECKS)
        .chain(vpc::CHECKS);
    all.map(|about| about.check).chain(groups::check_ids())
}

/// What a check says, apart from the object that it is judged for.
#[derive(Clone, Copy, Debug)]
struct About {
    check: &'static str,
    title: &'static str,
    remedy: &'static str,
}

impl About {
    fn fails(&self, severity: Severity, why: String, reasons: Vec<Reason>) -> CheckResult {
        self.result(Outcome::Fail, severity, why, reasons)
    }

    fn unknown(&self, why: String, reasons: Vec<Reason>) -> CheckResult {
        self.result(Outcome::Unknown, Severity::Low, why, reasons)
    }

    fn result(&self, outcome: Outcome, severity: Severity, why: String, reasons: Vec<Reason>) -> CheckResult {
        let Self { check, title, remedy } = *self;
        let about = ringwall_model::About { check, ring: Ring::Network, title, remedy };
        about.result(outcome, severity, why, reasons)
    }

    /// What was found, or the one result that says that there is nothing.
    fn or_passes(&self, found: Vec<CheckResult>) -> Vec<CheckResult> {
        if found.is_empty() {
            return vec![self.result(Outcome::Pass, Severity::Low, self.title.to_owned(), Vec::new())];
        }
        found
    }
}

fn reason(proof: Proof, source: &Source, text: impl Into<Arc<str>>) -> Reason {
    Reason {
        ring: Ring::Network,
        proof,
        rule: None,
        statement: None,
        source: source.clone(),
        text: text.into(),
    }
}

fn of_object(object: &ObjectRef, source: &Source, text: impl Into<Arc<str>>) -> Reason {
    reason(Proof::Object(object.clone()), source, text)
}

/// A reason at a rule of a policy.
fn of_rule(policy: &NetworkPolicy, index: usize, source: &Source, text: impl Into<Arc<str>>) -> Reason {
    Reason { rule: Some(index), ..of_object(&policy.reference, source, text) }
}

/// A namespace as an object.
fn namespace_reference(name: &str) -> ObjectRef {
    ObjectRef { api_version: "v1".into(), kind: "Namespace".into(), namespace: None, name: name.into() }
}

/// Workloads of pods, each once, at most [`SHOWN`] of them by name.
fn workloads_of(network: &Network<'_>, pods: &[&PodEntry<'_>]) -> String {
    let mut names: Vec<String> = pods
        .iter()
        .map(|pod| network.workload_of(pod).map_or_else(|| pod.reference(), |workload| &workload.reference))
        .map(|reference| format!("{} {}", reference.kind, reference.name))
        .collect();
    names.sort();
    names.dedup();
    listed(&names)
}

/// A list in words, cut after [`SHOWN`].
fn listed(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    let more = names.len().saturating_sub(SHOWN);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}
