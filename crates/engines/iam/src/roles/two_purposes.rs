//! Roles that serve two purposes at once.

use std::collections::BTreeSet;

use ringwall_model::{CheckResult, Reason, Severity};

use super::purpose::{Purpose, Used};
use super::{About, Judge, in_words, is_of_aws, listed};

pub(super) const ABOUT: About = About {
    check: "iam-role-two-purposes",
    title: "each role serves one purpose",
    remedy: "make a role for each purpose, with what that purpose needs",
};

/// Namespaces of service accounts that EKS add-ons bring.
///
/// Source: Amazon EKS User Guide, *AWS add-ons*.
const ADD_ON_NAMESPACES: [(&str, &str); 9] = [
    ("vpc-cni", "kube-system"),
    ("aws-ebs-csi-driver", "kube-system"),
    ("aws-efs-csi-driver", "kube-system"),
    ("aws-fsx-csi-driver", "kube-system"),
    ("aws-mountpoint-s3-csi-driver", "kube-system"),
    ("snapshot-controller", "kube-system"),
    ("amazon-cloudwatch-observability", "amazon-cloudwatch"),
    ("aws-guardduty-agent", "amazon-guardduty"),
    ("adot", "opentelemetry-operator-system"),
];

impl Judge<'_> {
    pub(super) fn two_purposes(&self) -> Vec<CheckResult> {
        let roles = self.uses.iter().filter(|used| !is_of_aws(&used.arn));
        ABOUT.or_passes(roles.filter_map(failure).collect())
    }
}

fn failure(used: &Used) -> Option<CheckResult> {
    let purposes = apart(used);
    if purposes.len() < 2 {
        return None;
    }
    // The first proof of each purpose, what is most exposed first.
    let reasons: Vec<Reason> = purposes
        .iter()
        .filter_map(|purpose| used.uses.iter().find(|one| one.purpose == *purpose))
        .map(|one| one.reason.clone())
        .collect();
    let has = |purpose| purposes.contains(&purpose);
    let words: Vec<String> = purposes.iter().map(|purpose| purpose.of_what().to_owned()).collect();
    let (severity, danger) = if has(Purpose::Node) {
        (Severity::High, "whoever reaches the metadata service of a node has all of it")
    } else if has(Purpose::Cluster) {
        (Severity::High, "whoever has it holds what the control plane needs in the account")
    } else {
        (Severity::Medium, "each of them holds what only the other needs, and a log does not tell them apart")
    };
    let why = format!("{} is for {}: {danger}", in_words(&used.arn), listed(&words));
    Some(ABOUT.fails(Some(&used.arn), severity, why, reasons))
}

/// The purposes that should not share a role.
fn apart(used: &Used) -> BTreeSet<Purpose> {
    let mut purposes: BTreeSet<Purpose> = used.uses.iter().map(|one| one.purpose).collect();
    // A right, not a use: whoever creates clusters is a person or automation.
    purposes.remove(&Purpose::ClusterCreator);
    if purposes.contains(&Purpose::AddOn) && used.accounts().all(|(namespace, _)| is_add_ons(used, namespace))
    {
        purposes.remove(&Purpose::ServiceAccount);
    }
    purposes
}

/// Whether a namespace has the service accounts of the add-on that has the role; of other add-ons nobody knows.
fn is_add_ons(used: &Used, namespace: &str) -> bool {
    used.uses.iter().filter_map(|one| one.add_on.as_deref()).any(|add_on| {
        let known = ADD_ON_NAMESPACES.iter().find(|(name, _)| *name == add_on);
        known.is_none_or(|(_, its)| *its == namespace)
    })
}
