//! What security groups and the cluster's endpoint leave open.

use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::HashSet;
use ipnet::IpNet;
use ringwall_model::network::{GroupPeer, GroupProtocol, SecurityGroup, SecurityGroupRule};
use ringwall_model::{AwsExport, CheckResult, Cluster, Proof, Reason, Severity, Tree, Value};

use super::{About, reason};
use crate::Network;

const NODE_PORTS: About = About {
    check: "network-node-ports-open",
    title: "the internet does not reach the node ports of services",
    remedy: "let the load balancer's security group in, not 0.0.0.0/0",
};

const BYPASSED: About = About {
    check: "network-group-bypassed",
    title: "what a security group of pods is let into is not open to the whole network beside it",
    remedy: "remove the block: name the security groups that need the port",
};

const PUBLIC_ENDPOINT: About = About {
    check: "network-public-endpoint",
    title: "the API endpoint is not open to the internet",
    remedy: "set endpointPublicAccess to false, or publicAccessCidrs to the addresses that need it",
};

pub(super) const CHECKS: &[&About] = &[&NODE_PORTS, &BYPASSED, &PUBLIC_ENDPOINT];

/// Ports of nodes that services take unless the apiserver is told otherwise (`--service-node-port-range`, which EKS doesn't change).
const NODE_PORT_RANGE: (i32, i32) = (30_000, 32_767);

pub(super) fn results(network: &Network<'_>) -> Vec<CheckResult> {
    let cluster = network.cluster();
    let mut results = NODE_PORTS.or_passes(node_ports(cluster));
    results.extend(BYPASSED.or_passes(bypassed(network)));
    results.extend(PUBLIC_ENDPOINT.or_passes(public_endpoint(cluster)));
    results
}

/// A security group's ARN, as far as the snapshot tells its parts.
fn arn(cluster: &Cluster, group: &SecurityGroup) -> Arc<str> {
    let info = &cluster.info;
    let part = |part: &Option<Arc<str>>| part.as_deref().unwrap_or_default().to_owned();
    let partition = info.partition.as_deref().unwrap_or("aws");
    let (region, account) = (part(&info.region), part(&info.account));
    format!("arn:{partition}:ec2:{region}:{account}:security-group/{}", group.id).into()
}

fn at_rule(cluster: &Cluster, group: &SecurityGroup, rule: &SecurityGroupRule, text: String) -> Reason {
    Reason { rule: Some(rule.index), ..reason(Proof::Arn(arn(cluster, group)), &rule.source, text) }
}

/// Whether a rule is about some of the ports from the first to the last of TCP or UDP.
fn has_ports(rule: &SecurityGroupRule, (first, last): (i32, i32)) -> bool {
    let protocol = matches!(rule.protocol, GroupProtocol::All | GroupProtocol::Tcp | GroupProtocol::Udp);
    let all = rule.protocol == GroupProtocol::All;
    protocol && (all || rule.ports.is_none_or(|(from, to)| from <= last && first <= to))
}

fn node_ports(cluster: &Cluster) -> Vec<CheckResult> {
    let nodes = cluster.aws.network_interfaces.iter().filter(|one| one.instance.is_some());
    let on_nodes: HashSet<&str> = nodes.flat_map(|one| one.groups.iter().map(|group| &**group)).collect();
    let services = &cluster.network.services;
    let in_use = services.iter().any(|service| service.ports.iter().any(|port| port.node_port.is_some()));
    let mut found = Vec::new();
    for group in cluster.aws.security_groups.iter().filter(|group| on_nodes.contains(&*group.id)) {
        for rule in group.ingress.iter().filter(|rule| has_ports(rule, NODE_PORT_RANGE)) {
            let everywhere = rule
                .peers
                .iter()
                .find(|(peer, _)| matches!(peer, GroupPeer::Block(block) if block.prefix_len() == 0));
            let Some((GroupPeer::Block(block), _)) = everywhere else { continue };
            let severity = if in_use { Severity::High } else { Severity::Medium };
            let why = format!("{} lets {block} to the node ports of every node that carries it", name(group));
            let text = format!("its ingress rule {} is for {block}", rule.index);
            found.push(NODE_PORTS.fails(severity, why, vec![at_rule(cluster, group, rule, text)]));
        }
    }
    found
}

