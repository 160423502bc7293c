//! What decides over packets, read from Kubernetes objects.

mod cluster_policy;
mod endpoints;
mod ingress;
mod parts;
mod pod_eni;
mod policy;
mod ports;
mod security_group_policy;
mod service;
mod vpc_cni;

use hashbrown::HashSet;
use ringwall_model::network::NetworkObjects;
use ringwall_model::{Object, Problem};

use crate::refused::Refused;

pub(crate) use parts::{node_addresses, node_pod_cidrs, of_pod, of_template};

/// The API group of cluster-wide policies.
const CLUSTER_POLICIES: &str = "policy.networking.k8s.io";

/// Kinds of this module that are custom, and whether their objects live in a namespace: known also where the snapshot lacks their
/// definitions.
pub(crate) const CUSTOM_KINDS: [(&str, &str, bool); 4] = [
    ("vpcresources.k8s.aws", "SecurityGroupPolicy", true),
    (CLUSTER_POLICIES, "ClusterNetworkPolicy", false),
    (CLUSTER_POLICIES, "AdminNetworkPolicy", false),
    (CLUSTER_POLICIES, "BaselineAdminNetworkPolicy", false),
];

/// Reads an object if it is of a kind that decides over packets and is neither a pod nor a node.
pub(crate) fn take(network: &mut NetworkObjects, object: &Object, problems: &mut Vec<Problem>) {
    let mut refused = Refused::new(object);
    let reference = &object.reference;
    match (reference.group(), &*reference.kind) {
        ("networking.k8s.io" | "extensions", "NetworkPolicy") => {
            network.policies.push(policy::network_policy(object, &mut refused));
        }
        (CLUSTER_POLICIES, "ClusterNetworkPolicy" | "AdminNetworkPolicy" | "BaselineAdminNetworkPolicy") => {
            network.policies.push(cluster_policy::cluster_policy(object, &mut refused));
        }
        ("", "Service") => network.services.push(service::service(object, &mut refused)),
        ("discovery.k8s.io", "EndpointSlice") => {
            network.endpoint_slices.extend(endpoints::slice(object, &mut refused));
        }
        ("", "Endpoints") => network.endpoint_slices.extend(endpoints::endpoints(object, &mut refused)),
        ("networking.k8s.io" | "extensions", "Ingress") => {
            network.ingresses.push(ingress::ingress(object, &mut refused));
        }
        ("vpcresources.k8s.aws", "SecurityGroupPolicy") => {
            let policy = security_group_policy::security_group_policy(object, &mut refused);
            network.security_group_policies.push(policy);
        }
        ("apps", "DaemonSet") if vpc_cni::is_aws_node(reference) => {
            network.vpc_cni = Some(vpc_cni::vpc_cni(object));
        }
        _ => {}
    }
    problems.extend(refused.into_problems());
}

/// Leaves out Endpoints of services that EndpointSlices tell of as well: the cluster makes either of the other.
pub(crate) fn settle(network: &mut NetworkObjects) {
    let is_slice = |kind: &str| kind == "EndpointSlice";
    let sliced: HashSet<_> = network
        .endpoint_slices
        .iter()
        .filter(|slice| is_slice(&slice.reference.kind))
        .map(|slice| (slice.reference.namespace.clone(), slice.service.clone()))
        .collect();
    network.endpoint_slices.retain(|slice| {
        is_slice(&slice.reference.kind)
            || !sliced.contains(&(slice.reference.namespace.clone(), slice.service.clone()))
    });
}
