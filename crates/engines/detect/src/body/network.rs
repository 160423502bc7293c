//! What makes pods reachable.

use crate::field::{Field, Members, Text};
use crate::object::object;

use super::Metadata;

object! {
    /// A Service.
    pub(crate) struct Service {
        "metadata" => metadata: Field<Metadata<'a>>,
        "spec" => spec: Field<ServiceSpec<'a>>,
    }

    /// What it is to be.
    pub(crate) struct ServiceSpec {
        "type" => kind: Field<Text<'a>>,
        "selector" => selector: Field<Members<'a, Text<'a>>>,
        "externalIPs" => external_ips: Field<Vec<Text<'a>>>,
        "loadBalancerSourceRanges" => source_ranges: Field<Vec<Text<'a>>>,
    }

    /// An Ingress.
    pub(crate) struct Ingress {
        "metadata" => metadata: Field<Metadata<'a>>,
        "spec" => spec: Field<IngressSpec<'a>>,
    }

    /// Where requests go.
    pub(crate) struct IngressSpec {
        "defaultBackend" => default_backend: Field<Backend<'a>>,
        "rules" => rules: Field<Vec<IngressRule<'a>>>,
    }

    /// For one host.
    pub(crate) struct IngressRule {
        "http" => http: Field<Http<'a>>,
    }

    /// By path.
    pub(crate) struct Http {
        "paths" => paths: Field<Vec<IngressPath<'a>>>,
    }

    /// Of one path.
    pub(crate) struct IngressPath {
        "backend" => backend: Field<Backend<'a>>,
    }

    /// A Service.
    pub(crate) struct Backend {
        "service" => service: Field<BackendService<'a>>,
        // Of `extensions/v1beta1` and `networking.k8s.io/v1beta1`.
        "serviceName" => service_name: Field<Text<'a>>,
    }

    /// By its name.
    pub(crate) struct BackendService {
        "name" => name: Field<Text<'a>>,
    }
}

impl Ingress<'_> {
    /// The names of the Services that it leads to.
    pub(crate) fn services(&self) -> impl Iterator<Item = &str> {
        let spec = self.spec.get();
        let paths = spec
            .map_or(&[][..], |spec| spec.rules.items())
            .iter()
            .filter_map(|rule| rule.http.get())
            .flat_map(|http| http.paths.items())
            .filter_map(|path| path.backend.get());
        spec.and_then(|spec| spec.default_backend.get()).into_iter().chain(paths).map(|backend| {
            backend.service.get().map_or(backend.service_name.text(), |service| service.name.text())
        })
    }
}
