use std::net::IpAddr;
use std::sync::Arc;

use ringwall_model::network::{
    BranchInterface, Ec2Subnet, EnforcingMode, GroupPeer, GroupProtocol, InterfaceKind, NetworkInterface,
    SecurityGroup, SecurityGroupRule, VpcCni,
};
use ringwall_model::{Cluster, Pod, Source};

const FILE: &str = "aws/ec2.json";

/// Gives a cluster what an account's export has of it: an interface for each node with its pods' addresses, and branch interfaces with groups
/// of their own for pods of the tier `store`.
pub(crate) fn secured(cluster: &mut Cluster) {
    cluster.network.vpc_cni = Some(VpcCni {
        source: Source::new("aws-node.yaml", 1),
        pod_eni: true,
        enforcing_mode: Some(EnforcingMode::Standard),
        disable_tcp_early_demux: false,
        external_snat: false,
        network_policy: true,
        network_policy_mode: None,
    });
    let all = || GroupPeer::Block("0.0.0.0/0".parse().unwrap());
    let node = || GroupPeer::Group { id: "sg-node".into(), account: None };
    cluster.aws.security_groups = vec![
        group("sg-node", vec![rule(0, GroupProtocol::All, None, node())], all()),
        group("sg-store", vec![rule(0, GroupProtocol::Tcp, Some((8080, 8080)), node())], all()),
    ];
    let subnet = Ec2Subnet {
        id: "subnet-1".into(),
        vpc: Some("vpc-1".into()),
        blocks: vec!["10.0.0.0/8".parse().unwrap()],
        source: Source::new(FILE, 1),
    };
    cluster.aws.subnets = vec![subnet];
    for node in &mut cluster.nodes {
        node.provider_id = Some(format!("aws:///eu-west-1a/i-{}", node.name).into());
        let mut addresses = node.addresses.clone();
        let mine = cluster.pods.iter().filter(|pod| pod.node_name.as_ref() == Some(&node.name));
        addresses.extend(mine.filter(|pod| !is_store(pod)).flat_map(|pod| pod.network.addresses.clone()));
        let instance = Some(Arc::from(format!("i-{}", node.name)));
        let interface =
            interface(&format!("eni-{}", node.name), InterfaceKind::Interface, addresses, "sg-node");
        cluster.aws.network_interfaces.push(NetworkInterface {
            instance,
            device_index: Some(0),
            ..interface
        });
    }
    for pod in cluster.pods.iter_mut().filter(|pod| is_store(pod)) {
        let id = format!("eni-{}", pod.reference.name);
        let addresses = pod.network.addresses.clone();
        pod.network.branch_interfaces =
            vec![BranchInterface { id: (*id).into(), addresses: addresses.clone() }];
        cluster.aws.network_interfaces.push(interface(&id, InterfaceKind::Branch, addresses, "sg-store"));
    }
}

fn is_store(pod: &Pod) -> bool {
    pod.labels.iter().any(|(key, value)| (&**key, &**value) == ("tier", "store"))
}

fn interface(id: &str, kind: InterfaceKind, addresses: Vec<IpAddr>, group: &str) -> NetworkInterface {
    NetworkInterface {
        id: id.into(),
        kind,
        addresses,
        prefixes: Vec::new(),
        groups: vec![group.into()],
        instance: None,
        device_index: None,
        subnet: Some("subnet-1".into()),
        description: None,
        public_address: None,
        source: Source::new(FILE, 1),
    }
}

fn group(id: &str, ingress: Vec<SecurityGroupRule>, to: GroupPeer) -> SecurityGroup {
    SecurityGroup {
        id: id.into(),
        name: None,
        vpc: Some("vpc-1".into()),
        ingress,
        egress: vec![rule(0, GroupProtocol::All, None, to)],
        source: Source::new(FILE, 1),
    }
}

fn rule(
    index: usize,
    protocol: GroupProtocol,
    ports: Option<(i32, i32)>,
    peer: GroupPeer,
) -> SecurityGroupRule {
    let source = Source::new(FILE, 2);
    SecurityGroupRule { index, protocol, ports, peers: vec![(peer, source.clone())], source }
}
