//! Where pods run, and the role that the node's instances have.

use std::sync::Arc;

use hashbrown::HashMap;
use ringwall_model::{AwsExport, ComputeType, Ec2Instance, Node, NodeGroup};

use crate::inventory::Inventory;

/// A node, or a node group of which the snapshot has no nodes.
#[derive(Debug)]
pub(super) struct Place<'i> {
    pub(super) node: Option<&'i Node>,
    pub(super) group: Option<&'i NodeGroup>,
    pub(super) instance: Option<&'i Ec2Instance>,
    /// ARN of the role that the instances have.
    pub(super) role: Option<Arc<str>>,
}

impl Place<'_> {
    pub(super) fn compute(&self) -> Option<ComputeType> {
        match self.node {
            Some(node) => node.compute,
            None => Some(ComputeType::ManagedNodeGroup),
        }
    }

    /// Whether it is an EC2 instance: neither Fargate nor a machine outside AWS has an instance's role.
    pub(super) fn is_instance(&self) -> bool {
        if self.compute() == Some(ComputeType::Fargate) {
            return false;
        }
        let provider = self.node.and_then(|node| node.provider_id.as_deref());
        self.instance.is_some() || provider.is_none_or(|id| id.starts_with("aws://"))
    }

    pub(super) fn name(&self) -> &str {
        match (self.node, self.group) {
            (Some(node), _) => &node.name,
            (None, Some(group)) => &group.name,
            (None, None) => "",
        }
    }
}

/// Every node; without nodes, every node group.
pub(super) fn places<'i>(inventory: &'i Inventory<'i>) -> Vec<Place<'i>> {
    let cluster = inventory.cluster();
    let lookup = Lookup::of(inventory);
    if cluster.nodes.is_empty() {
        let groups = cluster.aws.node_groups.iter();
        return groups
            .map(|group| Place {
                node: None,
                group: Some(group),
                instance: None,
                role: group.node_role.clone(),
            })
            .collect();
    }
    cluster.nodes.iter().map(|node| lookup.place(node)).collect()
}

struct Lookup<'i> {
    inventory: &'i Inventory<'i>,
    instances: HashMap<&'i str, &'i Ec2Instance>,
    /// Roles by ARN of their instance profiles.
    profiles: HashMap<&'i str, &'i Arc<str>>,
}

impl<'i> Lookup<'i> {
    fn of(inventory: &'i Inventory<'i>) -> Self {
        let mut instances = HashMap::new();
        for instance in &inventory.cluster().aws.instances {
            if instance.state.as_deref() == Some("terminated") {
                continue;
            }
            instances.insert(&*instance.id, instance);
            if let Some(name) = &instance.private_dns_name {
                instances.insert(&**name, instance);
            }
        }
        let mut profiles = HashMap::new();
        for known in inventory.principals() {
            for profile in &known.principal.instance_profiles {
                profiles.insert(&**profile, &known.principal.arn);
            }
        }
        Self { inventory, instances, profiles }
    }

    fn place(&self, node: &'i Node) -> Place<'i> {
        let id = node.provider_id.as_deref().and_then(|id| id.rsplit('/').next());
        let instance =
            id.and_then(|id| self.instances.get(id)).or_else(|| self.instances.get(&*node.name)).copied();
        let label = |key: &str| node.labels.iter().find(|(name, _)| &**name == key).map(|(_, value)| value);
        let group = label("eks.amazonaws.com/nodegroup").and_then(|name| {
            self.inventory.cluster().aws.node_groups.iter().find(|group| group.name == *name)
        });
        let profile = instance.and_then(|instance| instance.instance_profile_arn.as_deref());
        let role = match (profile, instance) {
            // An instance without a profile has no role.
            (None, Some(_)) => None,
            (profile, _) => profile
                .and_then(|profile| self.profiles.get(profile).map(|role| Arc::clone(role)))
                .or_else(|| group.and_then(|group| group.node_role.clone()))
                .or_else(|| self.of_class(node))
                .or_else(|| self.of_auto_mode(node)),
        };
        Place { node: Some(node), group, instance, role }
    }

    /// The role that the node's class names: `NodeClass` of EKS Auto Mode, `EC2NodeClass` of Karpenter.
    fn of_class(&self, node: &Node) -> Option<Arc<str>> {
        const CLASSES: [(&str, &str, &str); 2] = [
            ("eks.amazonaws.com/nodeclass", "eks.amazonaws.com", "NodeClass"),
            ("karpenter.k8s.aws/ec2nodeclass", "karpenter.k8s.aws", "EC2NodeClass"),
        ];
        CLASSES.into_iter().find_map(|(label, group, kind)| {
            let (_, class) = node.labels.iter().find(|(name, _)| &**name == label)?;
            let objects = &self.inventory.cluster().objects;
            let object = objects
                .iter()
                .find(|object| object.reference.is(group, kind) && object.reference.name == *class)?;
            self.by_name(object.tree.get("spec")?.str("role")?)
        })
    }

    /// The node role of the cluster's `computeConfig`.
    fn of_auto_mode(&self, node: &Node) -> Option<Arc<str>> {
        if node.compute != Some(ComputeType::AutoMode) {
            return None;
        }
        let documents = &self.inventory.cluster().aws.documents;
        let clusters = documents.iter().filter(|document| document.export == AwsExport::EksCluster);
        clusters
            .filter_map(|document| document.tree.at(&["cluster", "computeConfig", "nodeRoleArn"]))
            .find_map(|arn| arn.as_shared().cloned())
    }

    fn by_name(&self, name: &str) -> Option<Arc<str>> {
        if name.starts_with("arn:") {
            return Some(name.into());
        }
        let info = &self.inventory.cluster().info;
        let (partition, account) = (info.partition.as_deref().unwrap_or("aws"), info.account.as_deref()?);
        let arn = format!("arn:{partition}:iam::{account}:role/{name}");
        Some(self.inventory.role(&arn).map_or_else(|| arn.into(), |known| Arc::clone(&known.principal.arn)))
    }
}
