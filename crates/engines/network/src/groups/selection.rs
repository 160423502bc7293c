//! Which groups a pod is given.

use std::sync::Arc;

use ringwall_model::Cluster;
use ringwall_model::network::SecurityGroupPolicy;

use crate::{Origin, PodEntry};

/// Groups that SecurityGroupPolicies give to a pod.
#[derive(Clone, Debug, Default)]
pub struct Selected<'a> {
    /// The policies that select it, in the snapshot's order.
    pub policies: Vec<&'a SecurityGroupPolicy>,
    /// The union of their groups, each once, in the order in which the policies name them.
    pub groups: Vec<Arc<str>>,
    /// Why nobody can tell, if a policy that could select it was not readable.
    pub uncertain: Option<String>,
}

/// Why the VPC resource controller skips a policy; `None` for one that it follows.
///
/// Source: amazon-vpc-resource-controller-k8s, `pkg/utils/helper.go`, `filterPodSecurityGroups`: a policy without any selector, or
/// without groups, is invalid.
pub fn skipped(policy: &SecurityGroupPolicy) -> Option<&'static str> {
    match (policy.pods.is_none() && policy.service_accounts.is_none(), policy.groups.is_empty()) {
        (true, _) => Some("it has neither a `podSelector` nor a `serviceAccountSelector`"),
        (false, true) => Some("it names no security groups"),
        (false, false) => None,
    }
}

/// What the policies of a pod's namespace give it.
///
/// Source: amazon-vpc-resource-controller-k8s, `pkg/utils/helper.go`: policies of the pod's namespace; both selectors must match where
/// both are there, the second against the labels of the pod's service account; the union of the groups of all that match, without
/// duplicates.
pub(super) fn select<'a>(cluster: &'a Cluster, pod: &PodEntry<'a>) -> Selected<'a> {
    let namespace = pod.reference().namespace.as_deref().unwrap_or_default();
    let name = match pod.origin {
        Origin::Live(pod) => &*pod.service_account,
        Origin::Template(workload) => &*workload.service_account,
    };
    let account = || {
        let found = cluster
            .service_accounts
            .iter()
            .find(|account| &*account.namespace == namespace && &*account.name == name);
        found.map_or(&[] as &[_], |account| account.labels.as_slice())
    };
    let mut selected = Selected::default();
    for policy in &cluster.network.security_group_policies {
        if policy.reference.namespace.as_deref().unwrap_or_default() != namespace {
            continue;
        }
        let matches = policy.pods.as_ref().is_none_or(|selector| selector.matches(pod.labels()))
            && policy.service_accounts.as_ref().is_none_or(|selector| selector.matches(account()));
        if let Some(why) = policy.unreadable.first()
            && matches
        {
            selected.uncertain = Some(format!("{} could not be read: {why}", policy.reference));
        }
        if !matches || skipped(policy).is_some() {
            continue;
        }
        selected.policies.push(policy);
        for (group, _) in &policy.groups {
            if !selected.groups.contains(group) {
                selected.groups.push(Arc::clone(group));
            }
        }
    }
    selected
}
