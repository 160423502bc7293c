//! What is watched of a cluster, and what of each object is kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringwall_kubernetes::{Cluster, DynamicObject, Key, Kind, Selector, Watched};
use serde_json::{Map, Value};
use tokio::sync::Notify;

/// Objects of a kind, as a watch has them.
pub(crate) type Watching = Watched<BTreeMap<Key, Arc<DynamicObject>>>;

/// A kind whose objects count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Watchable {
    /// Its group; empty for core.
    pub(crate) group: &'static str,
    /// The version that is read, of a custom kind the one that is preferred.
    pub(crate) version: &'static str,
    /// Its name in paths.
    pub(crate) plural: &'static str,
    /// Its objects' `kind`.
    pub(crate) kind: &'static str,
}

const fn watchable(
    group: &'static str,
    version: &'static str,
    plural: &'static str,
    kind: &'static str,
) -> Watchable {
    Watchable { group, version, plural, kind }
}

/// Kinds that every cluster has.
const BUILT_IN: [Watchable; 4] = [
    watchable("", "v1", "pods", "Pod"),
    watchable("", "v1", "namespaces", "Namespace"),
    watchable("", "v1", "nodes", "Node"),
    watchable("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy"),
];

/// Kinds of policies that a cluster has if somebody defined them.
const CUSTOM: [Watchable; 3] = [
    watchable("policy.networking.k8s.io", "v1alpha2", "clusternetworkpolicies", "ClusterNetworkPolicy"),
    watchable("policy.networking.k8s.io", "v1alpha1", "adminnetworkpolicies", "AdminNetworkPolicy"),
    watchable(
        "policy.networking.k8s.io",
        "v1alpha1",
        "baselineadminnetworkpolicies",
        "BaselineAdminNetworkPolicy",
    ),
];

/// What says which security groups a pod has. It counts only where groups are known.
const SERVICE_ACCOUNTS: Watchable = watchable("", "v1", "serviceaccounts", "ServiceAccount");
const GROUP_POLICIES: Watchable =
    watchable("vpcresources.k8s.aws", "v1beta1", "securitygrouppolicies", "SecurityGroupPolicy");
const DAEMON_SETS: Watchable = watchable("apps", "v1", "daemonsets", "DaemonSet");

/// Definitions of kinds.
const DEFINITIONS: Watchable =
    watchable("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition");

impl Watchable {
    /// As resources of the API are named in rules and logs.
    pub(crate) fn name(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }

    fn start(&self, cluster: &Cluster) -> Watching {
        let kind = Kind::new(self.group, self.version, self.plural);
        // Settings of the VPC CNI are in this one alone.
        let (namespace, selector) = if *self == DAEMON_SETS {
            let fields = Some("metadata.name=aws-node".to_owned());
            (Some("kube-system"), Selector { labels: None, fields })
        } else {
            (None, Selector::default())
        };
        let prune = match self.plural {
            "pods" => prune_pod,
            "nodes" => prune_node,
            "serviceaccounts" | "namespaces" => prune_to_labels,
            _ => prune_metadata,
        };
        cluster.watch_dynamic_pruned(&kind, namespace, &selector, prune)
    }

    fn start_definition(&self, cluster: &Cluster) -> Watching {
        let kind = Kind::new(DEFINITIONS.group, DEFINITIONS.version, DEFINITIONS.plural);
        let selector = Selector { labels: None, fields: Some(format!("metadata.name={}", self.name())) };
        cluster.watch_dynamic_pruned(&kind, None, &selector, prune_definition)
    }
}

/// A kind with its watch.
struct One {
    of: Watchable,
    watching: Watching,
    // Wakes whoever waits for changes; ends with this.
    _waker: Waker,
}

/// A kind that may not be there, with the watch of its definition.
struct Custom {
    of: Watchable,
    definition: Watching,
    objects: Option<One>,
    _waker: Waker,
}

struct Waker(tokio::task::JoinHandle<()>);

