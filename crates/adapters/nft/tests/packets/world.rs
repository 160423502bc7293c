//! What a scenario is about: a cluster's objects, which the snapshot's reader is given as text, and which the lab makes namespaces of.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ringwall_model::Cluster;
use ringwall_model::network::Protocol;
use serde_json::{Value, json};

use crate::lab::{Place, PodSpec};

/// Labels of an object.
pub(crate) type Labels = BTreeMap<String, String>;

/// The objects of a cluster.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) nodes: Vec<Node>,
    pub(crate) namespaces: BTreeMap<String, Labels>,
    pub(crate) pods: Vec<Pod>,
    /// Policies and whatever else has a say, as they are.
    pub(crate) objects: Vec<Value>,
    /// Security groups, if there is a VPC that judges by them.
    pub(crate) vpc: Option<Vpc>,
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) labels: Labels,
    pub(crate) addresses: Vec<IpAddr>,
    /// Security groups of its interface.
    pub(crate) groups: Vec<String>,
}

/// What of AWS has a say over packets.
#[derive(Clone, Debug)]
pub(crate) struct Vpc {
    /// `POD_SECURITY_GROUP_ENFORCING_MODE` is `strict`, else `standard`.
    pub(crate) strict: bool,
    /// Groups as EC2 describes them.
    pub(crate) groups: Vec<Value>,
}

#[derive(Clone, Debug)]
pub(crate) struct Pod {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) labels: Labels,
    /// The node, by its place.
    pub(crate) node: usize,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) host_network: bool,
    /// Succeeded: its object is still there.
    pub(crate) over: bool,
    pub(crate) ports: Vec<(String, Protocol, u16)>,
    /// Security groups of an interface of its own; none where it has none.
    pub(crate) groups: Vec<String>,
}

impl Pod {
    pub(crate) fn key(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    fn interface(&self) -> String {
        format!("eni-{}", self.key().replace('/', "-"))
    }

    fn address(&self, v4: bool) -> Option<IpAddr> {
        self.addresses.iter().copied().find(|address| address.is_ipv4() == v4)
    }

    /// What the VPC's resource controller writes of a branch interface.
    fn annotations(&self) -> Labels {
        if self.groups.is_empty() {
            return Labels::new();
        }
        let branch = json!([{
            "eniId": self.interface(),
            "ifAddress": "0a:00:00:00:00:01",
            "privateIp": self.address(true).map(|address| address.to_string()).unwrap_or_default(),
            "ipv6Addr": self.address(false).map(|address| address.to_string()).unwrap_or_default(),
            "vlanId": 1,
            "subnetCidr": "10.60.0.0/16",
        }]);
        [("vpc.amazonaws.com/pod-eni".to_owned(), branch.to_string())].into()
    }

    fn object(&self, node: &str) -> Value {
        let ports: Vec<Value> = self
            .ports
            .iter()
            .map(|(name, protocol, port)| {
                json!({"name": name, "containerPort": port, "protocol": protocol.name()})
            })
            .collect();
        let addresses: Vec<Value> = self.addresses.iter().map(|ip| json!({"ip": ip.to_string()})).collect();
        json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": self.name,
                "namespace": self.namespace,
                "labels": self.labels,
                "annotations": self.annotations(),
            },
            "spec": {
                "nodeName": node,
                "hostNetwork": self.host_network,
                "serviceAccountName": "default",
                "containers": [{"name": "serve", "image": "serve", "ports": ports}],
            },
            "status": {
                "phase": if self.over { "Succeeded" } else { "Running" },
                "podIP": self.addresses.first().map(IpAddr::to_string),
                "podIPs": addresses,
            },
        })
    }
}

impl World {
    /// As a snapshot's reader understands it, which must have nothing to say about it.
    pub(crate) fn cluster(&self) -> Cluster {
        let folder = tempfile::tempdir().unwrap();
        let kubernetes = folder.path().join("kubernetes");
        std::fs::create_dir(&kubernetes).unwrap();
        let list = json!({"apiVersion": "v1", "kind": "List", "items": self.items()});
        std::fs::write(kubernetes.join("all.json"), list.to_string()).unwrap();
        if let Some(vpc) = &self.vpc {
            let aws = folder.path().join("aws");
            std::fs::create_dir(&aws).unwrap();
            for (list, items) in self.exports(vpc) {
                std::fs::write(aws.join(format!("{list}.json")), json!({list: items}).to_string()).unwrap();
            }
        }
        let snapshot =
            ringwall_snapshot::read(folder.path(), &ringwall_snapshot::Options::default()).unwrap();
        assert!(snapshot.problems.is_empty(), "{:#?}", snapshot.problems);
        snapshot.cluster
    }

    /// As seen by one family alone.
    pub(crate) fn of_family(&self, v4: bool) -> Self {
        let mut world = self.clone();
        let nodes = world.nodes.iter_mut().map(|node| &mut node.addresses);
        for addresses in nodes.chain(world.pods.iter_mut().map(|pod| &mut pod.addresses)) {
            addresses.retain(|address| address.is_ipv4() == v4);
        }
        world
    }

