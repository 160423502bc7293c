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
    /// Exports of AWS: each a list under its key.
    pub(crate) exports: Vec<Value>,
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) labels: Labels,
    pub(crate) addresses: Vec<IpAddr>,
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
    pub(crate) annotations: Labels,
}

impl Pod {
    pub(crate) fn key(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
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
                "annotations": self.annotations,
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
        if !self.exports.is_empty() {
            let aws = folder.path().join("aws");
            std::fs::create_dir(&aws).unwrap();
            for (number, export) in self.exports.iter().enumerate() {
                std::fs::write(aws.join(format!("{number}.json")), export.to_string()).unwrap();
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
        items
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
