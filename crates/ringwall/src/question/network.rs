//! Ends of a question about the network, as `reach` takes them: `shop/Deployment/api:80/udp`.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use ringwall_model::Cluster;
use ringwall_model::network::{Peer, Protocol};
use ringwall_network::{Port, Who};

use super::{alike, did_you_mean, resource};
use crate::error::Failure;

/// Names offered for one that nobody has.
const OFFERED: usize = 3;

/// One end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct End {
    /// Who it is.
    pub(crate) who: Who,
    /// As it is told.
    pub(crate) label: String,
    /// What was read into the user's words.
    pub(crate) remark: Option<String>,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label)
    }
}

/// What may be sent: a port of a protocol, or any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ports {
    /// The question is which.
    Which,
    /// All of a protocol: ICMP has no ports.
    Protocol(Protocol),
    /// One.
    One(Port, Protocol),
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Which => Ok(()),
            Self::Protocol(protocol) => write!(f, "{}", protocol.name()),
            Self::One(Port::Number(number), protocol) => write!(f, "{} {number}", protocol.name()),
            Self::One(Port::Name(name), protocol) => write!(f, "{} `{name}`", protocol.name()),
        }
    }
}

/// Reads FROM.
pub(crate) fn sender(text: &str, cluster: &Cluster) -> Result<End, Failure> {
    let (name, ports) = split(text)?;
    if ports != Ports::Which {
        let hint = "a port is one of TO: the port that is sent from decides nothing";
        return Err(Failure::misuse_hint(format!("`{text}` has a port"), hint));
    }
    end(name, cluster)
}

/// Reads TO with its port.
pub(crate) fn receiver(text: &str, cluster: &Cluster) -> Result<(End, Ports), Failure> {
    let (name, ports) = split(text)?;
    Ok((end(name, cluster)?, ports))
}

/// Takes a port off the end of a text.
fn split(text: &str) -> Result<(&str, Ports), Failure> {
    if let Some(rest) = text.strip_prefix('[') {
        let Some((address, rest)) = rest.split_once(']') else {
            return Err(Failure::misuse_hint(format!("`{text}` has no `]`"), "as in [2001:db8::7]:53/udp"));
        };
        return match rest.strip_prefix(':') {
            Some(port) => Ok((address, ports(port)?)),
            None if rest.is_empty() => Ok((address, Ports::Which)),
            None => {
                Err(Failure::misuse_hint(format!("`{text}` is no address"), "as in [2001:db8::7]:53/udp"))
            }
        };
    }
    if text.parse::<IpAddr>().is_ok() {
        return Ok((text, Ports::Which));
    }
    match text.split_once(':') {
        Some((name, port)) if !port.contains(':') => Ok((name, ports(port)?)),
        Some(_) => Err(Failure::misuse_hint(
            format!("`{text}` is not one end of a connection"),
            "an IPv6 address with a port is written [2001:db8::7]:53",
        )),
        None => Ok((text, Ports::Which)),
    }
}

/// Reads `80`, `http`, `53/udp`, `icmp`.
fn ports(text: &str) -> Result<Ports, Failure> {
    let (port, protocol) = match text.split_once('/') {
        Some((port, name)) => {
            let protocol = Protocol::parse(name).ok_or_else(|| {
                Failure::misuse_hint(format!("unknown protocol `{name}`"), "it is tcp, udp, sctp or icmp")
            })?;
            (port, protocol)
        }
        None => match Protocol::parse(text) {
            Some(protocol) => return Ok(Ports::Protocol(protocol)),
            None => (text, Protocol::Tcp),
        },
    };
    if protocol == Protocol::Icmp {
        let hint = "without a port, as in shop/web-1:icmp";
        return Err(Failure::misuse_hint(format!("`{text}`: ICMP has no ports"), hint));
    }
    if port.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = port.parse::<u16>().ok().filter(|number| *number > 0);
        let number = number.ok_or_else(|| {
            Failure::misuse_hint(format!("`{port}` is not a port"), "ports are 1 to 65535, or a name")
        })?;
        return Ok(Ports::One(Port::Number(number), protocol));
    }
    Ok(Ports::One(Port::Name(port.into()), protocol))
}

/// Finds who a text names.
fn end(text: &str, cluster: &Cluster) -> Result<End, Failure> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(End { who: Who::Address(address), label: text.to_owned(), remark: None });
    }
    if text == "outside" {
        return Ok(outside(cluster));
    }
    let parts: Vec<&str> = text.split('/').collect();
    match parts.as_slice() {
        ["node", name] if !name.is_empty() => node(name, cluster),
        [namespace, name] if !namespace.is_empty() && !name.is_empty() => short(namespace, name, cluster),
        [namespace, kind, name] if !namespace.is_empty() && !name.is_empty() => {
            named(namespace, kind, name, cluster)
        }
        _ => {
            let offered = alike(text, names(cluster), OFFERED);
            let hint = match offered.as_slice() {
                [] => {
                    "write NAMESPACE/POD, NAMESPACE/KIND/NAME, node/NAME, an address or `outside`".to_owned()
                }
                offered => format!("did you mean {}?", listed(offered)),
            };
            Err(Failure::misuse_hint(format!("`{text}` names nobody in a cluster"), hint))
        }
    }
}

