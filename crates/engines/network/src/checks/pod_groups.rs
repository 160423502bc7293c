//! What security groups for pods will break, as checks.

use ringwall_model::{CheckResult, Severity};

use super::{About, reason};
use crate::{Network, Warning, WarningKind};

const DNS: About = About {
    check: "network-pod-loses-dns",
    title: "pods reach the cluster's resolver",
    remedy: "let the pods' security groups and policies send UDP and TCP 53 to CoreDNS, and CoreDNS' get them",
};

const PROBES: About = About {
    check: "network-pod-loses-probes",
    title: "kubelets reach the ports of pods that they probe",
    remedy: "let the nodes' security group in on the probed ports, and set DISABLE_TCP_EARLY_DEMUX=true in aws-node",
};

const INTERFACES: About = About {
    check: "network-pod-interfaces",
    title: "nodes take all pods with security groups of their own",
    remedy: "run these pods on more instances or on ones that take more branch interfaces, with a grace period above 0",
};

const POLICIES: About = About {
    check: "network-group-policy",
    title: "SecurityGroupPolicies give pods groups that they can have",
    remedy: "compare selectors and groups with what is there; five groups of the cluster's VPC at most",
};

const STRICT: About = About {
    check: "network-strict-mode",
    title: "nothing of the cluster needs standard mode while pods have security groups in strict mode",
    remedy: "set POD_SECURITY_GROUP_ENFORCING_MODE=standard in the DaemonSet aws-node, and make the pods anew",
};

pub(super) const CHECKS: &[&About] = &[&DNS, &PROBES, &INTERFACES, &POLICIES, &STRICT];

pub(super) fn results(network: &Network<'_>) -> Vec<CheckResult> {
    let warnings = network.warnings();
    let of = |about: &About| {
        let mine = warnings.iter().filter(|warning| about.check == check(warning.kind).0.check);
        about.or_passes(mine.map(|warning| fails(warning)).collect())
    };
    CHECKS.iter().flat_map(|about| of(about)).collect()
}

/// Which check a warning is of, and how bad it is: what keeps pods from working is worse than what surprises.
fn check(kind: WarningKind) -> (&'static About, Severity) {
    match kind {
        WarningKind::LosesDns => (&DNS, Severity::Medium),
        WarningKind::LosesProbes => (&PROBES, Severity::Medium),
        WarningKind::NodeCapacity | WarningKind::PendingCapacity => (&INTERFACES, Severity::Medium),
        WarningKind::NoGracePeriod => (&INTERFACES, Severity::Low),
        WarningKind::PolicyWithoutEffect => (&POLICIES, Severity::High),
        WarningKind::TooManyGroups | WarningKind::UnusableGroup => (&POLICIES, Severity::Medium),
        WarningKind::StrictMode => (&STRICT, Severity::Medium),
    }
}

fn fails(warning: &Warning) -> CheckResult {
    let (about, severity) = check(warning.kind);
    let first = reason(warning.proof.clone(), &warning.source, warning.text.clone());
    let reasons =
        std::iter::once(first).chain(warning.reasons.iter().cloned()).take(super::MAX_REASONS).collect();
    let about = About { remedy: warning.remedy, ..*about };
    about.fails(severity, warning.text.clone(), reasons)
}