impl Drop for Waker {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Waker {
    fn start(mut watching: Watching, changed: Arc<Notify>) -> Self {
        Self(tokio::spawn(async move {
            loop {
                watching.changed().await;
                changed.notify_one();
            }
        }))
    }
}

/// Everything that is watched.
pub(crate) struct Watches {
    cluster: Cluster,
    built_in: Vec<One>,
    custom: Vec<Custom>,
    changed: Arc<Notify>,
}

/// The objects of a kind as they are now.
pub(crate) type Current = (Watchable, Arc<BTreeMap<Key, Arc<DynamicObject>>>);

impl Watches {
    /// Begins to watch. With `groups` also what security groups go by. `changed` is notified of every change.
    pub(crate) fn start(cluster: &Cluster, groups: bool, changed: &Arc<Notify>) -> Self {
        let one = |of: Watchable| start(cluster, of, changed);
        let mut built_in: Vec<One> = BUILT_IN.into_iter().map(one).collect();
        let mut custom = CUSTOM.to_vec();
        if groups {
            built_in.extend([SERVICE_ACCOUNTS, DAEMON_SETS].map(one));
            custom.push(GROUP_POLICIES);
        }
        let custom = custom.into_iter().map(|of| {
            let definition = of.start_definition(cluster);
            let waker = Waker::start(definition.clone(), Arc::clone(changed));
            Custom { of, definition, objects: None, _waker: waker }
        });
        Self { cluster: cluster.clone(), built_in, custom: custom.collect(), changed: Arc::clone(changed) }
    }

    /// The objects of every kind, or the names of those that the apiserver has not told of yet.
    pub(crate) fn current(&mut self) -> Result<Vec<Current>, Vec<String>> {
        let mut all = Vec::new();
        let mut waits = Vec::new();
        let mut take = |one: &One| match &one.watching.get().value {
            Some(objects) => all.push((one.of, Arc::clone(objects))),
            None => waits.push(one.of.name()),
        };
        self.built_in.iter().for_each(&mut take);
        let mut undefined = Vec::new();
        for custom in &mut self.custom {
            let Some(definitions) = custom.definition.get().value.clone() else {
                undefined.push(format!("the definition of {}", custom.of.name()));
                continue;
            };
            if definitions.values().any(|definition| serves(definition, custom.of.version)) {
                let objects =
                    custom.objects.get_or_insert_with(|| start(&self.cluster, custom.of, &self.changed));
                take(objects);
            } else {
                // Its objects went with it.
                custom.objects = None;
            }
        }
        waits.extend(undefined);
        if waits.is_empty() { Ok(all) } else { Err(waits) }
    }

    /// Names of kinds that are not being watched now, with why.
    pub(crate) fn out_of_date(&self) -> Vec<(String, String)> {
        let objects = self.custom.iter().filter_map(|custom| custom.objects.as_ref());
        let states = self.built_in.iter().chain(objects).map(|one| (one.of.name(), one.watching.get()));
        let definitions = self
            .custom
            .iter()
            .map(|custom| (format!("the definition of {}", custom.of.name()), custom.definition.get()));
        states
            .chain(definitions)
            .filter(|(_, state)| !state.synced)
            .map(|(name, state)| (name, state.error.clone().unwrap_or_else(|| "not answered yet".to_owned())))
            .collect()
    }
}

fn start(cluster: &Cluster, of: Watchable, changed: &Arc<Notify>) -> One {
    let watching = of.start(cluster);
    let waker = Waker::start(watching.clone(), Arc::clone(changed));
    One { of, watching, _waker: waker }
}

/// Whether a definition's version is served, and the kind established.
fn serves(definition: &DynamicObject, version: &str) -> bool {
    let versions = definition.data.pointer("/spec/versions").and_then(Value::as_array);
    let served = versions.into_iter().flatten().any(|known| {
        known.get("name").and_then(Value::as_str) == Some(version)
            && known.get("served").and_then(Value::as_bool) == Some(true)
    });
    let conditions = definition.data.pointer("/status/conditions").and_then(Value::as_array);
    let established = conditions.into_iter().flatten().any(|condition| {
        condition.get("type").and_then(Value::as_str) == Some("Established")
            && condition.get("status").and_then(Value::as_str) == Some("True")
    });
    served && established
}

/// A rule of RBAC: what may be got, listed and watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// The group; empty for core.
    pub group: &'static str,
    /// The resources.
    pub resources: Vec<&'static str>,
    /// The objects' names; all, if there are none.
    pub names: Vec<String>,
}

