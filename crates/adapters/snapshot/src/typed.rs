use std::sync::Arc;

use hashbrown::HashSet;
use ringwall_model::{
    Cluster, ComputeType, Namespace, Node, Object, Problem, ServiceAccount, Source, Tree, Workload,
};

use crate::fields::{pairs, text, text_at};
use crate::{pod, rbac};

/// Service account of a pod that names none.
const DEFAULT_ACCOUNT: &str = "default";

/// Makes the typed values from the objects.
pub(crate) fn fill(cluster: &mut Cluster, problems: &mut Vec<Problem>) {
    let objects = std::mem::take(&mut cluster.objects);
    let default_account: Arc<str> = DEFAULT_ACCOUNT.into();
    for object in &objects {
        let reference = &object.reference;
        match (reference.group(), &*reference.kind) {
            ("", "Namespace") => cluster.namespaces.push(Namespace {
                name: Arc::clone(&reference.name),
                source: object.source.clone(),
                labels: labels(object),
            }),
            ("", "ServiceAccount") => cluster.service_accounts.extend(service_account(object)),
            ("", "Node") => cluster.nodes.push(node(object)),
            ("", "Pod") => cluster.pods.push(pod::pod(object, &default_account)),
            ("", "ReplicationController")
            | ("apps" | "extensions", "Deployment" | "DaemonSet" | "ReplicaSet")
            | ("apps", "StatefulSet")
            | ("batch", "Job" | "CronJob") => cluster.workloads.push(workload(object, &default_account)),
            ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => {
                cluster.roles.extend(or_problems(rbac::role(object), problems));
            }
            ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
                let mut warnings = Vec::new();
                cluster.bindings.extend(or_problems(rbac::binding(object, &mut warnings), problems));
                problems.extend(warnings);
            }
            _ => {}
        }
    }
    imply_namespaces(cluster, &objects);
    cluster.objects = objects;
}

fn or_problems<T>(outcome: Result<T, Vec<Problem>>, problems: &mut Vec<Problem>) -> Option<T> {
    match outcome {
        Ok(value) => Some(value),
        Err(found) => {
            problems.extend(found);
            None
        }
    }
}

fn labels(object: &Object) -> Vec<(Arc<str>, Arc<str>)> {
    pairs(object.tree.at(&["metadata", "labels"]))
}

/// Adds the namespaces that only objects in them tell of.
fn imply_namespaces(cluster: &mut Cluster, objects: &[Object]) {
    let mut known: HashSet<Arc<str>> =
        cluster.namespaces.iter().map(|namespace| Arc::clone(&namespace.name)).collect();
    for object in objects {
        if let Some(name) = &object.reference.namespace
            && known.insert(Arc::clone(name))
        {
            let (name, source): (_, Source) = (Arc::clone(name), object.source.clone());
            cluster.namespaces.push(Namespace { name, source, labels: Vec::new() });
        }
    }
}

fn service_account(object: &Object) -> Option<ServiceAccount> {
    Some(ServiceAccount {
        namespace: object.reference.namespace.clone()?,
        name: Arc::clone(&object.reference.name),
        source: object.source.clone(),
        role_arn: text_at(&object.tree, &["metadata", "annotations", "eks.amazonaws.com/role-arn"]),
        automount_token: object.tree.get("automountServiceAccountToken").and_then(Tree::as_bool),
    })
}

fn node(object: &Object) -> Node {
    let labels = labels(object);
    let provider_id = text_at(&object.tree, &["spec", "providerID"]);
    let label = |key: &str| labels.iter().find(|(name, _)| &**name == key).map(|(_, value)| &**value);
    // Sources: EKS user guide, labels of Fargate, Auto Mode and managed nodes.
    let compute = match label("eks.amazonaws.com/compute-type") {
        Some("fargate") => Some(ComputeType::Fargate),
        Some("auto") => Some(ComputeType::AutoMode),
        _ if label("eks.amazonaws.com/nodegroup").is_some() => Some(ComputeType::ManagedNodeGroup),
        _ if provider_id.as_deref().is_some_and(|id| id.starts_with("aws://")) => {
            Some(ComputeType::SelfManaged)
        }
        _ => None,
    };
    let name = Arc::clone(&object.reference.name);
    Node { name, source: object.source.clone(), labels, provider_id, compute }
}

fn workload(object: &Object, default_account: &Arc<str>) -> Workload {
    let path: &[&str] = match &*object.reference.kind {
        "CronJob" => &["spec", "jobTemplate", "spec", "template", "spec"],
        _ => &["spec", "template", "spec"],
    };
    let owners =
        object.tree.get("metadata").map(|metadata| metadata.list("ownerReferences")).unwrap_or_default();
    Workload {
        reference: object.reference.clone(),
        source: object.source.clone(),
        service_account: account_of(object.tree.at(path), default_account),
        owned: owners.iter().any(|owner| owner.get("controller").and_then(Tree::as_bool) == Some(true)),
    }
}

/// The service account that a pod specification names, also by its older name.
///
/// Source: Kubernetes, `pkg/apis/core/v1/conversion.go`: `serviceAccount` fills an empty `serviceAccountName`.
pub(crate) fn account_of(spec: Option<&Tree>, default: &Arc<str>) -> Arc<str> {
    spec.and_then(|spec| text(spec, "serviceAccountName").or_else(|| text(spec, "serviceAccount")))
        .unwrap_or_else(|| Arc::clone(default))
}
