use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use ringwall_model::network::{ContainerPort, NetworkParts, Probe, ProbeHandler};
use ringwall_model::{Object, ObjectRef, Tree, Value};

use super::{pod_eni, ports};
use crate::address::{address, block};
use crate::fields::text;
use crate::refused::{Refused, items, mapping, string};

/// Kinds of probes, with the keys that containers have them under.
const PROBES: [(&str, &str); 3] =
    [("liveness", "livenessProbe"), ("readiness", "readinessProbe"), ("startup", "startupProbe")];

/// What packets see of a pod.
pub(crate) fn of_pod(object: &Object, refused: &mut Refused<'_>) -> NetworkParts {
    let tree = &object.tree;
    let mut parts = NetworkParts { owner: owner(object), ..NetworkParts::default() };
    let ((), words) = refused.watch(|refused| {
        specification(object, tree.get("spec"), &mut parts, refused);
        parts.addresses = status_addresses(tree, ("podIP", "podIPs"), refused);
        parts.host_addresses = status_addresses(tree, ("hostIP", "hostIPs"), refused);
        parts.branch_interfaces = pod_eni::branch_interfaces(tree, refused);
    });
    parts.unreadable.extend(words);
    parts
}

/// What packets will see of the pods that a template makes.
pub(crate) fn of_template(
    object: &Object,
    template: Option<&Tree>,
    refused: &mut Refused<'_>,
) -> NetworkParts {
    let mut parts = NetworkParts { owner: owner(object), ..NetworkParts::default() };
    let spec = template.and_then(|template| template.get("spec"));
    let ((), words) = refused.watch(|refused| specification(object, spec, &mut parts, refused));
    parts.unreadable.extend(words);
    parts
}

/// The controller that owns an object: the owner reference with `controller: true`, of which there is at most one.
fn owner(object: &Object) -> Option<ObjectRef> {
    let references = object.tree.at(&["metadata", "ownerReferences"])?.items();
    let owner =
        references.iter().find(|owner| owner.get("controller").and_then(Tree::as_bool) == Some(true))?;
    Some(ObjectRef {
        api_version: text(owner, "apiVersion").unwrap_or_default(),
        kind: text(owner, "kind")?,
        namespace: object.reference.namespace.clone(),
        name: text(owner, "name")?,
    })
}

fn specification(object: &Object, spec: Option<&Tree>, parts: &mut NetworkParts, refused: &mut Refused<'_>) {
    let Some(spec) = spec else { return };
    parts.dns_policy = string(spec, "dnsPolicy", refused);
    let on_host = spec.get("hostNetwork").and_then(Tree::as_bool) == Some(true);
    let goes_on = |container: &&Tree| container.str("restartPolicy") == Some("Always");
    let sidecars = items(spec, "initContainers", refused).iter().filter(goes_on);
    for container in items(spec, "containers", refused).iter().chain(sidecars) {
        let name = text(container, "name").unwrap_or_default();
        let first = parts.ports.len();
        parts.ports.extend(
            items(container, "ports", refused)
                .iter()
                .filter_map(|item| container_port(item, &name, on_host, refused)),
        );
        let own = parts.ports.get(first..).unwrap_or_default();
        for (kind, key) in PROBES {
            let Some(probe) = mapping(container, key, refused) else { continue };
            let Some(handler) = handler(probe, own, refused) else { continue };
            let source = object.source.at(probe.line);
            parts.probes.push(Probe { kind, container: Arc::clone(&name), handler, source });
        }
    }
}

/// A port of a container. On the node's network the port of the node is the port itself (`defaultHostNetworkPorts`).
fn container_port(
    item: &Tree,
    container: &Arc<str>,
    on_host: bool,
    refused: &mut Refused<'_>,
) -> Option<ContainerPort> {
    let (port, words) = refused.watch(|refused| {
        let port = ports::port(item, "containerPort", refused)?;
        let host_port = item
            .get("hostPort")
            .filter(|value| value.as_i64() != Some(0))
            .and_then(|_| ports::port(item, "hostPort", refused));
        Some(ContainerPort {
            container: Arc::clone(container),
            name: string(item, "name", refused),
            protocol: ports::protocol(item, "protocol", refused),
            port,
            host_port: host_port.or(on_host.then_some(port)),
        })
    });
    if let Some(words) = words {
        refused.tell(words);
        return None;
    }
    port
}

/// How a probe asks; `None` if it says nothing that is known.
///
/// Source: Kubernetes 1.37, `ResolveContainerPort` of `pkg/probe/util.go`: a name is looked for in the container alone, and a string
/// that is none of its names is read as a number.
fn handler(probe: &Tree, own: &[ContainerPort], refused: &mut Refused<'_>) -> Option<ProbeHandler> {
    for (how, key) in [("http", "httpGet"), ("tcp", "tcpSocket"), ("grpc", "grpc")] {
        let Some(tree) = mapping(probe, key, refused) else { continue };
        let port = match tree.get("port").map(|port| &port.value) {
            Some(Value::String(name)) => own
                .iter()
                .find(|port| port.name.as_ref() == Some(name))
                .map(|port| port.port)
                .or_else(|| name.parse().ok().filter(|port| *port > 0)),
            _ => ports::port(tree, "port", refused),
        };
        return Some(ProbeHandler::Network { how, port });
    }
    mapping(probe, "exec", refused).map(|_| ProbeHandler::Exec)
}

/// Addresses that a pod's status has under the older name for one and the newer for all.
fn status_addresses(tree: &Tree, (one, all): (&str, &str), refused: &mut Refused<'_>) -> Vec<IpAddr> {
    let status = tree.get("status");
    let listed = status.map(|status| status.list(all)).unwrap_or_default();
    let mut found: Vec<IpAddr> = Vec::new();
    let single = status.and_then(|status| status.get(one));
    for value in single.into_iter().chain(listed.iter().filter_map(|item| item.get("ip"))) {
        match value.as_str() {
            Some("") => {}
            text => match text.and_then(address) {
                Some(address) if !found.contains(&address) => found.push(address),
                Some(_) => {}
                None if value.is_null() => {}
                None => {
                    let written = text.unwrap_or_else(|| value.kind());
                    let hint = "export it again with kubectl get pods -o yaml";
                    refused.add(value.line, format_args!("its address is `{written}`"), hint);
                }
            },
        }
    }
    found
}

/// A node's own addresses, in the cluster and outside of it; its names are none.
pub(crate) fn node_addresses(tree: &Tree) -> Vec<IpAddr> {
    let listed = tree.at(&["status", "addresses"]).map(Tree::items).unwrap_or_default();
    let mut found: Vec<IpAddr> = Vec::new();
    for item in listed.iter().filter(|item| matches!(item.str("type"), Some("InternalIP" | "ExternalIP"))) {
        if let Some(address) = item.str("address").and_then(address)
            && !found.contains(&address)
        {
            found.push(address);
        }
    }
    found
}

/// Blocks of a node's pods.
pub(crate) fn node_pod_cidrs(tree: &Tree) -> Vec<IpNet> {
    let spec = tree.get("spec");
    let single = spec.and_then(|spec| spec.get("podCIDR"));
    let listed = spec.map(|spec| spec.list("podCIDRs")).unwrap_or_default();
    let mut found: Vec<IpNet> = Vec::new();
    for block in single.into_iter().chain(listed).filter_map(|item| block(item.as_str()?)) {
        if !found.contains(&block) {
            found.push(block);
        }
    }
    found
}
