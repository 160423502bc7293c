//! What an answer rests on as a whole: which layers there were to judge by.

use ringwall_model::Cluster;
use ringwall_model::network::{EnforcingMode, Tier};

/// What was judged and what not, a sentence each.
pub(super) fn lines(cluster: &Cluster) -> Vec<String> {
    let network = &cluster.network;
    let count = |is: fn(&Tier) -> bool| network.policies.iter().filter(|policy| is(&policy.tier)).count();
    let (admin, own, baseline) = (
        count(|tier| matches!(tier, Tier::Admin(_))),
        count(|tier| matches!(tier, Tier::NetworkPolicy)),
        count(|tier| matches!(tier, Tier::Baseline(_))),
    );
    let mut policies = vec![counted(own, "NetworkPolicy", "NetworkPolicies")];
    policies.extend((admin > 0).then(|| counted(admin, "admin policy", "admin policies")));
    policies.extend((baseline > 0).then(|| counted(baseline, "baseline policy", "baseline policies")));
    let groups = if cluster.aws.security_groups.is_empty() && network.security_group_policies.is_empty() {
        "security groups are not judged: the snapshot has none".to_owned()
    } else {
        let mode = match network.vpc_cni.as_ref().map(|cni| cni.enforcing_mode) {
            Some(Some(EnforcingMode::Strict)) => "strict",
            Some(Some(EnforcingMode::Standard)) => "standard",
            Some(None) => "unknown",
            None => "unknown, as the DaemonSet aws-node is not in the snapshot",
        };
        format!(
            "{}, {}; mode {mode}",
            counted(cluster.aws.security_groups.len(), "security group", "security groups"),
            counted(cluster.aws.network_interfaces.len(), "interface", "interfaces"),
        )
    };
    vec![format!("judged by {}; {groups}", policies.join(", "))]
}

fn counted(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}
