//! Kubernetes objects as JSON, made into the model: what tests need of it, without an adapter.

use std::sync::Arc;

use ringwall_model::network::NetworkParts;
use ringwall_model::{
    AggregationRule, Binding, BindingSubject, Cluster, Entry, LabelRequirement, LabelSelector, Namespace,
    Node, Object, ObjectRef, Pod, PodReferences, PolicyRule, Role, RoleKind, RoleRef, SelectorOperator,
    ServiceAccount, Source, Tree, Value as TreeValue,
};
use serde_json::Value;

pub(crate) fn cluster(objects: &[Value], version: Option<&str>) -> Cluster {
    let mut cluster = Cluster::default();
    cluster.info.version = version.map(Arc::from);
    for (line, object) in (1_u32..).map(|number| number * 100).zip(objects) {
        add(&mut cluster, object, line);
    }
    cluster
}

fn add(cluster: &mut Cluster, object: &Value, line: u32) {
    let reference = ObjectRef {
        api_version: text(&object["apiVersion"]).unwrap_or_else(|| "rbac.authorization.k8s.io/v1".into()),
        kind: text(&object["kind"]).unwrap(),
        namespace: text(&object["metadata"]["namespace"]),
        name: text(&object["metadata"]["name"]).unwrap(),
    };
    let source = Source::new("objects.yaml", line);
    let labels = labels(&object["metadata"]["labels"]);
    match &*reference.kind.clone() {
        "Role" | "ClusterRole" => {
            let selectors =
                object["aggregationRule"].as_object().map(|rule| items(&rule["clusterRoleSelectors"]));
            cluster.roles.push(Role {
                reference,
                source,
                labels,
                rules: (line + 1..)
                    .zip(items(&object["rules"]))
                    .map(|(line, rule)| policy_rule(rule, line))
                    .collect(),
                aggregation: selectors
                    .map(|selectors| AggregationRule { selectors: selectors.iter().map(selector).collect() }),
            });
        }
        "RoleBinding" | "ClusterRoleBinding" => {
            let role = &object["roleRef"];
            let kind = if role["kind"] == "Role" { RoleKind::Role } else { RoleKind::ClusterRole };
            let subjects = (line + 2..).zip(items(&object["subjects"]));
            cluster.bindings.push(Binding {
                reference,
                source,
                role: RoleRef { kind, name: text(&role["name"]).unwrap(), line: line + 1 },
                subjects: subjects
                    .map(|(line, subject)| BindingSubject {
                        kind: text(&subject["kind"]).unwrap(),
                        name: text(&subject["name"]).unwrap(),
                        namespace: text(&subject["namespace"]),
                        line,
                    })
                    .collect(),
            });
        }
        "Pod" => cluster.pods.push(pod(object, reference, source)),
        "Node" => cluster.nodes.push(Node {
            name: reference.name,
            source,
            labels,
            provider_id: None,
            compute: None,
            addresses: Vec::new(),
            pod_cidrs: Vec::new(),
            instance_type: None,
        }),
        "Namespace" => cluster.namespaces.push(Namespace { name: reference.name, source, labels }),
        "ServiceAccount" => cluster.service_accounts.push(ServiceAccount {
            namespace: reference.namespace.unwrap(),
            name: reference.name,
            source,
            role_arn: None,
            role_arn_line: 0,
            audience: None,
            sts_regional_endpoints: None,
            labels: Vec::new(),
            automount_token: None,
        }),
        _ => cluster.objects.push(Object { reference, source, tree: tree(object) }),
    }
}

fn pod(object: &Value, reference: ObjectRef, source: Source) -> Pod {
    let spec = &object["spec"];
    let volumes = items(&spec["volumes"]);
    let named = |path: &str| volumes.iter().filter_map(|volume| text(volume.pointer(path)?)).collect();
    let statuses = items(&object["status"]["resourceClaimStatuses"]);
    Pod {
        reference,
        source,
        uid: None,
        labels: Vec::new(),
        host_network: false,
        node_name: text(&spec["nodeName"]),
        service_account: text(&spec["serviceAccountName"]).unwrap_or_else(|| "default".into()),
        references: PodReferences {
            secrets: named("/secret/secretName"),
            config_maps: named("/configMap/name"),
            claims: named("/persistentVolumeClaim/claimName"),
            resource_claims: statuses
                .iter()
                .filter_map(|status| text(&status["resourceClaimName"]))
                .collect(),
        },
        mirror: object.pointer("/metadata/annotations/kubernetes.io~1config.mirror").is_some(),
        phase: None,
        network: NetworkParts::default(),
    }
}

pub(crate) fn policy_rule(rule: &Value, line: u32) -> PolicyRule {
    let texts = |key: &str| items(&rule[key]).iter().map(|item| text(item).unwrap()).collect();
    PolicyRule {
        verbs: texts("verbs"),
        api_groups: texts("apiGroups"),
        resources: texts("resources"),
        resource_names: texts("resourceNames"),
        non_resource_urls: texts("nonResourceURLs"),
        line,
    }
}

fn selector(selector: &Value) -> LabelSelector {
    let equal = labels(&selector["matchLabels"]).into_iter().map(|(key, value)| LabelRequirement {
        key,
        operator: SelectorOperator::In,
        values: vec![value],
    });
    let expressions = items(&selector["matchExpressions"]).iter().map(|expression| LabelRequirement {
        key: text(&expression["key"]).unwrap(),
        operator: match expression["operator"].as_str().unwrap() {
            "In" => SelectorOperator::In,
            "NotIn" => SelectorOperator::NotIn,
            "Exists" => SelectorOperator::Exists,
            "DoesNotExist" => SelectorOperator::DoesNotExist,
            other => panic!("`{other}` is not an operator"),
        },
        values: items(&expression["values"]).iter().map(|value| text(value).unwrap()).collect(),
    });
    LabelSelector { requirements: equal.chain(expressions).collect() }
}

fn labels(labels: &Value) -> Vec<(Arc<str>, Arc<str>)> {
    let entries = labels.as_object().into_iter().flatten();
    entries.map(|(key, value)| (Arc::from(key.as_str()), text(value).unwrap())).collect()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> Option<Arc<str>> {
    value.as_str().map(Arc::from)
}

/// Strings, lists and mappings: all that the node authorizer reads from objects.
fn tree(value: &Value) -> Tree {
    Tree::new(
        1,
        match value {
            Value::String(text) => TreeValue::String(text.as_str().into()),
            Value::Array(items) => TreeValue::Sequence(items.iter().map(tree).collect()),
            Value::Object(entries) => TreeValue::Mapping(
                entries
                    .iter()
                    .map(|(key, value)| Entry { key: key.as_str().into(), line: 1, value: tree(value) })
                    .collect(),
            ),
            _ => TreeValue::Null,
        },
    )
}
