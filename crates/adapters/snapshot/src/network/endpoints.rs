use ringwall_model::network::EndpointSlice;
use ringwall_model::{Object, Tree};

use super::ports;
use crate::address::{address, addresses};
use crate::fields::{text, text_at};
use crate::refused::{Refused, items};

/// Label of an EndpointSlice that names its service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// An EndpointSlice of a service; slices of none, and slices of names (`addressType: FQDN`), lead nowhere.
///
/// Source: Kubernetes 1.37, `EndpointSlice` of `discovery.k8s.io/v1`: an endpoint that says nothing of being ready is.
pub(super) fn slice(object: &Object, refused: &mut Refused<'_>) -> Option<EndpointSlice> {
    let tree = &object.tree;
    let service = text_at(tree, &["metadata", "labels", SERVICE_NAME])?;
    let ready =
        |endpoint: &&Tree| endpoint.at(&["conditions", "ready"]).and_then(Tree::as_bool) != Some(false);
    let addresses = items(tree, "endpoints", refused)
        .iter()
        .filter(ready)
        .flat_map(|endpoint| endpoint.list("addresses"))
        .filter_map(|item| item.as_str().and_then(address))
        .collect();
    let ports = items(tree, "ports", refused).iter().map(|item| port(item, refused)).collect();
    Some(EndpointSlice {
        reference: object.reference.clone(),
        source: object.source.clone(),
        service,
        addresses,
        ports,
    })
}

fn port(
    item: &Tree,
    refused: &mut Refused<'_>,
) -> (Option<std::sync::Arc<str>>, ringwall_model::network::Protocol, Option<u16>) {
    (text(item, "name"), ports::protocol(item, "protocol", refused), ports::port(item, "port", refused))
}

/// The subsets of an Endpoints object, which is named as its service.
pub(super) fn endpoints(object: &Object, refused: &mut Refused<'_>) -> Vec<EndpointSlice> {
    let subsets = items(&object.tree, "subsets", refused);
    subsets
        .iter()
        .map(|subset| EndpointSlice {
            reference: object.reference.clone(),
            source: object.source.at(subset.line),
            service: object.reference.name.clone(),
            addresses: addresses(subset.list("addresses"), "ip").collect(),
            ports: items(subset, "ports", refused).iter().map(|item| port(item, refused)).collect(),
        })
        .collect()
}
