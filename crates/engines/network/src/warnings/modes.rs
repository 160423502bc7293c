//! What doesn't go together with strict mode, and pods that leave their interfaces behind.

use ringwall_model::network::EnforcingMode;
use ringwall_model::{ObjectRef, Source, Tree};

use super::{Once, Warning, WarningKind};
use crate::groups::SecurityGroups;
use crate::network::Network;

const STANDARD: &str =
    "set POD_SECURITY_GROUP_ENFORCING_MODE=standard in the DaemonSet aws-node, and make the pods anew";

/// Where a pod's specification is, in a pod, a workload and a CronJob.
const SPECS: [&[&str]; 3] =
    [&["spec"], &["spec", "template", "spec"], &["spec", "jobTemplate", "spec", "template", "spec"]];

/// What of the cluster strict mode breaks, if any pod has an interface of its own.
///
/// Sources: Amazon EKS User Guide, *Assign security groups to individual Pods*, "Considerations"; amazon-vpc-cni-k8s, README,
/// `POD_SECURITY_GROUP_ENFORCING_MODE` (kube-proxy's `ipvs` mode needs `standard`); Amazon EKS Best Practices Guide, *Security groups
/// per pod*, "Supporting Kubernetes Network Policy".
pub(super) fn strict(network: &Network<'_>, groups: &SecurityGroups<'_>, warnings: &mut Vec<Warning>) {
    let strict = groups.mode() == Some(EnforcingMode::Strict);
    if !strict || !network.wanted().any(|pod| groups.has_branch(pod)) {
        return;
    }
    let cluster = network.cluster();
    let mut warn = |object: &ObjectRef, source: &Source, text: String| {
        warnings.push(Warning::object(WarningKind::StrictMode, object, source, text, STANDARD));
    };
    for workload in cluster.workloads.iter().filter(|workload| &*workload.reference.kind == "DaemonSet") {
        match &*workload.reference.name {
            "node-local-dns" => {
                let text = "pods with interfaces of their own can't ask NodeLocal DNSCache in strict mode"
                    .to_owned();
                warn(&workload.reference, &workload.source, text);
            }
            "calico-node" => {
                let text = "Calico skips pods with interfaces of their own in strict mode: no NetworkPolicy holds for them".to_owned();
                warn(&workload.reference, &workload.source, text);
            }
            _ => {}
        }
    }
    if let Some(cni) = cluster.network.vpc_cni.as_ref().filter(|cni| cni.network_policy)
        && let Some(object) = cluster.workloads.iter().find(|workload| workload.source == cni.source)
    {
        let text = "NetworkPolicies are enforced beside security groups for pods: AWS recommends standard mode for that".to_owned();
        warn(&object.reference, &cni.source, text);
    }
    for service in &cluster.network.services {
        let local = service.external_traffic_local && matches!(&*service.kind, "NodePort" | "LoadBalancer");
        if local && network.service_pods(service).iter().any(|pod| groups.has_branch(pod)) {
            let text = "`externalTrafficPolicy: Local` by a node's port leads to no pod with an interface of its own in strict mode".to_owned();
            warn(&service.reference, &service.source, text);
        }
    }
    for object in &cluster.objects {
        let reference = &object.reference;
        let is_proxy = reference.is("", "ConfigMap")
            && reference.namespace.as_deref() == Some("kube-system")
            && matches!(&*reference.name, "kube-proxy-config" | "kube-proxy");
        let data = object.tree.get("data").map_or(&[][..], Tree::entries);
        let ipvs = |text: &str| {
            text.lines().any(|line| matches!(line.trim().split_once(':'), Some(("mode", mode)) if mode.trim().trim_matches('"') == "ipvs"))
        };
        if is_proxy && data.iter().any(|entry| entry.value.as_str().is_some_and(ipvs)) {
            warn(
                reference,
                &object.source,
                "kube-proxy's `ipvs` mode doesn't work with strict mode".to_owned(),
            );
        }
    }
}

/// Pods with interfaces of their own that are killed without a grace period: the CNI plugin doesn't get to free the interface.
///
/// Sources: Amazon EKS Best Practices Guide, *Security groups per pod*, "Verify terminationGracePeriodSeconds"; Amazon EKS User Guide,
/// *Assign security groups to individual Pods* (versions of the plugin up to 1.10.2).
pub(super) fn grace_periods(network: &Network<'_>, groups: &SecurityGroups<'_>, warnings: &mut Vec<Warning>) {
    let mut once = Once::default();
    let objects: hashbrown::HashMap<&ObjectRef, &Tree> =
        network.cluster().objects.iter().map(|object| (&object.reference, &object.tree)).collect();
    for pod in network.wanted().filter(|pod| groups.has_branch(pod)) {
        let (object, source) = network.edited(pod);
        let Some(tree) = objects.get(object) else { continue };
        let period = SPECS.iter().find_map(|path| tree.at(path)?.get("terminationGracePeriodSeconds"));
        let Some(line) = period.filter(|period| period.as_i64() == Some(0)).map(|period| period.line) else {
            continue;
        };
        if !once.is_new(object, WarningKind::NoGracePeriod) {
            continue;
        }
        let text =
            "`terminationGracePeriodSeconds: 0` with security groups of its own: interfaces are left behind"
                .to_owned();
        let remedy = "leave it out, or set a period above 0";
        warnings.push(Warning::object(WarningKind::NoGracePeriod, object, &source.at(line), text, remedy));
    }
}
