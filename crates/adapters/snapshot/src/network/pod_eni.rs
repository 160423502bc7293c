use ringwall_document::{Lines, Reader};
use ringwall_model::Tree;
use ringwall_model::network::BranchInterface;

use crate::address::address;
use crate::fields::text;
use crate::refused::Refused;

/// Annotation with which the VPC resource controller gives a pod interfaces of its own.
const POD_ENI: &str = "vpc.amazonaws.com/pod-eni";

/// Longest annotation that is read: a pod has one interface, of about 200 bytes.
const MAX_BYTES: usize = 16 << 10;

/// Interfaces of the VPC that a pod has for itself.
///
/// Source: `ENIDetails` of `amazon-vpc-resource-controller-k8s`, `pkg/provider/branch/trunk/trunk.go`.
pub(super) fn branch_interfaces(tree: &Tree, refused: &mut Refused<'_>) -> Vec<BranchInterface> {
    let Some(value) = tree.at(&["metadata", "annotations", POD_ENI]) else { return Vec::new() };
    let written = value.as_str().filter(|text| text.len() <= MAX_BYTES);
    let read = written.and_then(|text| {
        // The annotation is JSON in a string: everything in it has the string's line.
        Reader::default().read_embedded(&"".into(), text, Lines::All(value.line)).ok()
    });
    let interface = |item: &Tree| {
        let addresses: Option<Vec<_>> = ["privateIp", "ipv6Addr"]
            .into_iter()
            .filter_map(|key| text(item, key))
            .map(|text| address(&text))
            .collect();
        Some(BranchInterface { id: text(item, "eniId")?, addresses: addresses? })
    };
    let found: Option<Vec<_>> = read
        .as_ref()
        .map(Tree::items)
        .filter(|items| !items.is_empty())
        .map(|items| items.iter().map(interface).collect())
        .unwrap_or_default();
    found.unwrap_or_else(|| {
        let message = format!("its annotation `{POD_ENI}` is no list of interfaces");
        refused.add(value.line, message, "export it again with kubectl get pods -o yaml");
        Vec::new()
    })
}