fn listed(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
}

fn node(name: &str, cluster: &Cluster) -> Result<End, Failure> {
    if !cluster.nodes.iter().any(|node| *node.name == *name) {
        let hint = did_you_mean(name, cluster.nodes.iter().map(|node| &*node.name))
            .unwrap_or_else(|| format!("the snapshot has {} nodes", cluster.nodes.len()));
        return Err(Failure::misuse_hint(format!("the snapshot has no node `{name}`"), hint));
    }
    Ok(End { who: Who::Node { name: name.into() }, label: format!("node {name}"), remark: None })
}

/// `NAMESPACE/NAME`: a pod, or the only workload or service of that name.
fn short(namespace: &str, name: &str, cluster: &Cluster) -> Result<End, Failure> {
    resource::check_namespace(namespace, cluster)?;
    let in_namespace = |other: &Option<Arc<str>>| other.as_deref() == Some(namespace);
    if (cluster.pods.iter()).any(|pod| in_namespace(&pod.reference.namespace) && *pod.reference.name == *name)
    {
        return Ok(pod(namespace, name));
    }
    let workloads: Vec<&str> = (cluster.workloads.iter())
        .filter(|workload| in_namespace(&workload.reference.namespace) && *workload.reference.name == *name)
        .map(|workload| &*workload.reference.kind)
        .collect();
    let is_service = (cluster.network.services.iter())
        .any(|service| in_namespace(&service.reference.namespace) && *service.reference.name == *name);
    let taken = |end: End, kind: &str, or: &str| End {
        remark: Some(format!("`{namespace}/{name}` is taken as `{namespace}/{kind}/{name}`{or}")),
        ..end
    };
    match (workloads.as_slice(), is_service) {
        ([kind], true) => {
            let or = format!("; the service of that name is `{namespace}/svc/{name}`");
            Ok(taken(workload(namespace, kind, name), kind, &or))
        }
        ([kind], false) => Ok(taken(workload(namespace, kind, name), kind, "")),
        ([], true) => Ok(taken(service(namespace, name), "Service", "")),
        ([], false) => Err(nobody("pod, workload or service", namespace, name, cluster)),
        (kinds, _) => {
            let kinds: Vec<String> = kinds.iter().map(|kind| format!("{namespace}/{kind}/{name}")).collect();
            let hint = format!("write {}", listed(&kinds));
            Err(Failure::misuse_hint(format!("`{namespace}/{name}` is of several kinds"), hint))
        }
    }
}

/// `NAMESPACE/KIND/NAME`.
fn named(namespace: &str, kind: &str, name: &str, cluster: &Cluster) -> Result<End, Failure> {
    resource::check_namespace(namespace, cluster)?;
    let kind = full_kind(kind, cluster)?;
    let of = |reference: &ringwall_model::ObjectRef| {
        reference.namespace.as_deref() == Some(namespace) && *reference.name == *name
    };
    let (is_there, end) = match &*kind {
        "Pod" => (cluster.pods.iter().any(|pod| of(&pod.reference)), pod(namespace, name)),
        "Service" => {
            (cluster.network.services.iter().any(|service| of(&service.reference)), service(namespace, name))
        }
        _ => (
            // Pods may be owned by what the snapshot does not hold.
            cluster.workloads.iter().any(|known| known.reference.kind == kind && of(&known.reference))
                || cluster.pods.iter().any(|pod| {
                    pod.reference.namespace.as_deref() == Some(namespace)
                        && pod
                            .network
                            .owner
                            .as_ref()
                            .is_some_and(|owner| owner.kind == kind && *owner.name == *name)
                }),
            workload(namespace, &kind, name),
        ),
    };
    if is_there { Ok(end) } else { Err(nobody(&kind, namespace, name, cluster)) }
}

/// A kind as manifests write it, from what kubectl takes as well.
fn full_kind(text: &str, cluster: &Cluster) -> Result<Arc<str>, Failure> {
    const SHORT: [(&str, &[&str]); 9] = [
        ("Pod", &["po", "pod", "pods"]),
        ("Service", &["svc", "service", "services"]),
        ("Deployment", &["deploy", "deployment", "deployments"]),
        ("StatefulSet", &["sts", "statefulset", "statefulsets"]),
        ("DaemonSet", &["ds", "daemonset", "daemonsets"]),
        ("ReplicaSet", &["rs", "replicaset", "replicasets"]),
        ("ReplicationController", &["rc", "replicationcontroller", "replicationcontrollers"]),
        ("Job", &["job", "jobs"]),
        ("CronJob", &["cj", "cronjob", "cronjobs"]),
    ];
    let lower = text.to_ascii_lowercase();
    if let Some((kind, _)) = SHORT.iter().find(|(_, names)| names.contains(&lower.as_str())) {
        return Ok((*kind).into());
    }
    let owners = || {
        let of_pods = cluster.pods.iter().filter_map(|pod| Some(&pod.network.owner.as_ref()?.kind));
        cluster.workloads.iter().map(|workload| &workload.reference.kind).chain(of_pods)
    };
    if let Some(kind) = owners().find(|kind| kind.eq_ignore_ascii_case(text)) {
        return Ok(Arc::clone(kind));
    }
    let hint = did_you_mean(text, SHORT.iter().map(|(kind, _)| *kind))
        .unwrap_or_else(|| "as in shop/Deployment/api, shop/sts/db or shop/svc/api".to_owned());
    Err(Failure::misuse_hint(format!("unknown kind `{text}`"), hint))
}

