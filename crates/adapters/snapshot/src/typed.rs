use std::sync::Arc;

use hashbrown::HashSet;
use ringwall_model::{
    Cluster, ComputeType, Namespace, Node, Object, Problem, ServiceAccount, Source, Tree, Workload,
};

use crate::fields::{pairs, text, text_at};
use crate::refused::Refused;
use crate::{network, pod, rbac};

/// Service account of a pod that names none.
const DEFAULT_ACCOUNT: &str = "default";

/// Annotation of a service account that names its role for IRSA.
const ROLE_ARN: &str = "eks.amazonaws.com/role-arn";

/// Label that every namespace has, with its name.
const METADATA_NAME: &str = "kubernetes.io/metadata.name";

/// Makes the typed values from the objects.
pub(crate) fn fill(cluster: &mut Cluster, problems: &mut Vec<Problem>) {
    let objects = std::mem::take(&mut cluster.objects);
    let default_account: Arc<str> = DEFAULT_ACCOUNT.into();
    for object in &objects {
        network::take(&mut cluster.network, object, problems);
        let reference = &object.reference;
        let mut refused = Refused::new(object);
        match (reference.group(), &*reference.kind) {
            ("", "Namespace") => {
                let (name, source) = (Arc::clone(&reference.name), object.source.clone());
                let labels = named(labels(object), &name);
                cluster.namespaces.push(Namespace { name, source, labels });
            }
            ("", "ServiceAccount") => cluster.service_accounts.extend(service_account(object)),
            ("", "Node") => cluster.nodes.push(node(object)),
            ("", "Pod") => cluster.pods.push(pod::pod(object, &default_account, &mut refused)),
            ("", "ReplicationController")
            | ("apps" | "extensions", "Deployment" | "DaemonSet" | "ReplicaSet")
            | ("apps", "StatefulSet")
            | ("batch", "Job" | "CronJob") => {
                cluster.workloads.push(workload(object, &default_account, &mut refused));
            }
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
        problems.extend(refused.into_problems());
    }
    network::settle(&mut cluster.network);
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

/// An object's labels.
pub(crate) fn labels(object: &Object) -> Vec<(Arc<str>, Arc<str>)> {
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
            let labels = named(Vec::new(), &name);
            cluster.namespaces.push(Namespace { name, source, labels });
        }
    }
}

/// A namespace's labels with its name among them, which the apiserver writes whatever the object says.
///
/// Source: Kubernetes 1.37, `Canonicalize` of `pkg/registry/core/namespace/strategy.go`.
fn named(mut labels: Vec<(Arc<str>, Arc<str>)>, name: &Arc<str>) -> Vec<(Arc<str>, Arc<str>)> {
    labels.retain(|(key, _)| &**key != METADATA_NAME);
    labels.push((METADATA_NAME.into(), Arc::clone(name)));
    labels
}

fn service_account(object: &Object) -> Option<ServiceAccount> {
    let annotations = object.tree.at(&["metadata", "annotations"]);
    let annotation = |key: &str| annotations.and_then(|annotations| text(annotations, key));
    let role_arn = annotation(ROLE_ARN);
    let role_arn_line = match (&role_arn, annotations.and_then(|annotations| annotations.entry(ROLE_ARN))) {
        (Some(_), Some(entry)) => entry.line,
        _ => 0,
    };
    Some(ServiceAccount {
        namespace: object.reference.namespace.clone()?,
        name: Arc::clone(&object.reference.name),
        source: object.source.clone(),
        role_arn,
        role_arn_line,
        audience: annotation("eks.amazonaws.com/audience"),
        sts_regional_endpoints: annotation("eks.amazonaws.com/sts-regional-endpoints"),
        labels: labels(object),
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
    let instance_type = ["node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type"]
        .into_iter()
        .find_map(label)
        .map(Arc::from);
    Node {
        name,
        source: object.source.clone(),
        labels,
        provider_id,
        compute,
        addresses: network::node_addresses(&object.tree),
        pod_cidrs: network::node_pod_cidrs(&object.tree),
        instance_type,
    }
}

fn workload(object: &Object, default_account: &Arc<str>, refused: &mut Refused<'_>) -> Workload {
    let path: &[&str] = match &*object.reference.kind {
        "CronJob" => &["spec", "jobTemplate", "spec", "template"],
        _ => &["spec", "template"],
    };
    let template = object.tree.at(path);
    let spec = template.and_then(|template| template.get("spec"));
    let network = network::of_template(object, template, refused);
    Workload {
        reference: object.reference.clone(),
        source: object.source.clone(),
        service_account: account_of(spec, default_account),
        labels: pairs(template.and_then(|template| template.at(&["metadata", "labels"]))),
        host_network: is_on_host_network(spec),
        owned: network.owner.is_some(),
        network,
        replicas: object
            .tree
            .at(&["spec", "replicas"])
            .and_then(Tree::as_i64)
            .and_then(|count| u32::try_from(count).ok()),
    }
}

/// Whether a pod specification asks for the node's network.
pub(crate) fn is_on_host_network(spec: Option<&Tree>) -> bool {
    spec.and_then(|spec| spec.get("hostNetwork")).and_then(Tree::as_bool) == Some(true)
}

/// The service account that a pod specification names, also by its older name.
///
/// Source: Kubernetes, `pkg/apis/core/v1/conversion.go`: `serviceAccount` fills an empty `serviceAccountName`.
pub(crate) fn account_of(spec: Option<&Tree>, default: &Arc<str>) -> Arc<str> {
    spec.and_then(|spec| text(spec, "serviceAccountName").or_else(|| text(spec, "serviceAccount")))
        .unwrap_or_else(|| Arc::clone(default))
}
