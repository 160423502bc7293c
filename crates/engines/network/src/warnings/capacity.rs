//! Nodes that take fewer interfaces of pods than they are asked for.

use hashbrown::HashMap;
use ringwall_model::{ComputeType, ObjectRef, Source};

use super::{Warning, WarningKind, has_label, node_object, node_source};
use crate::groups::{SecurityGroups, branch_interfaces};
use crate::network::Network;
use crate::party::{NodeEntry, NodeId};

/// What a node takes.
enum Room {
    /// This many branch interfaces.
    Most(u32),
    /// None, for this reason.
    None(String),
    /// Nobody can tell.
    Unknown,
}

/// How many branch interfaces a node takes.
///
/// Sources: Amazon EKS User Guide, *Assign security groups to individual Pods*: Nitro instances alone, and no type of a `t` family;
/// not on Windows. amazon-vpc-cni-k8s, README, `ENABLE_POD_ENI`: the label stays `false` where no trunk can be attached.
fn room(network: &Network<'_>, node: &NodeEntry<'_>) -> Room {
    if has_label(node.labels(), "kubernetes.io/os", "windows") {
        return Room::None("it runs Windows".to_owned());
    }
    if has_label(node.labels(), "vpc.amazonaws.com/has-trunk-attached", "false") {
        return Room::None(
            "no trunk interface is attached to it (`vpc.amazonaws.com/has-trunk-attached: false`)".to_owned(),
        );
    }
    let Some(instance_type) = instance_type(network, node) else { return Room::Unknown };
    match branch_interfaces(instance_type) {
        None => Room::Unknown,
        Some(found) if found.most > 0 => Room::Most(found.most),
        Some(found) if found.nitro => Room::None(format!("a {instance_type} takes no trunk interface")),
        Some(_) => Room::None(format!("a {instance_type} is not of the Nitro system")),
    }
}

fn instance_type<'a>(network: &Network<'a>, node: &NodeEntry<'a>) -> Option<&'a str> {
    let object = node.object?;
    object.instance_type.as_deref().or_else(|| {
        let (_, id) = object.provider_id.as_deref()?.rsplit_once('/')?;
        let instance = network.cluster().aws.instances.iter().find(|instance| &*instance.id == id)?;
        instance.instance_type.as_deref()
    })
}

/// Pods with interfaces of their own, by node.
fn used(network: &Network<'_>, groups: &SecurityGroups<'_>) -> HashMap<NodeId, u32> {
    let mut used = HashMap::new();
    for node in network.wanted().filter(|pod| groups.has_branch(pod)).filter_map(|pod| pod.node) {
        *used.entry(node).or_default() += 1;
    }
    used
}

/// Nodes that have more such pods than they take.
pub(super) fn nodes(network: &Network<'_>, groups: &SecurityGroups<'_>, warnings: &mut Vec<Warning>) {
    let used = used(network, groups);
    for node in network.nodes() {
        let Some(used) = used.get(&node.id) else { continue };
        let text = match room(network, node) {
            Room::Most(most) if *used > most => {
                format!(
                    "{used} pods of {} have security groups of their own, and it takes {most} branch interfaces",
                    node.name
                )
            }
            Room::None(why) => {
                format!(
                    "{used} pods of {} have security groups of their own, which it can't give them: {why}",
                    node.name
                )
            }
            Room::Most(_) | Room::Unknown => continue,
        };
        let remedy = "run these pods on instances that take more branch interfaces, or on more of them";
        warnings.push(Warning::object(
            WarningKind::NodeCapacity,
            &node_object(node),
            &node_source(node),
            text,
            remedy,
        ));
    }
}

/// Workloads whose pods-to-be need more branch interfaces than all nodes together have left.
pub(super) fn pending(network: &Network<'_>, groups: &SecurityGroups<'_>, warnings: &mut Vec<Warning>) {
    let ec2 = network
        .nodes()
        .iter()
        .filter(|node| node.object.is_some_and(|node| node.compute != Some(ComputeType::Fargate)));
    let used = used(network, groups);
    let mut free: u32 = 0;
    for node in ec2 {
        match room(network, node) {
            Room::Most(most) => free += most.saturating_sub(used.get(&node.id).copied().unwrap_or_default()),
            Room::None(_) => {}
            Room::Unknown => return,
        }
    }
    let mut waiting: Vec<(&ObjectRef, &Source, u32)> = Vec::new();
    for pod in network.wanted().filter(|pod| pod.node.is_none() && groups.has_branch(pod)) {
        let (object, source) = network.edited(pod);
        let count = match (pod.pod(), network.workload_of(pod)) {
            (None, Some(workload)) => workload.replicas.unwrap_or(1),
            _ => 1,
        };
        match waiting.iter_mut().find(|(other, ..)| *other == object) {
            Some((.., all)) => *all += count,
            None => waiting.push((object, source, count)),
        }
    }
    let all: u32 = waiting.iter().map(|(.., count)| count).sum();
    if all <= free {
        return;
    }
    for (object, source, count) in waiting.into_iter().filter(|(.., count)| *count > 0) {
        let text = format!(
            "{count} pods of {object} wait for branch interfaces; {all} are waited for, and the nodes have {free} left"
        );
        let remedy = "add nodes that take branch interfaces, or give these pods no SecurityGroupPolicy";
        warnings.push(Warning::object(WarningKind::PendingCapacity, object, source, text, remedy));
    }
}