fn name(group: &SecurityGroup) -> String {
    match &group.name {
        Some(name) => format!("security group `{}` ({name})", group.id),
        None => format!("security group `{}`", group.id),
    }
}

/// Groups that let in the groups of pods, and beside them a block that has the nodes.
fn bypassed(network: &Network<'_>) -> Vec<CheckResult> {
    let cluster = network.cluster();
    let policies = &cluster.network.security_group_policies;
    let of_pods: HashSet<&str> =
        policies.iter().flat_map(|policy| policy.groups.iter().map(|(id, _)| &**id)).collect();
    let nodes: Vec<IpAddr> = network.nodes().iter().flat_map(|node| node.addresses.iter().copied()).collect();
    let has_nodes = |block: &IpNet| nodes.iter().any(|address| block.contains(address));
    let mut found = Vec::new();
    for group in &cluster.aws.security_groups {
        let narrow = group.ingress.iter().find_map(|rule| {
            rule.peers.iter().find_map(|(peer, _)| match peer {
                GroupPeer::Group { id, .. } if of_pods.contains(&**id) && **id != *group.id => {
                    Some((rule, id))
                }
                _ => None,
            })
        });
        let Some((narrow, of_pod)) = narrow else { continue };
        let ports = narrow.ports.unwrap_or((0, i32::from(u16::MAX)));
        for rule in group.ingress.iter().filter(|rule| has_ports(rule, ports)) {
            let wide = rule.peers.iter().find_map(|(peer, source)| match peer {
                GroupPeer::Block(block) if has_nodes(block) => Some((block, source)),
                _ => None,
            });
            let Some((block, source)) = wide else { continue };
            let why = format!(
                "{} lets in `{of_pod}`, the group of pods, and beside it all of {block}, every node and pod of it",
                name(group)
            );
            let text = format!("its ingress rule {} is for {block}", rule.index);
            let wide = Reason { source: source.clone(), ..at_rule(cluster, group, rule, text) };
            let text = format!("its ingress rule {} is for `{of_pod}`", narrow.index);
            found.push(BYPASSED.fails(
                Severity::Medium,
                why,
                vec![wide, at_rule(cluster, group, narrow, text)],
            ));
        }
    }
    found
}

/// Source: EKS API, `VpcConfigResponse`: without `publicAccessCidrs` a public endpoint is open to 0.0.0.0/0.
fn public_endpoint(cluster: &Cluster) -> Vec<CheckResult> {
    let documents = cluster.aws.documents.iter().filter(|document| document.export == AwsExport::EksCluster);
    let mut found = Vec::new();
    for document in documents {
        let Some(tree) = document.tree.get("cluster") else { continue };
        let Some(vpc) = tree.get("resourcesVpcConfig") else { continue };
        let Some(public) = vpc.entry("endpointPublicAccess") else { continue };
        if public.value.as_bool() != Some(true) {
            continue;
        }
        let blocks = vpc.get("publicAccessCidrs").filter(|blocks| matches!(blocks.value, Value::Sequence(_)));
        let wide = blocks.map(Tree::items).unwrap_or_default().iter().find(|item| {
            item.as_str()
                .and_then(|text| text.parse::<IpNet>().ok())
                .is_some_and(|block| block.prefix_len() == 0)
        });
        let line = match (blocks, wide) {
            (Some(_), None) => continue,
            (_, Some(item)) => item.line,
            (None, None) => public.line,
        };
        let arn = tree.shared("arn").or_else(|| cluster.info.name.clone()).unwrap_or_default();
        let text = "endpointPublicAccess is true, for any address";
        let reason = reason(Proof::Arn(arn), &document.source.at(line), text);
        let why =
            "anybody on the internet reaches the API endpoint: credentials alone keep them out".to_owned();
        found.push(PUBLIC_ENDPOINT.fails(Severity::Medium, why, vec![reason]));
    }
    found
}
