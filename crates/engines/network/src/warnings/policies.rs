//! SecurityGroupPolicies without effect, and groups that can't be on a pod.

use ringwall_model::network::SecurityGroupPolicy;
use ringwall_model::{Cluster, Source};

use super::{Once, Warning, WarningKind};
use crate::groups::{SecurityGroups, skipped, vpc};
use crate::network::Network;

/// Groups that a SecurityGroupPolicy may name. Source: its CRD, `securityGroups.groupIds`, `maxItems`.
const MOST_OF_POLICY: usize = 5;

/// Groups of an interface, unless the account's quota is raised. Source: Amazon VPC User Guide, *Amazon VPC quotas*: 5, at most 16.
const MOST_OF_INTERFACE: usize = 5;
const NEVER_MORE: usize = 16;

/// Policies that do nothing, or name groups that can't be used.
pub(super) fn policies(network: &Network<'_>, groups: &SecurityGroups<'_>, warnings: &mut Vec<Warning>) {
    let cluster = network.cluster();
    let off = cluster.network.vpc_cni.as_ref().is_some_and(|cni| !cni.pod_eni);
    let vpc = vpc(cluster);
    for policy in &cluster.network.security_group_policies {
        let mut warn = |kind, source: &Source, text, remedy| {
            warnings.push(Warning::object(kind, &policy.reference, source, text, remedy));
        };
        if let Some(why) = skipped(policy) {
            let text = format!("the VPC resource controller skips it: {why}");
            let remedy = "give it a podSelector or a serviceAccountSelector, and security groups";
            warn(WarningKind::PolicyWithoutEffect, &policy.source, text, remedy);
            continue;
        }
        let selected: Vec<_> =
            network.wanted().filter(|pod| groups.selection().selects(policy, pod)).collect();
        if policy.unreadable.is_empty() && selected.is_empty() {
            let remedy = "compare its selectors with the labels of pods and service accounts, or delete it";
            warn(WarningKind::PolicyWithoutEffect, &policy.source, "it selects no pod".to_owned(), remedy);
        } else if off && selected.iter().all(|pod| !groups.is_fargate(network, pod)) {
            let text =
                "pods on EC2 get no interfaces of their own: the DaemonSet aws-node has `ENABLE_POD_ENI` off"
                    .to_owned();
            let remedy = "set ENABLE_POD_ENI=true in the DaemonSet aws-node, and make the pods anew";
            warn(WarningKind::PolicyWithoutEffect, &policy.source, text, remedy);
        }
        if policy.groups.len() > MOST_OF_POLICY {
            let text = format!(
                "it names {} security groups, and {MOST_OF_POLICY} are the most",
                policy.groups.len()
            );
            warn(WarningKind::TooManyGroups, &policy.source, text, "name five security groups at most");
        }
        named_groups(cluster, policy, vpc.as_deref(), &mut warn);
    }
}

fn named_groups(
    cluster: &Cluster,
    policy: &SecurityGroupPolicy,
    vpc: Option<&str>,
    warn: &mut impl FnMut(WarningKind, &Source, String, &'static str),
) {
    if cluster.aws.security_groups.is_empty() {
        return;
    }
    for (id, source) in &policy.groups {
        match cluster.aws.security_groups.iter().find(|group| group.id == *id) {
            None => {
                let text = format!(
                    "the security group `{id}` is not in the exports: pods can't be started if it is not there"
                );
                warn(
                    WarningKind::UnusableGroup,
                    source,
                    text,
                    "name a security group of the cluster's VPC, or export it",
                );
            }
            Some(group) => {
                if let (Some(of), Some(vpc)) = (group.vpc.as_deref(), vpc)
                    && of != vpc
                {
                    let text = format!("the security group `{id}` is of {of}, and the cluster is in {vpc}");
                    warn(
                        WarningKind::UnusableGroup,
                        source,
                        text,
                        "name a security group of the cluster's VPC",
                    );
                }
            }
        }
    }
}

/// Pods that several policies together give more groups than an interface takes.
pub(super) fn groups_of_pods(
    network: &Network<'_>,
    groups: &SecurityGroups<'_>,
    warnings: &mut Vec<Warning>,
) {
    let mut once = Once::default();
    for pod in network.wanted() {
        let (object, source) = network.edited(pod);
        let selected = groups.selection().of(pod);
        if selected.groups.len() <= MOST_OF_INTERFACE || !once.is_new(object, WarningKind::TooManyGroups) {
            continue;
        }
        let names: Vec<String> =
            selected.policies.iter().map(|policy| policy.reference.to_string()).collect();
        let text = format!(
            "{} give it {} security groups; an interface takes {MOST_OF_INTERFACE} unless the quota is raised, and never more than \
             {NEVER_MORE}",
            names.join(" and "),
            selected.groups.len(),
        );
        let remedy = "let fewer policies select it, or join the rules in fewer groups";
        warnings.push(Warning::object(WarningKind::TooManyGroups, object, source, text, remedy));
    }
}