/// Rules of RBAC that allow all that is watched, and nothing else; with `groups` also what security groups go by.
pub fn permissions(groups: bool) -> Vec<Permission> {
    let mut rules: Vec<Permission> = Vec::new();
    let mut add = |of: &Watchable, names: Vec<String>| match rules
        .iter_mut()
        .find(|rule| rule.group == of.group && rule.names == names)
    {
        Some(rule) => rule.resources.push(of.plural),
        None => rules.push(Permission { group: of.group, resources: vec![of.plural], names }),
    };
    BUILT_IN.iter().chain(&CUSTOM).for_each(|of| add(of, Vec::new()));
    let mut defined: Vec<String> = CUSTOM.iter().map(Watchable::name).collect();
    if groups {
        add(&SERVICE_ACCOUNTS, Vec::new());
        add(&GROUP_POLICIES, Vec::new());
        add(&DAEMON_SETS, vec!["aws-node".to_owned()]);
        defined.push(GROUP_POLICIES.name());
    }
    add(&DEFINITIONS, defined);
    rules
}

/// Annotations of a pod that count: the interfaces that it has for itself, and that it is a static pod's mirror.
const ANNOTATIONS: [&str; 2] = ["vpc.amazonaws.com/pod-eni", "kubernetes.io/config.mirror"];

/// Takes away what changes without a change of meaning, so that what is left differs only if it matters.
fn prune_metadata(object: &mut DynamicObject) {
    let metadata = &mut object.metadata;
    metadata.resource_version = None;
    metadata.generation = None;
    metadata.managed_fields = None;
    metadata.creation_timestamp = None;
    metadata.deletion_timestamp = None;
    metadata.deletion_grace_period_seconds = None;
    metadata.finalizers = None;
    metadata.self_link = None;
    if let Some(annotations) = &mut metadata.annotations {
        annotations.retain(|name, _| ANNOTATIONS.contains(&name.as_str()));
    }
    if metadata.annotations.as_ref().is_some_and(BTreeMap::is_empty) {
        metadata.annotations = None;
    }
    if let Some(data) = object.data.as_object_mut() {
        data.remove("status");
    }
}

fn prune_to_labels(object: &mut DynamicObject) {
    prune_metadata(object);
    object.data = Value::Object(Map::new());
}

fn prune_node(object: &mut DynamicObject) {
    let addresses = object.data.pointer("/status/addresses").cloned();
    prune_metadata(object);
    if let Some(data) = object.data.as_object_mut() {
        field(data, "spec", &["podCIDR", "podCIDRs", "providerID"]);
        data.retain(|key, _| key == "spec");
        if let Some(addresses) = addresses {
            data.insert("status".to_owned(), serde_json::json!({"addresses": addresses}));
        }
    }
}

fn prune_pod(object: &mut DynamicObject) {
    let mut status = object.data.get_mut("status").map(Value::take).unwrap_or_default();
    prune_metadata(object);
    object.metadata.owner_references = None;
    let Some(data) = object.data.as_object_mut() else { return };
    let spec =
        ["nodeName", "hostNetwork", "serviceAccountName", "serviceAccount", "containers", "initContainers"];
    field(data, "spec", &spec);
    if let Some(spec) = data.get_mut("spec") {
        for containers in ["containers", "initContainers"] {
            let list = spec.get_mut(containers).and_then(Value::as_array_mut);
            for container in list.into_iter().flatten().filter_map(Value::as_object_mut) {
                container.retain(|key, _| ["name", "ports", "restartPolicy"].contains(&key.as_str()));
            }
        }
    }
    data.retain(|key, _| key == "spec");
    if let Some(status) = status.as_object_mut() {
        status.retain(|key, _| ["phase", "podIP", "podIPs"].contains(&key.as_str()));
    }
    data.insert("status".to_owned(), status);
}

/// Keeps some fields of an object's field.
fn field(data: &mut Map<String, Value>, name: &str, keep: &[&str]) {
    if let Some(object) = data.get_mut(name).and_then(Value::as_object_mut) {
        object.retain(|key, _| keep.contains(&key.as_str()));
    }
}

fn prune_definition(object: &mut DynamicObject) {
    let conditions = object.data.pointer("/status/conditions").cloned();
    prune_metadata(object);
    let versions = object.data.pointer_mut("/spec/versions").and_then(Value::as_array_mut);
    for version in versions.into_iter().flatten().filter_map(Value::as_object_mut) {
        version.retain(|key, _| ["name", "served"].contains(&key.as_str()));
    }
    if let Some(data) = object.data.as_object_mut() {
        field(data, "spec", &["versions"]);
        data.insert("status".to_owned(), serde_json::json!({"conditions": conditions}));
    }
}
