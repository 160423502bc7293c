//! Which groups a pod is given.

use std::sync::Arc;

use hashbrown::HashMap;
use ringwall_model::Cluster;
use ringwall_model::network::SecurityGroupPolicy;

use crate::{Labels, Origin, PodEntry};

/// Groups that SecurityGroupPolicies give to a pod.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selected<'a> {
    /// The policies that select it, in the snapshot's order.
    pub(crate) policies: Vec<&'a SecurityGroupPolicy>,
    /// The union of their groups, each once, in the order in which the policies name them.
    pub(crate) groups: Vec<Arc<str>>,
    /// Why nobody can tell, if a policy that could select it was not readable.
    pub(crate) uncertain: Option<String>,
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

/// SecurityGroupPolicies by namespace, and labels of service accounts.
#[derive(Debug)]
pub(crate) struct Selection<'a> {
    policies: HashMap<&'a str, Vec<&'a SecurityGroupPolicy>>,
    accounts: HashMap<(&'a str, &'a str), &'a Labels>,
}

impl<'a> Selection<'a> {
    pub(super) fn new(cluster: &'a Cluster) -> Self {
        let mut policies: HashMap<&str, Vec<&SecurityGroupPolicy>> = HashMap::new();
        for policy in &cluster.network.security_group_policies {
            let namespace = policy.reference.namespace.as_deref().unwrap_or_default();
            policies.entry(namespace).or_default().push(policy);
        }
        let accounts = cluster.service_accounts.iter();
        let accounts =
            accounts.map(|account| ((&*account.namespace, &*account.name), account.labels.as_slice()));
        Self { policies, accounts: accounts.collect() }
    }

    /// Whether a policy's selectors match a pod.
    ///
    /// Source: amazon-vpc-resource-controller-k8s, `pkg/utils/helper.go`: policies of the pod's namespace; both selectors must match
    /// where both are there, the second against the labels of the pod's service account.
    pub(crate) fn selects(&self, policy: &SecurityGroupPolicy, pod: &PodEntry<'_>) -> bool {
        let namespace = pod.reference().namespace.as_deref().unwrap_or_default();
        let name = match pod.origin {
            Origin::Live(pod) => &*pod.service_account,
            Origin::Template(workload) => &*workload.service_account,
        };
        let account = || self.accounts.get(&(namespace, name)).copied().unwrap_or_default();
        policy.reference.namespace.as_deref().unwrap_or_default() == namespace
            && policy.pods.as_ref().is_none_or(|selector| selector.matches(pod.labels()))
            && policy.service_accounts.as_ref().is_none_or(|selector| selector.matches(account()))
    }

    /// What the policies of a pod's namespace give it: the union of the groups of all that select it, without duplicates.
    pub(crate) fn of(&self, pod: &PodEntry<'_>) -> Selected<'a> {
        let namespace = pod.reference().namespace.as_deref().unwrap_or_default();
        let mut selected = Selected::default();
        for policy in self.policies.get(namespace).into_iter().flatten() {
            if !self.selects(policy, pod) {
                continue;
            }
            if let Some(why) = policy.unreadable.first() {
                selected.uncertain = Some(format!("{} could not be read: {why}", policy.reference));
            }
            if skipped(policy).is_some() {
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
}
