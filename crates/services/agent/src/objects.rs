//! What the apiserver told, as the engine's values: each object is read once when it changes, by the code that reads snapshots.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringwall_document::Reader;
use ringwall_kubernetes::{DynamicObject, Key};
use ringwall_model::network::NetworkObjects;
use ringwall_model::{Cluster, Namespace, Node, Pod, ServiceAccount};
use serde_json::{Map, Value};

use crate::watches::{Current, Watchable};

/// The cluster's objects, read.
#[derive(Default)]
pub(crate) struct Objects {
    kinds: BTreeMap<Watchable, BTreeMap<Key, Known>>,
    reader: Reader,
}

struct Known {
    object: Arc<DynamicObject>,
    part: Part,
}

/// What an object is to the engine.
enum Part {
    Namespace(Namespace),
    Node(Node),
    Pod(Box<Pod>),
    ServiceAccount(ServiceAccount),
    Network(Box<NetworkObjects>),
    /// What could not be read at all; it is told once.
    Nothing,
}

impl Objects {
    /// Takes in what there is now; tells whether anything that counts is other than before.
    pub(crate) fn update(&mut self, current: &[Current]) -> bool {
        let before = self.kinds.len();
        self.kinds.retain(|kind, _| current.iter().any(|(of, _)| of == kind));
        let mut changed = self.kinds.len() != before;
        for (kind, objects) in current {
            let known = self.kinds.entry(*kind).or_insert_with(|| {
                changed = true;
                BTreeMap::new()
            });
            let size = known.len();
            known.retain(|key, _| objects.contains_key(key));
            changed |= known.len() != size;
            for (key, object) in objects.iter() {
                match known.get_mut(key) {
                    Some(known) if Arc::ptr_eq(&known.object, object) => {}
                    // What changed is nothing that is kept.
                    Some(known) if *known.object == **object => known.object = Arc::clone(object),
                    _ => {
                        let part = read(&mut self.reader, kind, key, object);
                        known.insert(key.clone(), Known { object: Arc::clone(object), part });
                        changed = true;
                    }
                }
            }
        }
        changed
    }

    /// The cluster that the objects are.
    pub(crate) fn cluster(&self) -> Cluster {
        let mut cluster = Cluster::default();
        for known in self.kinds.values().flat_map(BTreeMap::values) {
            match &known.part {
                Part::Namespace(namespace) => cluster.namespaces.push(namespace.clone()),
                Part::Node(node) => cluster.nodes.push(node.clone()),
                Part::Pod(pod) => cluster.pods.push((**pod).clone()),
                Part::ServiceAccount(account) => cluster.service_accounts.push(account.clone()),
                Part::Network(network) => add(&mut cluster.network, network),
                Part::Nothing => {}
            }
        }
        cluster
    }
}

fn add(all: &mut NetworkObjects, more: &NetworkObjects) {
    all.policies.extend_from_slice(&more.policies);
    all.security_group_policies.extend_from_slice(&more.security_group_policies);
    if more.vpc_cni.is_some() {
        all.vpc_cni.clone_from(&more.vpc_cni);
    }
}

/// Reads an object as a file of a snapshot that holds it alone. The name of that file is its path in the API.
fn read(reader: &mut Reader, kind: &Watchable, key: &Key, object: &DynamicObject) -> Part {
    let file: Arc<str> = format!("{}/{key}", kind.name()).into();
    let text = match text(kind, object) {
        Ok(text) => text,
        Err(error) => {
            tracing::error!(object = %file, %error, "an object can't be read");
            return Part::Nothing;
        }
    };
    let found = ringwall_snapshot::objects_of(reader, &file, &text);
    let snapshot = ringwall_snapshot::cluster_of(found.objects);
    for problem in found.problems.iter().chain(&snapshot.problems) {
        tracing::warn!(object = %file, problem = %problem.message, "of an object not all can be read");
    }
    let mut cluster = snapshot.cluster;
    match kind.kind {
        "Namespace" => cluster.namespaces.pop().map(Part::Namespace),
        "Node" => cluster.nodes.pop().map(Part::Node),
        "Pod" => cluster.pods.pop().map(|pod| Part::Pod(Box::new(pod))),
        "ServiceAccount" => cluster.service_accounts.pop().map(Part::ServiceAccount),
        _ => Some(Part::Network(Box::new(cluster.network))),
    }
    .unwrap_or(Part::Nothing)
}

/// The object as JSON. Lists and watches leave kind and version of their items out.
fn text(kind: &Watchable, object: &DynamicObject) -> serde_json::Result<Vec<u8>> {
    let version = if kind.group.is_empty() {
        kind.version.to_owned()
    } else {
        format!("{}/{}", kind.group, kind.version)
    };
    let mut whole = Map::new();
    whole.insert("apiVersion".to_owned(), version.into());
    whole.insert("kind".to_owned(), kind.kind.into());
    whole.insert("metadata".to_owned(), serde_json::to_value(&object.metadata)?);
    if let Some(data) = object.data.as_object() {
        whole.extend(data.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    serde_json::to_vec(&Value::Object(whole))
}
