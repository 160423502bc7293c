//! What a node's filter has to do, for a cluster as it is.

use ringwall_model::Cluster;
use ringwall_network::Network;
use ringwall_network::plan::NodeRules;

/// The rules of a node.
pub(crate) fn node_rules(cluster: &Cluster, node: &str) -> NodeRules {
    Network::new(cluster).node_rules(node, &ringwall_network::plan::NodeOptions { security_groups: true })
}
