use std::net::IpAddr;
use std::sync::Arc;

use ringwall_model::network::{Service, ServicePort, TargetPort};
use ringwall_model::{LabelSelector, Object, Tree, Value};

use super::ports::{self, NumberOrName};
use crate::address::{address, block};
use crate::fields::pairs;
use crate::refused::{Refused, items, mapping, string};
use crate::selector::match_labels;

/// Annotations that say what load balancer a service has.
const ANNOTATIONS: [&str; 2] = ["service.beta.kubernetes.io/", "service.kubernetes.io/"];

/// A Service, defaulted as the apiserver does; what of it can't be read is left out, with a problem.
///
/// Sources: Kubernetes 1.37, `SetDefaults_Service` of `pkg/apis/core/v1/defaults.go`, `ValidateService` of
/// `pkg/apis/core/validation`.
pub(super) fn service(object: &Object, refused: &mut Refused<'_>) -> Service {
    let empty = Tree::new(object.source.line, Value::Null);
    let spec = mapping(&object.tree, "spec", refused).unwrap_or(&empty);
    let headless = spec.str("clusterIP") == Some("None");
    let requirements = match_labels(mapping(spec, "selector", refused), refused);
    let mut cluster_ips = addresses(spec, "clusterIPs", refused);
    if let Some(first) = string(spec, "clusterIP", refused).as_deref().and_then(address)
        && !cluster_ips.contains(&first)
    {
        cluster_ips.insert(0, first);
    }
    let balancer = object.tree.at(&["status", "loadBalancer"]);
    let load_balancer_ips = balancer.map(|tree| tree.list("ingress")).unwrap_or_default();
    Service {
        reference: object.reference.clone(),
        source: object.source.clone(),
        kind: string(spec, "type", refused).unwrap_or_else(|| "ClusterIP".into()),
        selector: (!requirements.is_empty()).then_some(LabelSelector { requirements }),
        cluster_ips,
        headless,
        external_ips: addresses(spec, "externalIPs", refused),
        load_balancer_ips: crate::address::addresses(load_balancer_ips, "ip").collect(),
        source_ranges: items(spec, "loadBalancerSourceRanges", refused)
            .iter()
            .filter_map(|item| {
                let block = item.as_str().and_then(|text| block(text.trim()));
                if block.is_none() {
                    let message = "an item of `loadBalancerSourceRanges` is no block";
                    refused.add(item.line, message, "write a block, as 10.0.0.0/8");
                }
                block
            })
            .collect(),
        external_traffic_local: spec.str("externalTrafficPolicy") == Some("Local"),
        annotations: pairs(object.tree.at(&["metadata", "annotations"]))
            .into_iter()
            .filter(|(key, _)| ANNOTATIONS.iter().any(|prefix| key.starts_with(prefix)))
            .collect(),
        ports: items(spec, "ports", refused)
            .iter()
            .filter_map(|item| service_port(object, item, refused))
            .collect(),
    }
}

/// A list of addresses; `None`, which `clusterIPs` may hold, is none.
fn addresses(spec: &Tree, key: &str, refused: &mut Refused<'_>) -> Vec<IpAddr> {
    let mut addresses = Vec::new();
    for item in items(spec, key, refused) {
        match item.as_str() {
            Some("None") => {}
            text => match text.and_then(address) {
                Some(address) => addresses.push(address),
                None => {
                    let written = text.unwrap_or_else(|| item.kind());
                    let message = format!("`{key}` has `{written}`, not an address");
                    refused.add(item.line, message, "write an IPv4 or IPv6 address");
                }
            },
        }
    }
    addresses
}

/// `None` if the port can't be read.
fn service_port(object: &Object, item: &Tree, refused: &mut Refused<'_>) -> Option<ServicePort> {
    let (found, words) = refused.watch(|refused| {
        let name = string(item, "name", refused);
        let protocol = ports::protocol(item, "protocol", refused);
        let port = ports::port(item, "port", refused);
        if port.is_none() && item.get("port").is_none_or(Tree::is_null) {
            refused.add(item.line, "a port of a Service without `port`", "write its number");
        }
        let port = port?;
        let target = match item.get("targetPort").map(|target| &target.value) {
            Some(Value::Number(number)) if number.integer == Some(0) => TargetPort::Number(port),
            Some(Value::String(name)) if name.is_empty() => TargetPort::Number(port),
            _ => match ports::number_or_name(item, "targetPort", refused) {
                Some(NumberOrName::Number(number)) => TargetPort::Number(number),
                Some(NumberOrName::Name(name)) => TargetPort::Name(name),
                None => TargetPort::Number(port),
            },
        };
        let node_port = item
            .get("nodePort")
            .filter(|value| value.as_i64() != Some(0))
            .and_then(|_| ports::port(item, "nodePort", refused));
        let source = object.source.at(item.line);
        Some(ServicePort { name, protocol, port, target, node_port, source })
    });
    found.filter(|_| words.is_none())
}

/// Annotations of an object, all of them.
pub(super) fn annotations(object: &Object) -> Vec<(Arc<str>, Arc<str>)> {
    pairs(object.tree.at(&["metadata", "annotations"]))
}
