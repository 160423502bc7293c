use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use ringwall_detect::finding::Details;

use super::{LABEL, POLICY};

/// The kubelet's own annotation of the pods that it runs from files, which the apiserver only shows.
///
/// Source: Kubernetes, *Create static Pods*; *Well-Known Labels, Annotations and Taints*.
const MIRROR: &str = "kubernetes.io/config.mirror";

/// The pod that a finding is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
    /// Empty if it is not known.
    uid: &'a str,
}

impl<'a> Target<'a> {
    /// That of the workload, if it is a pod, else that of the call, as for an exec. A name that the server was to complete is none.
    pub(super) fn of(details: &'a Details) -> Option<Self> {
        let workload = details.workload.as_ref().filter(|workload| workload.kind == "pods");
        let workload = workload.map(|of| Self { namespace: &of.namespace, name: &of.name, uid: &of.uid });
        let call = details.api_call.as_ref().filter(|call| call.resource == "pods");
        let call = call.map(|call| Self { namespace: &call.namespace, name: &call.name, uid: "" });
        let is_known = |of: &Self| !of.namespace.is_empty() && !of.name.is_empty() && !of.name.ends_with('*');
        workload.filter(is_known).or(call.filter(is_known))
    }
}

/// Why a pod is not to be cut off, if so.
pub(super) fn why_not(pod: &Pod, target: &Target<'_>) -> Option<&'static str> {
    let metadata = &pod.metadata;
    let owners = metadata.owner_references.as_deref().unwrap_or_default();
    if !target.uid.is_empty() && metadata.uid.as_deref() != Some(target.uid) {
        Some("the pod is gone, and another one has its name")
    } else if metadata.annotations.as_ref().is_some_and(|all| all.contains_key(MIRROR))
        || owners.iter().any(|owner| owner.kind == "Node")
    {
        Some("the pod is a node's own, which the apiserver can't change")
    } else if metadata.deletion_timestamp.is_some() {
        Some("the pod is going")
    } else {
        None
    }
}

/// The finding that a pod is cut off for.
pub(super) fn label_of(pod: &Pod) -> Option<&str> {
    pod.metadata.labels.as_ref()?.get(LABEL).map(String::as_str)
}

/// The names of the policies that allow a pod something.
pub(super) fn allowing<'a>(policies: &'a [NetworkPolicy], pod: &Pod) -> impl Iterator<Item = &'a str> {
    let empty = BTreeMap::new();
    let labels = pod.metadata.labels.clone().unwrap_or(empty);
    policies.iter().filter_map(move |policy| {
        let spec = policy.spec.as_ref()?;
        let name = policy.metadata.name.as_deref().unwrap_or_default();
        let everything = LabelSelector::default();
        let selector = spec.pod_selector.as_ref().unwrap_or(&everything);
        let has_rules = !spec.ingress.as_deref().unwrap_or_default().is_empty()
            || !spec.egress.as_deref().unwrap_or_default().is_empty();
        (name != POLICY && has_rules && selects(selector, &labels)).then_some(name)
    })
}

/// Whether a selector fits labels. An operator that is not known counts as fitting: what may allow is told.
///
/// Source: Kubernetes, *API Reference*, LabelSelector: all requirements hold; one without any selects everything.
fn selects(selector: &LabelSelector, labels: &BTreeMap<String, String>) -> bool {
    let equal = selector.match_labels.iter().flatten().all(|(key, value)| labels.get(key) == Some(value));
    let expressions = selector.match_expressions.iter().flatten().all(|requirement| {
        let value = labels.get(&requirement.key);
        let is_listed =
            value.is_some_and(|value| requirement.values.iter().flatten().any(|one| one == value));
        match requirement.operator.as_str() {
            "In" => is_listed,
            "NotIn" => !is_listed,
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => true,
        }
    });
    equal && expressions
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(metadata: Value) -> Pod {
        serde_json::from_value(json!({"metadata": metadata})).unwrap()
    }

    #[test]
    fn the_pod_is_that_of_the_workload_or_of_the_call() {
        let mut details = crate::fixture::notices(1)[0].finding.details.clone();
        assert_eq!(Target::of(&details), Some(Target { namespace: "shop", name: "pod-1", uid: "" }));
        let workload = details.workload.as_mut().unwrap();
        (workload.name, workload.uid) = ("web-*".to_owned(), "u".to_owned());
        assert_eq!(Target::of(&details).unwrap().name, "pod-1", "the name is not known before it is made");
        details.api_call.as_mut().unwrap().resource = "deployments".to_owned();
        assert_eq!(Target::of(&details), None);
        details.workload.as_mut().unwrap().name = "web".to_owned();
        assert_eq!(Target::of(&details), Some(Target { namespace: "shop", name: "web", uid: "u" }));
        details.workload.as_mut().unwrap().kind = "deployments".to_owned();
        assert_eq!(Target::of(&details), None);
    }

    #[test]
    fn pods_of_nodes_and_others_of_the_name_are_left() {
        let target = Target { namespace: "shop", name: "web", uid: "u" };
        assert_eq!(why_not(&pod(json!({"uid": "u"})), &target), None);
        assert_eq!(why_not(&pod(json!({"uid": "v"})), &Target { uid: "", ..target }), None);
        let target = Target { namespace: "shop", name: "web", uid: "u" };
        for metadata in [
            json!({"uid": "v"}),
            json!({"uid": "u", "annotations": {MIRROR: "hash"}}),
            json!({"uid": "u", "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "n"}]}),
            json!({"uid": "u", "deletionTimestamp": "2026-11-27T19:00:00Z"}),
        ] {
            assert!(why_not(&pod(metadata.clone()), &target).is_some(), "{metadata}");
        }
    }

    #[test]
    fn what_other_policies_allow_is_told() {
        let policy = |name: &str, selector: Value, ingress: Value| -> NetworkPolicy {
            let spec = json!({"podSelector": selector, "ingress": ingress});
            serde_json::from_value(json!({"metadata": {"name": name}, "spec": spec})).unwrap()
        };
        let expression = |operator: &str, values: Value| json!({"matchExpressions": [{"key": "app", "operator": operator, "values": values}]});
        let policies = [
            policy("all", json!({}), json!([{}])),
            policy("none", json!({}), json!([])),
            policy("web", json!({"matchLabels": {"app": "web"}}), json!([{}])),
            policy("db", json!({"matchLabels": {"app": "db"}}), json!([{}])),
            policy("in", expression("In", json!(["web"])), json!([{}])),
            policy("not-in", expression("NotIn", json!(["web"])), json!([{}])),
            policy("exists", expression("Exists", json!([])), json!([{}])),
            policy("absent", expression("DoesNotExist", json!([])), json!([{}])),
            policy(POLICY, json!({}), json!([{}])),
        ];
        let pod = pod(json!({"labels": {"app": "web"}}));
        assert_eq!(allowing(&policies, &pod).collect::<Vec<_>>(), ["all", "web", "in", "exists"]);
    }
}
