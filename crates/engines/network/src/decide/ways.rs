//! Who is meant by the two ends of a question, and at which ports.

use std::net::IpAddr;

use ringwall_model::Reason;
use ringwall_model::network::{Protocol, Service, ServicePort};

use super::built_in;
use super::explain::{describe, object_reason};
use crate::network::Network;
use crate::party::{EndKind, NodeEntry, Party, PodEntry};
use crate::services::{Facing, container_port, port_of};
use crate::who::{Port, QuestionError, Who};

/// One way to a destination.
pub(super) struct Way<'n> {
    pub(super) party: Party<'n>,
    /// The destination's own port.
    pub(super) port: u16,
    /// Whether a service's address leads there. Who reaches itself so is not exempt from policy.
    ///
    /// Source: network-policy-api, ClusterNetworkPolicy: a pod's connections to its own address are never subject to policy, those by a
    /// service are.
    pub(super) by_service: bool,
    /// A node that may put its address in the source's place.
    pub(super) through: Option<Party<'n>>,
    /// What policies may see as the destination of the source's egress: the node's port, before it is translated.
    pub(super) sent_to: Option<(Party<'n>, u16)>,
    /// The service, where somebody of the outside comes through its load balancer or a node.
    pub(super) outside_of: Option<&'n Service>,
}

impl<'n> Way<'n> {
    fn to(party: Party<'n>, port: u16) -> Self {
        Self { party, port, by_service: false, through: None, sent_to: None, outside_of: None }
    }

    /// Who policies may see in a source's place: nodes that put their own address into the packet. None where the service says that who
    /// asks is to be seen.
    ///
    /// Source: Kubernetes, *Service*, `externalTrafficPolicy`; *Network Policies*: whether policies apply before or after such a
    /// translation is up to the implementation.
    pub(super) fn seen_as(&self, network: &'n Network<'_>, from: Party<'_>) -> Vec<Party<'n>> {
        match self.outside_of {
            Some(service) if !service.external_traffic_local && is_outside(network, from) => {
                network.nodes().iter().map(Party::Node).collect()
            }
            _ => self.through.into_iter().collect(),
        }
    }

    /// Why a load balancer doesn't let the source through, if so.
    ///
    /// Source: Kubernetes, *Service*, `loadBalancerSourceRanges`.
    pub(super) fn refused(&self, network: &Network<'_>, from: Party<'_>) -> Option<Reason> {
        let service = self.outside_of?;
        let Party::Address(address) = from else { return None };
        if !is_outside(network, from) || service.source_ranges.is_empty() {
            return None;
        }
        if service.source_ranges.iter().any(|range| range.contains(&address)) {
            return None;
        }
        let text = format!("its load balancer lets nobody in from {address} (loadBalancerSourceRanges)");
        Some(object_reason(&service.reference, &service.source, text))
    }
}

pub(super) fn is_outside(network: &Network<'_>, party: Party<'_>) -> bool {
    network.end(party, None).kind == EndKind::Outside
}

/// All ways to what a question asks for.
#[derive(Default)]
pub(super) struct Reached<'n> {
    pub(super) ways: Vec<Way<'n>>,
    /// How it leads there.
    pub(super) reasons: Vec<Reason>,
    /// Why it doesn't.
    pub(super) denied: Vec<Reason>,
    /// Why nobody here can tell.
    pub(super) unknown: Vec<String>,
}

