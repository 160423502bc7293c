//! What security groups for pods will break, as results of checks.

use ringwall_model::{CheckResult, Outcome, Reason, Ring, Severity};

use super::About;
use crate::{Network, Warning, WarningKind};

const fn about(check: &'static str, title: &'static str, remedy: &'static str) -> About {
    About { check, title, remedy }
}

/// A check for each kind of warning, and how bad it is.
const KINDS: [(WarningKind, Severity, About); 9] = [
    (
        WarningKind::LosesDns,
        Severity::Medium,
        about(
            "network-pod-dns",
            "every pod reaches the cluster's resolver",
            "let pods and CoreDNS talk on UDP and TCP 53",
        ),
    ),
    (
        WarningKind::LosesProbes,
        Severity::Medium,
        about(
            "network-pod-probes",
            "kubelets reach what they probe",
            "let the nodes' security group in on the ports that are probed",
        ),
    ),
    (
        WarningKind::NodeCapacity,
        Severity::Medium,
        about(
            "network-branch-capacity",
            "every node takes the interfaces of its pods",
            "spread the pods, or use larger instances",
        ),
    ),
    (
        WarningKind::PendingCapacity,
        Severity::Medium,
        about(
            "network-branch-pending",
            "all nodes together take the interfaces of pods that wait",
            "add nodes",
        ),
    ),
    (
        WarningKind::PolicyWithoutEffect,
        Severity::Medium,
        about(
            "network-group-policy-dead",
            "every SecurityGroupPolicy gives groups to pods",
            "correct its selectors and groups, or delete it",
        ),
    ),
    (
        WarningKind::TooManyGroups,
        Severity::Low,
        about(
            "network-groups-too-many",
            "no pod gets more groups than an interface takes",
            "join the rules in fewer groups",
        ),
    ),
    (
        WarningKind::UnusableGroup,
        Severity::Medium,
        about(
            "network-group-unusable",
            "every group that is given to pods is there and of the cluster's VPC",
            "name a security group of the cluster's VPC",
        ),
    ),
    (
        WarningKind::StrictMode,
        Severity::Low,
        about(
            "network-strict-mode",
            "nothing of the cluster needs what strict mode takes away",
            "use standard mode, or do without what strict mode does not support",
        ),
    ),
    (
        WarningKind::NoGracePeriod,
        Severity::Low,
        about(
            "network-no-grace-period",
            "pods with interfaces of their own have time to end",
            "set terminationGracePeriodSeconds above 0",
        ),
    ),
];

pub(super) fn check_ids() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(_, _, about)| about.check)
}

pub(super) fn results(network: &Network<'_>) -> Vec<CheckResult> {
    let warnings = network.warnings();
    let of_kind = |(kind, severity, about): &(WarningKind, Severity, About)| {
        let mine = warnings.iter().filter(|warning| warning.kind == *kind);
        about.or_passes(mine.map(|warning| result(*about, *severity, warning)).collect())
    };
    KINDS.iter().flat_map(of_kind).collect()
}

fn result(about: About, severity: Severity, warning: &Warning) -> CheckResult {
    let own = Reason {
        ring: Ring::Network,
        proof: warning.proof.clone(),
        rule: None,
        statement: None,
        source: warning.source.clone(),
        text: "is the one that it is about".into(),
    };
    let reasons = std::iter::once(own).chain(warning.reasons.iter().cloned()).collect();
    let about = About { remedy: warning.remedy, ..about };
    about.result(Outcome::Fail, severity, warning.text.clone(), reasons)
}
