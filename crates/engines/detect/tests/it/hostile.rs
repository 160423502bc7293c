//! Whatever stands in a body, no rule panics, and what is around it is judged all the same.

use proptest::prelude::*;
use ringwall_detect::audit;
use ringwall_detect::finding::Place;
use serde_json::{Value, json};

use crate::detect;

/// Names that rules look for, so that what is generated gets deep into them.
const NAMES: &[&str] = &[
    "metadata",
    "spec",
    "template",
    "jobTemplate",
    "containers",
    "initContainers",
    "ephemeralContainers",
    "securityContext",
    "privileged",
    "capabilities",
    "add",
    "volumes",
    "hostPath",
    "path",
    "volumeMounts",
    "name",
    "image",
    "command",
    "args",
    "rules",
    "verbs",
    "resources",
    "apiGroups",
    "aggregationRule",
    "clusterRoleSelectors",
    "subjects",
    "kind",
    "roleRef",
    "webhooks",
    "clientConfig",
    "url",
    "type",
    "selector",
    "data",
    "resourceAttributes",
    "verb",
    "status",
    "allowed",
    "op",
    "value",
    "ownerReferences",
    "controller",
    "signerName",
    "expirationSeconds",
    "generation",
    "observedGeneration",
    "hostPID",
    "$patch",
    "items",
    "nodeName",
];

const RESOURCES: &[(&str, &str, &str)] = &[
    ("", "pods", ""),
    ("", "pods", "ephemeralcontainers"),
    ("", "pods", "exec"),
    ("apps", "deployments", ""),
    ("batch", "cronjobs", ""),
    ("rbac.authorization.k8s.io", "clusterroles", ""),
    ("rbac.authorization.k8s.io", "rolebindings", ""),
    ("", "services", ""),
    ("networking.k8s.io", "ingresses", ""),
    ("", "configmaps", ""),
    ("", "secrets", ""),
    ("", "serviceaccounts", "token"),
    ("", "persistentvolumes", ""),
    ("", "nodes", "proxy"),
    ("certificates.k8s.io", "certificatesigningrequests", "approval"),
    ("authorization.k8s.io", "selfsubjectaccessreviews", ""),
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations", ""),
];

fn body() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(
            &[
                "/",
                "/etc",
                "*",
                "add",
                "copy",
                "default",
                "system:anonymous",
                "cluster-admin",
                "LoadBalancer",
                "é"
            ][..]
        )
        .prop_map(Value::from),
        "[/a-z0-9~%+:é.-]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(7, 120, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(NAMES), inner), 0..6).prop_map(|members| {
                Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_body_is_survived(
        (group, resource, subresource) in prop::sample::select(RESOURCES),
        verb in prop::sample::select(&["get", "list", "watch", "create", "update", "patch", "delete"][..]),
        (request, response) in (body(), body()),
        (uri, namespace) in ("/[a-z/%?&=+é]{0,40}", "(kube-system|shop|)"),
    ) {
        let event = json!({
            "auditID": "1", "stage": "ResponseComplete", "verb": verb, "requestURI": uri,
            "user": {"username": "ann", "groups": ["dev"]}, "sourceIPs": ["203.0.113.5"],
            "objectRef": {"resource": resource, "subresource": subresource, "apiGroup": group, "namespace": namespace, "name": "x"},
            "responseStatus": {"code": 200}, "requestObject": request, "responseObject": response,
            "requestReceivedTimestamp": "2026-11-02T09:00:00.000000Z",
        });
        prop_assert!(detect::line(event.to_string().as_bytes()) >= 1, "the caller's address is on lists");
    }

    #[test]
    fn what_is_around_a_danger_does_not_hide_it(around in body(), wrong in body()) {
        let spec = json!({"containers": [wrong, {"name": "a", "securityContext": {"privileged": true}, "ports": around}], "tolerations": wrong});
        let event = json!({
            "auditID": "1", "stage": "ResponseComplete", "verb": "create", "requestURI": "/x", "user": {"username": "ann", "extra": around},
            "objectRef": {"resource": "pods", "namespace": "shop", "name": "x", "uid": wrong}, "responseStatus": {"code": 201, "details": around},
            "requestObject": {"metadata": around, "spec": spec, "status": around},
        });
        let mut detector = detect::detector();
        let place = Place { file: "a".into(), line: 1 };
        audit::read(&event.to_string(), &mut |event| detector.audit(event, &place)).unwrap();
        let name = "PrivilegeEscalation:Kubernetes/AnomalousBehavior.WorkloadDeployed!PrivilegedContainer";
        prop_assert!(detector.findings().iter().any(|finding| finding.kind.name == name));
    }
}