impl<'a> Network<'a> {
    /// Everybody that a question's source stands for.
    pub(crate) fn sources(&self, who: &Who) -> Result<Vec<Party<'_>>, QuestionError> {
        Ok(match who {
            Who::Pod { .. } | Who::Workload { .. } => {
                self.pods_meant(who)?.into_iter().map(|pod| self.party(pod)).collect()
            }
            Who::Service { namespace, name } => {
                let service = self
                    .service_named(namespace, name)
                    .ok_or_else(|| not_there("service", Some(namespace), name))?;
                self.behind(service)
            }
            Who::Node { name } => {
                vec![Party::Node(self.node_named(name).ok_or_else(|| not_there("node", None, name))?)]
            }
            Who::Address(address) => match self.holders(*address).as_slice() {
                [Party::Address(_)] if self.node_of(Party::Address(*address)).is_none() => {
                    match self.service_at(*address) {
                        Some((service, _)) => self.behind(service),
                        None => vec![Party::Address(*address)],
                    }
                }
                holders => holders.to_vec(),
            },
        })
    }

    /// The pods of a service, or the addresses that its EndpointSlices list.
    fn behind(&self, service: &Service) -> Vec<Party<'_>> {
        if service.selector.is_some() {
            return self.service_pods(service).into_iter().map(|pod| self.party(pod)).collect();
        }
        self.slices(service)
            .flat_map(|slice| &slice.addresses)
            .flat_map(|address| self.holders(*address))
            .collect()
    }

    fn pods_meant(&self, who: &Who) -> Result<Vec<&PodEntry<'a>>, QuestionError> {
        match who {
            Who::Workload { namespace, kind, name } if &**kind != "Pod" => {
                if let Some(workload) = self.workload_named(namespace, kind, name) {
                    return Ok(self.workload_pods(workload));
                }
                let told = self.owners.pods_told(namespace, kind, name).iter();
                let pods: Vec<_> =
                    told.filter_map(|pod| self.pod_named(namespace, &pod.reference.name)).collect();
                if pods.is_empty() { Err(not_there(kind, Some(namespace), name)) } else { Ok(pods) }
            }
            Who::Pod { namespace, name } | Who::Workload { namespace, name, .. } => {
                if let Some(pod) = self.pod_named(namespace, name) {
                    return Ok(vec![pod]);
                }
                let over = self.cluster.pods.iter().any(|pod| {
                    pod.is_over()
                        && pod.reference.name == *name
                        && pod.reference.namespace.as_ref() == Some(namespace)
                });
                if over {
                    return Err(QuestionError::Over { name: format!("{namespace}/{name}") });
                }
                Err(not_there("pod", Some(namespace), name))
            }
            Who::Service { .. } | Who::Node { .. } | Who::Address(_) => Ok(Vec::new()),
        }
    }

    /// All ways to the destination of a question.
    pub(super) fn ways(
        &self,
        who: &Who,
        port: &Port,
        protocol: Protocol,
    ) -> Result<Reached<'_>, QuestionError> {
        let mut reached = Reached::default();
        match who {
            Who::Pod { .. } | Who::Workload { .. } => {
                for pod in self.pods_meant(who)? {
                    self.to_pod(&mut reached, pod, port, protocol);
                }
            }
            Who::Service { namespace, name } => {
                let service = self
                    .service_named(namespace, name)
                    .ok_or_else(|| not_there("service", Some(namespace), name))?;
                let facing = if &*service.kind == "ClusterIP" { Facing::Cluster } else { Facing::Outside };
                self.to_service(&mut reached, service, facing, port, protocol);
            }
            Who::Node { name } => {
                let node = self.node_named(name).ok_or_else(|| not_there("node", None, name))?;
                self.to_node(&mut reached, Party::Node(node), node, port, protocol);
            }
            Who::Address(address) => self.to_address(&mut reached, *address, port, protocol),
        }
        Ok(reached)
    }

    fn to_address<'n>(&'n self, reached: &mut Reached<'n>, address: IpAddr, port: &Port, protocol: Protocol) {
        for holder in self.holders(address) {
            match holder {
                Party::Pod(pod) => {
                    if let Some(pod) = self.pod(pod.id) {
                        self.to_pod(reached, pod, port, protocol);
                    }
                }
                Party::Node(_) | Party::Address(_) => {
                    if let Some(node) = self.node_of(holder).and_then(|id| self.node(id)) {
                        self.to_node(reached, holder, node, port, protocol);
                    } else if let Some((service, facing)) = self.service_at(address) {
                        self.to_service(reached, service, facing, port, protocol);
                    } else {
                        match port {
                            Port::Number(number) => reached.ways.push(Way::to(holder, *number)),
                            Port::Name(name) => reached.denied.push(nameless(&describe(holder), name)),
                        }
                    }
                }
            }
        }
    }

    fn to_pod<'n>(
        &'n self,
        reached: &mut Reached<'n>,
        pod: &'n PodEntry<'a>,
        port: &Port,
        protocol: Protocol,
    ) {
        let number = match port {
            Port::Number(number) => Some(*number),
            Port::Name(name) => container_port(pod, name, protocol),
        };
        match (number, port) {
            (Some(number), _) => reached.ways.push(Way::to(self.party(pod), number)),
            (None, Port::Name(name)) => {
                let text =
                    format!("no container of {} has a {} port `{name}`", pod.reference(), protocol.name());
                reached.denied.push(object_reason(pod.reference(), pod.source(), text));
            }
            (None, Port::Number(_)) => {}
        }
    }

    /// A node's own port, or what a node port or a host port leads to.
    fn to_node<'n>(
        &'n self,
        reached: &mut Reached<'n>,
        party: Party<'n>,
        node: &'n NodeEntry<'a>,
        port: &Port,
        protocol: Protocol,
    ) {
        let number = match port {
            Port::Number(number) => *number,
            Port::Name(name) => return reached.denied.push(nameless(&describe(party), name)),
        };
        if let Some((service, service_port)) = self.node_port(protocol, number) {
            let text = format!("port {number} of every node leads to its port {}", service_port.port);
            reached.reasons.push(object_reason(&service.reference, &service_port.source, text));
            let from = reached.ways.len();
            self.behind_port(reached, service, service_port);
            if service.external_traffic_local {
                let ways = reached.ways.split_off(from);
                reached.ways.extend(ways.into_iter().filter(|way| self.node_of(way.party) == Some(node.id)));
                if reached.ways.len() == from {
                    let text =
                        format!("none of its pods runs on Node {} (externalTrafficPolicy: Local)", node.name);
                    reached.denied.push(object_reason(&service.reference, &service.source, text));
                }
            }
            for way in reached.ways.iter_mut().skip(from) {
                way.sent_to = Some((party, number));
                if !service.external_traffic_local {
                    way.through = Some(party);
                }
            }
            return;
        }
        let on_node = node.pods.iter().filter_map(|id| self.pod(*id)).filter(|pod| !pod.host_network());
        let mut by_host_port = on_node.filter_map(|pod| {
            let ports = &pod.parts().ports;
            let has = ports.iter().find(|has| has.protocol == protocol && has.host_port == Some(number))?;
            Some((pod, has.port))
        });
        match by_host_port.next() {
            Some((pod, own)) => {
                let text = format!("its hostPort {number} leads from Node {} to its port {own}", node.name);
                reached.reasons.push(object_reason(pod.reference(), pod.source(), text));
                let way =
                    Way { by_service: true, sent_to: Some((party, number)), ..Way::to(Party::Pod(pod), own) };
                reached.ways.push(way);
            }
            None => reached.ways.push(Way::to(party, number)),
        }
    }

    fn to_service<'n>(
        &'n self,
        reached: &mut Reached<'n>,
        service: &'a Service,
        facing: Facing,
        port: &Port,
        protocol: Protocol,
    ) {
        let refer = |text: String| object_reason(&service.reference, &service.source, text);
        if &*service.kind == "ExternalName" {
            let why = format!(
                "{}: a name of the outside is behind it, which only a resolver can tell the addresses of",
                service.reference
            );
            return reached.unknown.push(why);
        }
        let found = port_of(service, port, protocol);
        if service.headless {
            // Names resolve to the pods themselves, so that any port of theirs can be asked for.
            let number = match (found, port) {
                (Some(found), Port::Name(_)) => return self.behind_port(reached, service, found),
                (None, Port::Name(name)) => {
                    return reached.denied.push(refer(format!("has no {} port `{name}`", protocol.name())));
                }
                (_, Port::Number(number)) => *number,
            };
            let parties = self.behind(service);
            if parties.is_empty() {
                reached.denied.push(refer("has no endpoints".to_owned()));
            } else {
                reached.reasons.push(refer(format!(
                    "is headless: its name leads to {} endpoints themselves",
                    parties.len()
                )));
            }
            return reached.ways.extend(parties.into_iter().map(|party| Way::to(party, number)));
        }
        let Some(found) = found else {
            let asked = match port {
                Port::Number(number) => number.to_string(),
                Port::Name(name) => format!("`{name}`"),
            };
            return reached.denied.push(refer(format!("has no {} port {asked}", protocol.name())));
        };
        let from = reached.ways.len();
        self.behind_port(reached, service, found);
        if facing == Facing::Outside {
            for way in reached.ways.iter_mut().skip(from) {
                way.outside_of = Some(service);
            }
        }
    }

    /// The ways behind one port of a service.
    fn behind_port<'n>(&'n self, reached: &mut Reached<'n>, service: &Service, port: &ServicePort) {
        let endpoints = self.endpoints(service, port);
        if endpoints.is_empty() {
            let text = format!("no endpoints are behind its {} port {}", port.protocol.name(), port.port);
            return reached.denied.push(object_reason(&service.reference, &port.source, text));
        }
        let text =
            format!("its {} port {} leads to {} endpoints", port.protocol.name(), port.port, endpoints.len());
        reached.reasons.push(object_reason(&service.reference, &port.source, text));
        for endpoint in endpoints {
            match endpoint.port {
                Some(own) => reached.ways.push(Way { by_service: true, ..Way::to(endpoint.party, own) }),
                None => {
                    let text = format!(
                        "{} has no container port of the name that its targetPort says",
                        describe(endpoint.party)
                    );
                    reached.denied.push(object_reason(&service.reference, &port.source, text));
                }
            }
        }
    }
}

fn nameless(who: &str, name: &str) -> Reason {
    built_in(format!("{who} gives no names to ports, so not `{name}`"))
}

fn not_there(kind: &str, namespace: Option<&str>, name: &str) -> QuestionError {
    let name = namespace.map_or_else(|| name.to_owned(), |namespace| format!("{namespace}/{name}"));
    QuestionError::NotThere { kind: kind.to_owned(), name }
}
