//! A cluster of network namespaces: nodes that route, pods behind them, and an outside.
//!
//! Pods have addresses of one host behind a veth pair of their own, as the VPC CNI makes them: a route of the host and a fixed neighbour on
//! either side, no bridge. Nodes and the outside hang on a namespace that only routes. Nothing of the machine's own network is touched.

mod netns;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

pub(crate) use netns::Netns;

use crate::probe::{Endpoint, Responder};

/// How often a responder is asked for before the lab itself is held to be broken.
const PATIENCE: Duration = Duration::from_secs(20);

/// The link-layer address of every host side, so that neighbours can be fixed before the interface is there.
const HOST_MAC: &str = "ee:ee:ee:ee:ee:ee";

/// Next hops that nobody has: the neighbour is fixed.
const GATEWAY_V4: &str = "169.254.1.1";
const GATEWAY_V6: &str = "fe80::1";

/// Parameters of every namespace: addresses are usable at once.
const QUICK_ADDRESSES: [(&str, &str); 3] = [
    ("net/ipv6/conf/all/accept_dad", "0"),
    ("net/ipv6/conf/default/accept_dad", "0"),
    ("net/ipv6/conf/default/router_solicitations", "0"),
];

/// Parameters of a namespace that routes.
const ROUTES: [(&str, &str); 2] = [("net/ipv4/ip_forward", "1"), ("net/ipv6/conf/all/forwarding", "1")];

/// A namespace with addresses.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) netns: Netns,
    /// Its addresses.
    pub(crate) addresses: Vec<IpAddr>,
    /// What answers on them.
    pub(crate) endpoint: Option<Endpoint>,
}

/// A pod's namespace and where it hangs.
#[derive(Debug)]
pub(crate) struct Pod {
    pub(crate) host: Host,
    /// The node, by its place.
    pub(crate) node: usize,
    /// The veth in the node's namespace.
    pub(crate) veth: String,
}

/// A pod that shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PodSpec {
    /// `namespace/name`
    pub(crate) key: String,
    /// The node, by its place.
    pub(crate) node: usize,
    /// Its addresses.
    pub(crate) addresses: Vec<IpAddr>,
}

/// Who sends or gets: a namespace of the lab.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Place {
    /// A pod, by `namespace/name`.
    Pod(String),
    /// A node, by its place; its pods of the host network too.
    Node(usize),
    /// What is neither.
    Outside,
}

/// The whole.
pub(crate) struct Lab {
    // Before the namespaces, as it is stopped first.
    pub(crate) responder: Responder,
    pub(crate) pods: BTreeMap<String, Pod>,
    pub(crate) nodes: Vec<Host>,
    pub(crate) outside: Host,
    fabric: Netns,
    made: usize,
}

impl Lab {
    /// Nodes and an outside with these addresses; everybody answers at these ports.
    pub(crate) fn new(nodes: &[Vec<IpAddr>], outside: &[IpAddr], ports: &[u16]) -> Self {
        let labels: Vec<String> = std::iter::once("fabric".to_owned())
            .chain(std::iter::once("outside".to_owned()))
            .chain((0..nodes.len()).map(|at| format!("node{at}")))
            .collect();
        let mut netns = Netns::create(&labels).into_iter();
        let fabric = netns.next().unwrap();
        fabric.sysctl(&QUICK_ADDRESSES);
        fabric.sysctl(&ROUTES);
        let mut responder = Responder::start(ports);
        let mut hosts: Vec<Host> = Vec::new();
        for (at, (netns, addresses)) in
            netns.zip(std::iter::once(outside.to_vec()).chain(nodes.iter().cloned())).enumerate()
        {
            let host = Host { netns, addresses, endpoint: None };
            attach(&host, &fabric, &format!("to{at}"), at);
            if at > 0 {
                host.netns.sysctl(&ROUTES);
            }
            hosts.push(host);
        }
        for host in &mut hosts {
            host.endpoint = Some(responder.serve(&host.netns, &host.addresses));
        }
        let outside = hosts.remove(0);
        Self { responder, pods: BTreeMap::new(), nodes: hosts, outside, fabric, made: 0 }
    }

    /// Makes it so that these pods are there and no others. A pod whose node or addresses changed is another pod.
    pub(crate) fn have(&mut self, wanted: &[PodSpec]) {
        let keep = |key: &String, pod: &Pod| {
            wanted
                .iter()
                .any(|spec| spec.key == *key && spec.node == pod.node && spec.addresses == pod.host.addresses)
        };
        let gone: Vec<String> =
            self.pods.iter().filter(|(key, pod)| !keep(key, pod)).map(|(key, _)| key.clone()).collect();
        for key in gone {
            self.remove(&key);
        }
        let missing: Vec<&PodSpec> =
            wanted.iter().filter(|spec| !self.pods.contains_key(&spec.key)).collect();
        self.add(&missing);
    }

    /// Removes a pod with its interface, routes and neighbours.
    pub(crate) fn remove(&mut self, key: &str) {
        let Some(pod) = self.pods.remove(key) else { return };
        self.responder.forget(pod.host.endpoint);
        // With one end both go; routes and neighbours by this interface go with it.
        self.nodes[pod.node].netns.ip(&[format!("link del {}", pod.veth)]);
        let routes: Vec<String> =
            pod.host.addresses.iter().map(|a| format!("route del {}", full(*a))).collect();
        self.fabric.ip(&routes);
    }

