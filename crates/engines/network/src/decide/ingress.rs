//! Ways in from the outside that Ingresses open.

use ringwall_model::Reason;
use ringwall_model::network::{Backend, Protocol};

use super::explain::object_reason;
use super::push_new;
use super::ways::is_outside;
use crate::network::Network;
use crate::party::Party;
use crate::services::port_of;
use crate::who::{Port, Who};

impl Network<'_> {
    /// The Ingresses that lead to what somebody outside asks for: who comes by one reaches it as the Ingress' controller does, whose pods or
    /// load balancer the objects don't tell.
    ///
    /// Source: Kubernetes, *Ingress*: a controller, which isn't part of Kubernetes, is responsible for fulfilling it.
    pub(super) fn ingress_reasons(
        &self,
        to: &Who,
        port: &Port,
        protocol: Protocol,
        sources: &[Party<'_>],
    ) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let service = match to {
            Who::Service { namespace, name } => self.service_named(namespace, name),
            Who::Address(address) => self.service_at(*address).map(|(service, _)| service),
            Who::Pod { .. } | Who::Workload { .. } | Who::Node { .. } => None,
        };
        let Some(service) = service.filter(|_| sources.iter().any(|source| is_outside(self, *source))) else {
            return reasons;
        };
        let Some(port) = port_of(service, port, protocol) else { return reasons };
        let ingresses = self.cluster.network.ingresses.iter();
        for ingress in ingresses.filter(|ingress| ingress.reference.namespace == service.reference.namespace)
        {
            for backend in &ingress.backends {
                let same_port = match &backend.port {
                    Backend::Number(number) => *number == port.port,
                    Backend::Name(name) => port.name.as_ref() == Some(name),
                };
                if backend.service != service.reference.name || !same_port {
                    continue;
                }
                let (host, path) =
                    (backend.host.as_deref().unwrap_or("*"), backend.path.as_deref().unwrap_or("/"));
                let class =
                    ingress.class.as_ref().map_or_else(String::new, |class| format!(" of class `{class}`"));
                let text = format!(
                    "`{host}{path}` leads there as well, by a controller{class}: policies see the controller, and not who asks it"
                );
                push_new(&mut reasons, object_reason(&ingress.reference, &backend.source, text));
            }
        }
        reasons
    }
}
