//! Small clusters by hand.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use ringwall_model::network::{
    BranchInterface, Ec2Subnet, EnforcingMode, GroupPeer, GroupProtocol, InterfaceKind, NetworkInterface,
    NetworkParts, PrefixList, SecurityGroup, SecurityGroupPolicy, SecurityGroupRule, VpcCni,
};
use ringwall_model::{
    Cluster, ComputeType, LabelRequirement, LabelSelector, Node, ObjectRef, Pod, PodReferences,
    SelectorOperator, ServiceAccount, Source, Workload,
};

pub(super) fn arc(text: &str) -> Arc<str> {
    Arc::from(text)
}

pub(super) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(super) fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

pub(super) fn labels(text: &str) -> Vec<(Arc<str>, Arc<str>)> {
    text.split(',')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (arc(key), arc(value)))
        .collect()
}

pub(super) fn selector(text: &str) -> LabelSelector {
    let requirements = labels(text).into_iter().map(|(key, value)| LabelRequirement {
        key,
        operator: SelectorOperator::In,
        values: vec![value],
    });
    LabelSelector { requirements: requirements.collect() }
}

fn reference(api_version: &str, kind: &str, namespace: Option<&str>, name: &str) -> ObjectRef {
    ObjectRef {
        api_version: arc(api_version),
        kind: arc(kind),
        namespace: namespace.map(arc),
        name: arc(name),
    }
}

/// A node with its instance `i-NAME`.
pub(super) fn node(name: &str, addresses: &[&str]) -> Node {
    Node {
        name: arc(name),
        source: Source::new("nodes.yaml", 1),
        labels: Vec::new(),
        provider_id: Some(arc(&format!("aws:///eu-west-1a/i-{name}"))),
        compute: Some(ComputeType::ManagedNodeGroup),
        addresses: addresses.iter().map(|address| ip(address)).collect(),
        pod_cidrs: Vec::new(),
        instance_type: Some(arc("m5.large")),
    }
}

/// A pod of the namespace `shop`.
pub(super) fn pod(name: &str, node: &str, addresses: &[&str], with: &str) -> Pod {
    Pod {
        reference: reference("v1", "Pod", Some("shop"), name),
        source: Source::new("pods.yaml", 1),
        uid: None,
        labels: labels(with),
        host_network: false,
        node_name: (!node.is_empty()).then(|| arc(node)),
        service_account: arc("default"),
        references: PodReferences::default(),
        mirror: false,
        phase: Some(arc("Running")),
        network: NetworkParts {
            addresses: addresses.iter().map(|address| ip(address)).collect(),
            ..NetworkParts::default()
        },
    }
}

/// Gives a pod a branch interface.
pub(super) fn with_branch(mut pod: Pod, id: &str) -> Pod {
    let addresses = pod.network.addresses.clone();
    pod.network.branch_interfaces.push(BranchInterface { id: arc(id), addresses });
    pod
}

pub(super) fn workload(name: &str, with: &str) -> Workload {
    Workload {
        reference: reference("apps/v1", "Deployment", Some("shop"), name),
        source: Source::new("workloads.yaml", 1),
        service_account: arc("default"),
        labels: labels(with),
        host_network: false,
        owned: false,
        network: NetworkParts::default(),
        replicas: Some(1),
    }
}

pub(super) fn account(name: &str, with: &str) -> ServiceAccount {
    ServiceAccount {
        namespace: arc("shop"),
        name: arc(name),
        source: Source::new("accounts.yaml", 1),
        role_arn: None,
        role_arn_line: 0,
        audience: None,
        sts_regional_endpoints: None,
        labels: labels(with),
        automount_token: None,
    }
}

pub(super) fn policy(
    name: &str,
    pods: Option<&str>,
    accounts: Option<&str>,
    groups: &[&str],
) -> SecurityGroupPolicy {
    SecurityGroupPolicy {
        reference: reference("vpcresources.k8s.aws/v1beta1", "SecurityGroupPolicy", Some("shop"), name),
        source: Source::new("sgp.yaml", 3),
        pods: pods.map(selector),
        service_accounts: accounts.map(selector),
        groups: groups.iter().map(|group| (arc(group), Source::new("sgp.yaml", 9))).collect(),
        unreadable: Vec::new(),
    }
}