fn pod(namespace: &str, name: &str) -> End {
    let who = Who::Pod { namespace: namespace.into(), name: name.into() };
    End { who, label: format!("pod {namespace}/{name}"), remark: None }
}

fn workload(namespace: &str, kind: &str, name: &str) -> End {
    let who = Who::Workload { namespace: namespace.into(), kind: kind.into(), name: name.into() };
    End { who, label: format!("{kind} {namespace}/{name}"), remark: None }
}

fn service(namespace: &str, name: &str) -> End {
    let who = Who::Service { namespace: namespace.into(), name: name.into() };
    End { who, label: format!("Service {namespace}/{name}"), remark: None }
}

fn nobody(kind: &str, namespace: &str, name: &str, cluster: &Cluster) -> Failure {
    let offered = alike(&format!("{namespace}/{name}"), names(cluster), OFFERED);
    let message = format!("the snapshot has no {kind} `{namespace}/{name}`");
    match offered.as_slice() {
        [] => Failure::misuse(message),
        offered => Failure::misuse_hint(message, format!("did you mean {}?", listed(offered))),
    }
}

/// Every name that an end can have, as it is typed.
fn names(cluster: &Cluster) -> impl Iterator<Item = String> {
    let full = |reference: &ringwall_model::ObjectRef| {
        let namespace = reference.namespace.as_deref().unwrap_or_default();
        match &*reference.kind {
            "Pod" => format!("{namespace}/{}", reference.name),
            "Service" => format!("{namespace}/svc/{}", reference.name),
            kind => format!("{namespace}/{kind}/{}", reference.name),
        }
    };
    let workloads = cluster.workloads.iter().filter(|workload| !workload.owned).map(|known| &known.reference);
    let pods = cluster.pods.iter().map(|known| &known.reference);
    let services = cluster.network.services.iter().map(|known| &known.reference);
    let nodes = cluster.nodes.iter().map(|node| format!("node/{}", node.name));
    workloads.chain(services).chain(pods).map(full).chain(nodes)
}

/// Addresses that may stand for the outside, in the order in which they are tried: those that are kept for documents (RFC 5737, RFC 3849),
/// since no cluster has them and few policies name them, then others.
const V4: [&str; 6] = ["203.0.113.1", "198.51.100.1", "192.0.2.1", "9.9.9.9", "100.20.30.40", "150.60.70.80"];
const V6: [&str; 3] = ["2001:db8::1", "2620:fe::9", "2a01:4f8::1"];

/// An address of the outside that no policy names but with everybody else.
fn outside(cluster: &Cluster) -> End {
    let address = representative(cluster);
    let remark = match ranges(cluster).count() {
        0 => None,
        _ => Some(format!(
            "`outside` is taken as {address}, which no policy's range has but one of all addresses; ask about others by their address"
        )),
    };
    End { who: Who::Address(address), label: format!("the outside ({address})"), remark }
}

fn representative(cluster: &Cluster) -> IpAddr {
    let mut pods = cluster.pods.iter().flat_map(|pod| &pod.network.addresses).peekable();
    let only_v6 = pods.peek().is_some() && pods.all(IpAddr::is_ipv6);
    let candidates: &[&str] = if only_v6 { &V6 } else { &V4 };
    let parsed = || candidates.iter().filter_map(|text| text.parse::<IpAddr>().ok());
    let is_unnamed = |address: &IpAddr| !ranges(cluster).any(|range| range.contains(address));
    let fallback = IpAddr::from([203, 0, 113, 1]);
    parsed().find(is_unnamed).or_else(|| parsed().next()).unwrap_or(fallback)
}

/// Every range that policies tell apart from all addresses.
fn ranges(cluster: &Cluster) -> impl Iterator<Item = &ipnet::IpNet> {
    let rules = cluster
        .network
        .policies
        .iter()
        .flat_map(|policy| policy.ingress.iter().chain(policy.egress.iter()).flatten());
    let blocks = rules.flat_map(|rule| rule.peers.iter().flatten()).flat_map(|peer| {
        let (cidr, except): (Option<_>, &[ipnet::IpNet]) = match peer {
            Peer::Block { cidr, except } => (Some(cidr), except),
            _ => (None, &[]),
        };
        cidr.into_iter().chain(except)
    });
    blocks.filter(|range| range.prefix_len() > 0)
}

#[cfg(test)]
mod tests;