    fn items(&self) -> Vec<Value> {
        let mut items: Vec<Value> = Vec::new();
        for node in &self.nodes {
            let addresses: Vec<Value> = node
                .addresses
                .iter()
                .map(|ip| json!({"type": "InternalIP", "address": ip.to_string()}))
                .collect();
            items.push(json!({
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": node.name, "labels": node.labels},
                "spec": {"providerID": format!("aws:///eu-central-1a/{}", instance(&node.name))},
                "status": {"addresses": addresses},
            }));
        }
        for (name, labels) in &self.namespaces {
            items.push(json!({
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": name, "labels": labels},
            }));
        }
        items.extend(self.pods.iter().map(|pod| pod.object(&self.nodes[pod.node].name)));
        items.extend(self.objects.iter().cloned());
        items.extend(self.vpc.as_ref().map(|vpc| {
            let mode = if vpc.strict { "strict" } else { "standard" };
            let variable = |name: &str, value: &str| json!({"name": name, "value": value});
            json!({
                "apiVersion": "apps/v1",
                "kind": "DaemonSet",
                "metadata": {"name": "aws-node", "namespace": "kube-system"},
                "spec": {"template": {"spec": {"containers": [{"name": "aws-node", "image": "cni", "env": [
                    variable("ENABLE_POD_ENI", "true"),
                    variable("POD_SECURITY_GROUP_ENFORCING_MODE", mode),
                    variable("AWS_VPC_K8S_CNI_EXTERNALSNAT", "true"),
                ]}]}}},
            })
        }));
        items
    }

    /// Groups, subnets and interfaces: a node's has its own address and those of its pods that have no interface to themselves.
    fn exports(&self, vpc: &Vpc) -> [(&'static str, Vec<Value>); 3] {
        let interface =
            |id: String, kind: &str, addresses: Vec<IpAddr>, groups: &[String], instance: Option<String>| {
                let of = |v4: bool, key: &str| -> Vec<Value> {
                    let family = addresses.iter().filter(|address| address.is_ipv4() == v4);
                    family.map(|address| json!({key: address.to_string()})).collect()
                };
                let groups: Vec<Value> =
                    groups.iter().map(|id| json!({"GroupId": id, "GroupName": id})).collect();
                json!({
                    "NetworkInterfaceId": id,
                    "InterfaceType": kind,
                    "PrivateIpAddresses": of(true, "PrivateIpAddress"),
                    "Ipv6Addresses": of(false, "Ipv6Address"),
                    "Groups": groups,
                    "Attachment": instance.map(|id| json!({"InstanceId": id, "DeviceIndex": 0})),
                    "SubnetId": "subnet-1",
                    "VpcId": "vpc-1",
                })
            };
        let mut interfaces = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            let secondary = self.on_pod_network().filter(|pod| pod.node == at && pod.groups.is_empty());
            let addresses =
                node.addresses.iter().copied().chain(secondary.flat_map(|pod| pod.addresses.clone()));
            let id = format!("eni-{}", node.name);
            interfaces.push(interface(
                id,
                "interface",
                addresses.collect(),
                &node.groups,
                Some(instance(&node.name)),
            ));
        }
        for pod in self.on_pod_network().filter(|pod| !pod.groups.is_empty()) {
            interfaces.push(interface(pod.interface(), "branch", pod.addresses.clone(), &pod.groups, None));
        }
        let subnet = |id: &str, v4: &str, v6: &str| {
            json!({
                "SubnetId": id,
                "VpcId": "vpc-1",
                "CidrBlock": v4,
                "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": v6, "Ipv6CidrBlockState": {"State": "associated"}}],
            })
        };
        let subnets = vec![
            subnet("subnet-1", "10.0.0.0/16", "fd00:0:0:0::/64"),
            subnet("subnet-2", "10.60.0.0/16", "fd00:60::/32"),
        ];
        [("SecurityGroups", vpc.groups.clone()), ("NetworkInterfaces", interfaces), ("Subnets", subnets)]
    }

    /// The namespaces of the lab that its pods need: those that live and have a network of their own.
    pub(crate) fn pod_specs(&self) -> Vec<PodSpec> {
        self.on_pod_network()
            .map(|pod| PodSpec { key: pod.key(), node: pod.node, addresses: pod.addresses.clone() })
            .collect()
    }

    pub(crate) fn on_pod_network(&self) -> impl Iterator<Item = &Pod> {
        self.pods.iter().filter(|pod| !pod.over && !pod.host_network)
    }

    /// Where an address is: a living pod's, a node's, or outside.
    pub(crate) fn place_of(&self, address: IpAddr) -> Place {
        if let Some(pod) = self.on_pod_network().find(|pod| pod.addresses.contains(&address)) {
            return Place::Pod(pod.key());
        }
        let node = self.nodes.iter().position(|node| node.addresses.contains(&address));
        node.map_or(Place::Outside, Place::Node)
    }
}

/// The instance that a node runs on.
fn instance(node: &str) -> String {
    format!("i-{node}")
}