/// An interface; on the instance of a node unless `node` is empty.
pub(super) fn interface(
    id: &str,
    kind: InterfaceKind,
    node: &str,
    device: Option<i64>,
    addresses: &[&str],
    groups: &[&str],
) -> NetworkInterface {
    NetworkInterface {
        id: arc(id),
        kind,
        addresses: addresses.iter().map(|address| ip(address)).collect(),
        prefixes: Vec::new(),
        groups: groups.iter().map(|group| arc(group)).collect(),
        instance: (!node.is_empty()).then(|| arc(&format!("i-{node}"))),
        device_index: device,
        subnet: None,
        description: None,
        public_address: None,
        source: Source::new("aws/enis.json", 5),
    }
}

pub(super) fn subnet(id: &str, blocks: &[&str]) -> Ec2Subnet {
    Ec2Subnet {
        id: arc(id),
        vpc: Some(arc("vpc-1")),
        blocks: blocks.iter().map(|block| net(block)).collect(),
        source: Source::new("aws/subnets.json", 2),
    }
}

pub(super) fn list(id: &str, blocks: Option<&[&str]>) -> PrefixList {
    PrefixList {
        id: arc(id),
        name: None,
        blocks: blocks.map(|blocks| blocks.iter().map(|block| net(block)).collect()),
        source: Source::new("aws/lists.json", 2),
    }
}

/// A group; rules as `tcp 80-81 from sg-a 10.0.0.0/8 pl-1`, `-1 to 0.0.0.0/0`, `icmp 8,-1 from …`, `132 from …`.
pub(super) fn group(id: &str, rules: &[&str]) -> SecurityGroup {
    let mut group = SecurityGroup {
        id: arc(id),
        name: None,
        vpc: Some(arc("vpc-1")),
        ingress: Vec::new(),
        egress: Vec::new(),
        source: Source::new("aws/groups.json", 10),
    };
    for (at, text) in rules.iter().enumerate() {
        let mut words = text.split_whitespace().peekable();
        let protocol = match words.next().unwrap() {
            "-1" => GroupProtocol::All,
            "tcp" => GroupProtocol::Tcp,
            "udp" => GroupProtocol::Udp,
            "icmp" => GroupProtocol::Icmp,
            "icmpv6" => GroupProtocol::Icmpv6,
            number => GroupProtocol::Number(number.parse().unwrap()),
        };
        let mut ports = None;
        if let Some(word) = words.next_if(|word| !matches!(*word, "from" | "to")) {
            let (first, last) = word.split_once(['-', ',']).map_or((word, word), |pair| pair);
            ports = match word.split_once(',') {
                Some((kind, code)) => Some((kind.parse().unwrap(), code.parse().unwrap())),
                None => Some((first.parse().unwrap(), last.parse().unwrap())),
            };
        }
        let ingress = words.next() == Some("from");
        let source = Source::new("aws/groups.json", 20 + u32::try_from(at).unwrap());
        let peer = |word: &str| match word {
            group if group.starts_with("sg-") => GroupPeer::Group { id: arc(group), account: None },
            list if list.starts_with("pl-") => GroupPeer::PrefixList(arc(list)),
            block => GroupPeer::Block(net(block)),
        };
        let peers = words.map(|word| (peer(word), source.clone())).collect();
        let rules = if ingress { &mut group.ingress } else { &mut group.egress };
        rules.push(SecurityGroupRule { index: rules.len(), protocol, ports, peers, source });
    }
    group
}

pub(super) fn cni(mode: EnforcingMode) -> VpcCni {
    VpcCni {
        source: Source::new("aws-node.yaml", 1),
        pod_eni: true,
        enforcing_mode: Some(mode),
        disable_tcp_early_demux: false,
        external_snat: false,
        network_policy: false,
        network_policy_mode: None,
    }
}

/// Two nodes in one subnet, whose primary interfaces carry `sg-node`; the VPC CNI in a mode.
pub(super) fn cluster(mode: EnforcingMode) -> Cluster {
    let nodes = vec![node("one", &["10.0.1.10"]), node("two", &["10.0.1.20"])];
    let mut cluster = Cluster { nodes, ..Cluster::default() };
    cluster.network.vpc_cni = Some(cni(mode));
    cluster.aws.subnets = vec![subnet("subnet-1", &["10.0.1.0/24"])];
    cluster.aws.network_interfaces = vec![
        interface(
            "eni-one",
            InterfaceKind::Interface,
            "one",
            Some(0),
            &["10.0.1.10", "10.0.1.11"],
            &["sg-node"],
        ),
        interface(
            "eni-two",
            InterfaceKind::Interface,
            "two",
            Some(0),
            &["10.0.1.20", "10.0.1.21"],
            &["sg-node"],
        ),
    ];
    cluster
}
