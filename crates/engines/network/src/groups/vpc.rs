//! The cluster's VPC, and what the exports of a region tell of others.

use std::sync::Arc;

use hashbrown::HashSet;
use ringwall_model::{AwsExport, Cluster};

/// The cluster's VPC: `cluster.resourcesVpcConfig.vpcId` of `eks describe-cluster`, else the one that its nodes' interfaces are in, else the
/// one that all exported subnets are of.
pub(crate) fn vpc(cluster: &Cluster) -> Option<Arc<str>> {
    let documents = cluster.aws.documents.iter().filter(|document| document.export == AwsExport::EksCluster);
    let told = documents.into_iter().find_map(|document| {
        document.tree.at(&["cluster", "resourcesVpcConfig", "vpcId"])?.as_shared().cloned()
    });
    told.or_else(|| of_nodes(cluster)).or_else(|| only_one(cluster))
}

fn of_nodes(cluster: &Cluster) -> Option<Arc<str>> {
    let instances: HashSet<&str> =
        cluster.nodes.iter().filter_map(|node| node.provider_id.as_deref()?.rsplit('/').next()).collect();
    let interfaces = cluster.aws.network_interfaces.iter();
    let mut subnets = interfaces
        .filter(|interface| {
            interface.instance.as_deref().is_some_and(|instance| instances.contains(instance))
        })
        .filter_map(|interface| interface.subnet.as_ref());
    subnets.find_map(|id| cluster.aws.subnets.iter().find(|subnet| subnet.id == *id)?.vpc.clone())
}

fn only_one(cluster: &Cluster) -> Option<Arc<str>> {
    let mut vpcs = cluster.aws.subnets.iter().filter_map(|subnet| subnet.vpc.clone());
    let first = vpcs.next()?;
    vpcs.all(|other| other == first).then_some(first)
}

/// Subnets that are of another VPC, by id. Their addresses may be those of the cluster's own as well.
pub(super) fn foreign_subnets(cluster: &Cluster) -> HashSet<&str> {
    let Some(own) = vpc(cluster) else { return HashSet::new() };
    let subnets = cluster.aws.subnets.iter();
    subnets
        .filter(|subnet| subnet.vpc.as_ref().is_some_and(|of| *of != own))
        .map(|subnet| &*subnet.id)
        .collect()
}
