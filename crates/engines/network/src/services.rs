//! Services: which one has an address, which pods are behind it and at which port.

use std::net::IpAddr;

use hashbrown::HashMap;
use ringwall_model::Cluster;
use ringwall_model::network::{EndpointSlice, Protocol, Service, ServicePort, TargetPort};

use crate::network::Network;
use crate::party::{Party, PodEntry};
use crate::who::Port;

/// Services by their names and addresses.
#[derive(Debug, Default)]
pub(crate) struct Services<'a> {
    named: HashMap<(&'a str, &'a str), &'a Service>,
    addresses: HashMap<IpAddr, (&'a Service, Facing)>,
    node_ports: HashMap<(Protocol, u16), (&'a Service, &'a ServicePort)>,
    slices: HashMap<(&'a str, &'a str), Vec<&'a EndpointSlice>>,
}

/// Which of a service's addresses somebody came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Facing {
    /// The one within the cluster: pods see who asks.
    Cluster,
    /// One that is known outside: a load balancer's or an external one.
    Outside,
}

/// A pod or an address behind a service, with the port that it is reached at.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint<'n> {
    /// Who it is.
    pub party: Party<'n>,
    /// The pod, where it is one: also if it is its node to packets.
    pub pod: Option<&'n PodEntry<'n>>,
    /// Its own port; `None` if the service names a port that the pod hasn't got.
    pub port: Option<u16>,
}

impl<'a> Services<'a> {
    pub(crate) fn new(cluster: &'a Cluster) -> Self {
        let mut services = Self::default();
        for service in cluster.network.services.iter().rev() {
            let Some(namespace) = service.reference.namespace.as_deref() else { continue };
            services.named.insert((namespace, &service.reference.name), service);
            for address in service.load_balancer_ips.iter().chain(&service.external_ips) {
                services.addresses.insert(*address, (service, Facing::Outside));
            }
            for port in &service.ports {
                if let Some(node_port) = port.node_port {
                    services.node_ports.insert((port.protocol, node_port), (service, port));
                }
            }
        }
        for service in cluster.network.services.iter().rev() {
            for address in &service.cluster_ips {
                services.addresses.insert(*address, (service, Facing::Cluster));
            }
        }
        for slice in &cluster.network.endpoint_slices {
            let Some(namespace) = slice.reference.namespace.as_deref() else { continue };
            services.slices.entry((namespace, &slice.service)).or_default().push(slice);
        }
        services
    }
}

impl<'a> Network<'a> {
    /// A service by its name.
    pub fn service_named(&self, namespace: &str, name: &str) -> Option<&'a Service> {
        self.services.named.get(&(namespace, name)).copied()
    }

    /// The service that an address belongs to, if neither a pod nor a node holds it.
    pub fn service_at(&self, address: IpAddr) -> Option<(&'a Service, Facing)> {
        self.services.addresses.get(&address).copied()
    }

    /// The service, and its port, that a port of every node leads to.
    pub fn node_port(&self, protocol: Protocol, port: u16) -> Option<(&'a Service, &'a ServicePort)> {
        self.services.node_ports.get(&(protocol, port)).copied()
    }

    /// The pods that a service selects, on their nodes' network too: living ones, or templates where none lives. Empty for a service
    /// without a selector.
    pub fn service_pods(&self, service: &Service) -> Vec<&PodEntry<'a>> {
        let namespace = service.reference.namespace.as_deref().and_then(|name| self.namespace_named(name));
        let (Some(namespace), Some(selector)) = (namespace, &service.selector) else { return Vec::new() };
        let (living, templates): (Vec<_>, Vec<_>) = self
            .pods_of(namespace)
            .iter()
            .filter(|pod| !pod.is_spare() && selector.matches(pod.labels()))
            .partition(|pod| pod.pod().is_some());
        if living.is_empty() { templates } else { living }
    }

    /// What is behind a port of a service: the pods that it selects, else what EndpointSlices list.
    ///
    /// Source: Kubernetes, *Service*, `targetPort`: a name is looked up in each pod by itself, with the port's protocol.
    pub fn endpoints(&self, service: &Service, port: &ServicePort) -> Vec<Endpoint<'_>> {
        if service.selector.is_some() {
            let pods = self.service_pods(service).into_iter();
            return pods
                .map(|pod| Endpoint { party: self.party(pod), pod: Some(pod), port: target(port, pod) })
                .collect();
        }
        let mut endpoints = Vec::new();
        for slice in self.slices(service) {
            let listed = slice.ports.iter().find(|(name, protocol, _)| {
                *protocol == port.protocol
                    && name.as_deref().unwrap_or("") == port.name.as_deref().unwrap_or("")
            });
            let Some((_, _, number)) = listed else { continue };
            for address in &slice.addresses {
                for party in self.holders(*address) {
                    let pod = match party {
                        Party::Pod(pod) => Some(pod),
                        Party::Node(_) | Party::Address(_) => None,
                    };
                    endpoints.push(Endpoint { party, pod, port: Some(number.unwrap_or(port.port)) });
                }
            }
        }
        endpoints
    }

    /// EndpointSlices of a service.
    pub(crate) fn slices(&self, service: &Service) -> impl Iterator<Item = &'a EndpointSlice> {
        let key = (service.reference.namespace.as_deref().unwrap_or(""), &*service.reference.name);
        let slices: Vec<&'a EndpointSlice> = match self.services.slices.get(&key) {
            Some(slices) => slices.clone(),
            None => Vec::new(),
        };
        slices.into_iter()
    }
}

/// The port of a service that a question means.
pub(crate) fn port_of<'s>(service: &'s Service, port: &Port, protocol: Protocol) -> Option<&'s ServicePort> {
    service.ports.iter().find(|has| {
        has.protocol == protocol
            && match port {
                Port::Number(number) => has.port == *number,
                Port::Name(name) => has.name.as_ref() == Some(name),
            }
    })
}

/// The port of a pod that a service's port leads to.
fn target(port: &ServicePort, pod: &PodEntry<'_>) -> Option<u16> {
    match &port.target {
        TargetPort::Number(number) => Some(*number),
        TargetPort::Name(name) => container_port(pod, name, port.protocol),
    }
}

/// The port that a pod's containers give a name.
pub(crate) fn container_port(pod: &PodEntry<'_>, name: &str, protocol: Protocol) -> Option<u16> {
    let ports = &pod.parts().ports;
    let found = ports.iter().find(|has| has.name.as_deref() == Some(name) && has.protocol == protocol);
    found.map(|has| has.port)
}