    fn add(&mut self, specs: &[&PodSpec]) {
        if specs.is_empty() {
            return;
        }
        let labels: Vec<&str> = specs.iter().map(|spec| spec.key.as_str()).collect();
        let mut on_nodes: Vec<Vec<String>> = vec![Vec::new(); self.nodes.len()];
        let mut on_fabric = Vec::new();
        for (netns, spec) in Netns::create(&labels).into_iter().zip(specs) {
            self.made += 1;
            let veth = format!("eni{:011x}", self.made);
            let mac = mac(self.made);
            netns.sysctl(&QUICK_ADDRESSES);
            let node = &self.nodes[spec.node];
            let lines = &mut on_nodes[spec.node];
            lines.push(format!(
                "link add {veth} address {HOST_MAC} type veth peer name eth0 address {mac} netns {}",
                netns.name()
            ));
            lines.push(format!("link set {veth} up"));
            for address in &spec.addresses {
                // The node speaks to its pods by its own address of the same family.
                let source = same_family(&node.addresses, *address);
                let source = source.map_or_else(String::new, |source| format!(" src {source}"));
                lines.push(format!("route add {} dev {veth}{source}", full(*address)));
                lines.push(format!("neigh add {address} lladdr {mac} dev {veth} nud permanent"));
                if let Some(via) = same_family(&node.addresses, *address) {
                    on_fabric.push(format!("route add {} via {via} dev to{}", full(*address), spec.node + 1));
                }
            }
            let host = Host { netns, addresses: spec.addresses.clone(), endpoint: None };
            self.pods.insert(spec.key.clone(), Pod { host, node: spec.node, veth });
        }
        for (node, lines) in self.nodes.iter().zip(&on_nodes) {
            node.netns.ip(lines);
        }
        self.fabric.ip(&on_fabric);
        for spec in specs {
            let pod = self.pods.get_mut(&spec.key).unwrap();
            pod.host.netns.ip(&inside(&pod.host.addresses));
            pod.host.endpoint = Some(self.responder.serve(&pod.host.netns, &pod.host.addresses));
        }
    }

    /// A place's namespace.
    pub(crate) fn host(&self, place: &Place) -> &Host {
        match place {
            Place::Pod(key) => &self.pods[key].host,
            Place::Node(at) => &self.nodes[*at],
            Place::Outside => &self.outside,
        }
    }

    /// Who answers there, as answers say it.
    pub(crate) fn identity(&self, place: &Place) -> u32 {
        self.host(place).endpoint.as_ref().unwrap().identity()
    }

    /// Waits until whatever has reached a listener so far is answered.
    pub(crate) fn settle(&self) {
        self.responder.settle(PATIENCE);
    }
}

/// Joins a host to the fabric by a veth pair: `eth0` there, `link` here.
fn attach(host: &Host, fabric: &Netns, link: &str, at: usize) {
    host.netns.sysctl(&QUICK_ADDRESSES);
    let mac = format!("0a:ff:00:00:00:{:02x}", at + 1);
    let mut lines = vec![
        format!(
            "link add {link} address {HOST_MAC} type veth peer name eth0 address {mac} netns {}",
            host.netns.name()
        ),
        format!("link set {link} up"),
    ];
    for address in &host.addresses {
        lines.push(format!("route add {} dev {link}", full(*address)));
        lines.push(format!("neigh add {address} lladdr {mac} dev {link} nud permanent"));
    }
    fabric.ip(&lines);
    host.netns.ip(&inside(&host.addresses));
}

/// Lines of `ip` for the side that has the addresses.
fn inside(addresses: &[IpAddr]) -> Vec<String> {
    let mut lines = vec!["link set lo up".to_owned(), "link set eth0 up".to_owned()];
    for address in addresses {
        let unchecked = if address.is_ipv6() { " nodad" } else { "" };
        lines.push(format!("addr add {} dev eth0{unchecked}", full(*address)));
    }
    for (gateway, family) in [(GATEWAY_V4, "-4"), (GATEWAY_V6, "-6")] {
        let v6 = family == "-6";
        if let Some(source) = addresses.iter().find(|address| address.is_ipv6() == v6) {
            lines.push(format!("neigh add {gateway} lladdr {HOST_MAC} dev eth0 nud permanent"));
            lines.push(format!("route add default via {gateway} dev eth0 onlink src {source}"));
        }
    }
    lines
}

fn mac(count: usize) -> String {
    format!("0a:00:00:{:02x}:{:02x}:{:02x}", count >> 16 & 255, count >> 8 & 255, count & 255)
}

fn same_family(addresses: &[IpAddr], like: IpAddr) -> Option<IpAddr> {
    addresses.iter().copied().find(|address| address.is_ipv6() == like.is_ipv6())
}

/// An address as the range that holds it alone.
pub(crate) fn full(address: IpAddr) -> String {
    format!("{address}/{}", if address.is_ipv6() { 128 } else { 32 })
}
