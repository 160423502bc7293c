//! Roles, bindings, pods and questions from a seed. The vocabularies are small so that questions meet rules.

use std::sync::Arc;

use ringwall_model::PolicyRule;
use serde_json::{Value, json};

use crate::seeded::Seeded;

const NAMESPACES: [&str; 6] = ["gen-a", "gen-b", "gen-c", "gen-d", "default", "kube-system"];
const USERS: [&str; 8] = [
    "ann",
    "ben",
    "cleo@example.com",
    "system:serviceaccount:gen-a:builder",
    "system:serviceaccount:gen-b:default",
    "system:node:node-1",
    "system:node:node-2",
    "system:kube-scheduler",
];
const GROUPS: [&str; 9] = [
    "devs",
    "ops",
    "system:authenticated",
    "system:unauthenticated",
    "system:serviceaccounts",
    "system:serviceaccounts:gen-a",
    "system:nodes",
    "system:masters",
    "Devs",
];
const SERVICE_ACCOUNTS: [&str; 3] = ["builder", "default", "deployer"];
const VERBS: [&str; 13] = [
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "*",
    "bind",
    "escalate",
    "impersonate",
    "Get",
];
const API_GROUPS: [&str; 6] = ["", "apps", "batch", "rbac.authorization.k8s.io", "*", "certificates.k8s.io"];
const RESOURCES: [&str; 20] = [
    "pods",
    "pods/exec",
    "pods/status",
    "pods/log",
    "secrets",
    "configmaps",
    "deployments",
    "deployments/scale",
    "nodes",
    "nodes/proxy",
    "*",
    "*/status",
    "*/exec",
    "pods/*",
    "clusterroles",
    "roles",
    "serviceaccounts",
    "serviceaccounts/token",
    "persistentvolumeclaims",
    "leases",
];
const NAMES: [&str; 6] = ["db", "web", "node-1", "node-2", "edit", "builder"];
const PATHS: [&str; 12] = [
    "/metrics",
    "/metrics/cadvisor",
    "/healthz",
    "/healthz/etcd",
    "/apis",
    "/apis/*",
    "/apis/apps",
    "/*",
    "*",
    "/api**",
    "/version",
    "/logs/",
];
/// Names that no default object has, so that nothing is overwritten.
const ROLE_NAMES: [&str; 8] =
    ["gen-one", "gen-two", "gen-three", "gen-four", "gen-five", "gen-six", "gen-seven", "gen-gone"];
const LABELS: [&str; 3] =
    ["gen.example.com/to-x", "gen.example.com/to-y", "rbac.authorization.k8s.io/aggregate-to-view"];

fn strings<T: AsRef<str>>(items: Vec<T>) -> Vec<String> {
    items.iter().map(|item| item.as_ref().to_owned()).collect()
}

fn rule(seeded: &mut Seeded, cluster: bool) -> Value {
    if cluster && seeded.one_in(5) {
        return json!({ "verbs": strings(seeded.some(&VERBS, 1, 3)), "nonResourceURLs": strings(seeded.some(&PATHS, 1, 3)) });
    }
    let mut rule = json!({
        "verbs": strings(seeded.some(&VERBS, 1, 4)),
        "apiGroups": strings(seeded.some(&API_GROUPS, 1, 2)),
        "resources": strings(seeded.some(&RESOURCES, 1, 4)),
    });
    if seeded.one_in(3) {
        rule["resourceNames"] = json!(strings(seeded.some(&NAMES, 1, 2)));
    }
    rule
}

fn rules(seeded: &mut Seeded, cluster: bool) -> Vec<Value> {
    let count = 1 + seeded.below(3);
    (0..count).map(|_| rule(seeded, cluster)).collect()
}

fn subjects(seeded: &mut Seeded) -> Vec<Value> {
    let count = 1 + seeded.below(3);
    (0..count)
        .map(|_| match seeded.below(3) {
            0 => json!({ "kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": seeded.pick(&USERS) }),
            1 => json!({ "kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": seeded.pick(&GROUPS[..6]) }),
            _ => json!({
                "kind": "ServiceAccount",
                "name": seeded.pick(&SERVICE_ACCOUNTS),
                "namespace": seeded.pick(&NAMESPACES[..4]),
            }),
        })
        .collect()
}

/// A pod on a node, whose references decide what the node may read.
fn pod(seeded: &mut Seeded, at: usize) -> Value {
    let names = |seeded: &mut Seeded| *seeded.pick(&NAMES[..2]);
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": format!("gen-pod-{at}"), "namespace": seeded.pick(&NAMESPACES[..4]) },
        "spec": {
            "nodeName": seeded.pick(&["node-1", "node-2"]),
            "serviceAccountName": seeded.pick(&SERVICE_ACCOUNTS),
            "imagePullSecrets": [{ "name": names(seeded) }],
            "containers": [{
                "name": "main",
                "image": "example.com/image:1",
                "envFrom": [{ "configMapRef": { "name": names(seeded) } }],
                "env": [{ "name": "X", "valueFrom": { "secretKeyRef": { "name": names(seeded), "key": "k" } } }],
            }],
            "volumes": [
                { "name": "claim", "persistentVolumeClaim": { "claimName": names(seeded) } },
                { "name": "all", "projected": { "sources": [{ "secret": { "name": names(seeded) } }] } },
            ],
        },
    })
}

/// Everything that is loaded beside the example, as manifests.
pub(crate) fn cluster(seeded: &mut Seeded) -> Vec<Value> {
    let rbac = "rbac.authorization.k8s.io/v1";
    let mut objects = Vec::new();
    for namespace in &NAMESPACES[..4] {
        objects.push(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } }));
        for name in SERVICE_ACCOUNTS {
            let metadata = json!({ "name": name, "namespace": namespace });
            objects.push(json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata }));
        }
    }
    for name in ["node-1", "node-2"] {
        objects.push(json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": name } }));
    }
    for name in &ROLE_NAMES[..6] {
        let mut labels = json!({});
        for label in LABELS.iter().filter(|_| seeded.one_in(3)) {
            labels[label] = json!("true");
        }
        let metadata = json!({ "name": name, "labels": labels });
        let rules = rules(seeded, true);
        objects
            .push(json!({ "apiVersion": rbac, "kind": "ClusterRole", "metadata": metadata, "rules": rules }));
    }
    for (name, label) in [("gen-seven", LABELS[0]), ("gen-eight", LABELS[1])] {
        // gen-seven is in turn selected by gen-eight: a chain.
        let labels = if name == "gen-seven" { json!({ LABELS[1]: "true" }) } else { json!({}) };
        objects.push(json!({
            "apiVersion": rbac,
            "kind": "ClusterRole",
            "metadata": { "name": name, "labels": labels },
            "aggregationRule": { "clusterRoleSelectors": [{ "matchLabels": { label: "true" } }] },
            "rules": [],
        }));
    }
    for namespace in NAMESPACES {
        for name in &ROLE_NAMES[..5] {
            let metadata = json!({ "name": name, "namespace": namespace });
            let rules = rules(seeded, false);
            objects.push(json!({ "apiVersion": rbac, "kind": "Role", "metadata": metadata, "rules": rules }));
        }
        for at in 0..8 {
            let (kind, name) = match seeded.below(3) {
                0 => (
                    "ClusterRole",
                    *seeded.pick(&["view", "edit", "admin", "gen-seven", "gen-eight", "system:node"]),
                ),
                1 => ("ClusterRole", *seeded.pick(&ROLE_NAMES)),
                _ => ("Role", *seeded.pick(&ROLE_NAMES)),
            };
            objects.push(json!({
                "apiVersion": rbac,
                "kind": "RoleBinding",
                "metadata": { "name": format!("gen-binding-{at}"), "namespace": namespace },
                "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name },
                "subjects": subjects(seeded),
            }));
        }
    }
    // Whoever tries to grant rights in the second part may at least write roles and bindings, one of them with `bind`.
    let write = |verbs: &[&str], resources: &[&str]| json!({ "verbs": verbs, "apiGroups": ["rbac.authorization.k8s.io"], "resources": resources });
    let writable = ["roles", "clusterroles", "rolebindings", "clusterrolebindings"];
    for (name, rules) in [
        ("gen-writers", vec![write(&["create"], &writable)]),
        ("gen-binders", vec![write(&["bind"], &["clusterroles"]), write(&["escalate"], &["roles"])]),
    ] {
        objects.push(json!({ "apiVersion": rbac, "kind": "ClusterRole", "metadata": { "name": name }, "rules": rules }));
    }
    for (name, group) in [("gen-writers", "rbac-writers"), ("gen-writers", "ops"), ("gen-binders", "ops")] {
        objects.push(json!({
            "apiVersion": rbac,
            "kind": "ClusterRoleBinding",
            "metadata": { "name": format!("{name}-{group}") },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name },
            "subjects": [{ "kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": group }],
        }));
    }
    for at in 0..5 {
        let name =
            *seeded.pick(&["gen-one", "gen-two", "gen-three", "gen-four", "gen-seven", "gen-gone", "view"]);
        objects.push(json!({
            "apiVersion": rbac,
            "kind": "ClusterRoleBinding",
            "metadata": { "name": format!("gen-binding-{at}") },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name },
            "subjects": subjects(seeded),
        }));
    }
    objects.extend((0..12).map(|at| pod(seeded, at)));
    objects
}

/// What the generated questions draw from beside the generated names.
pub(crate) struct Known {
    pub(crate) namespaces: Vec<String>,
    pub(crate) users: Vec<String>,
    pub(crate) groups: Vec<String>,
    /// Rules that somebody holds, with who and where.
    pub(crate) held: Vec<Held>,
}

/// A rule that somebody holds.
pub(crate) struct Held {
    pub(crate) user: String,
    pub(crate) groups: Vec<String>,
    /// Empty for the whole cluster.
    pub(crate) namespace: String,
    pub(crate) rule: PolicyRule,
}

/// A question that a rule was written for, a third of them with one thing changed.
fn aimed(seeded: &mut Seeded, held: &Held) -> Value {
    let Held { user, groups, namespace, rule } = held;
    let concrete = |seeded: &mut Seeded, items: &[Arc<str>], any: &[&str]| match items {
        [] => String::new(),
        items => match &**seeded.pick(items) {
            "*" if !seeded.one_in(8) => (*seeded.pick(any)).to_owned(),
            item => item.to_owned(),
        },
    };
    let mut verb = concrete(seeded, &rule.verbs, &VERBS);
    let changed = if seeded.one_in(3) { 1 + seeded.below(5) } else { 0 };
    if changed == 1 {
        verb = (*seeded.pick(&VERBS)).to_owned();
    }
    let mut spec = json!({ "user": user, "groups": groups });
    if changed == 2 {
        spec["groups"] = json!(strings(seeded.some(&GROUPS[..6], 0, 1)));
        if groups.is_empty() {
            spec["user"] = json!(format!("{user}-not"));
        }
        if spec["groups"] == json!([]) && user.is_empty() {
            spec["user"] = json!("ann");
        }
    }
    if rule.resources.is_empty() {
        let path = concrete(seeded, &rule.non_resource_urls, &PATHS);
        let path = if seeded.one_in(2) { path.replace('*', "x") } else { path };
        spec["nonResourceAttributes"] = json!({ "verb": verb, "path": path });
        return spec;
    }
    let written = concrete(seeded, &rule.resources, &RESOURCES);
    let (resource, subresource) = written.split_once('/').unwrap_or((&written, ""));
    let resource = if resource == "*" && seeded.one_in(2) { "pods" } else { resource };
    let named = !rule.resource_names.is_empty() || seeded.one_in(3);
    let mut attributes = json!({
        "verb": verb,
        "group": concrete(seeded, &rule.api_groups, &API_GROUPS),
        "resource": resource,
        "subresource": subresource,
        "name": if named { concrete(seeded, &rule.resource_names, &NAMES) } else { String::new() },
        "namespace": if namespace.is_empty() && seeded.one_in(2) { *seeded.pick(&NAMESPACES) } else { namespace },
    });
    match changed {
        3 => attributes["name"] = json!(seeded.pick(&NAMES)),
        4 => attributes["namespace"] = json!(seeded.pick(&NAMESPACES)),
        5 => attributes["subresource"] = json!(seeded.pick(&["", "status", "exec"])),
        _ => {}
    }
    spec["resourceAttributes"] = attributes;
    spec
}

/// The `spec` of a SubjectAccessReview.
pub(crate) fn review(seeded: &mut Seeded, known: &Known) -> Value {
    if seeded.one_in(2) && !known.held.is_empty() {
        let at = seeded.below(known.held.len());
        return aimed(seeded, &known.held[at]);
    }
    let mut user = if seeded.one_in(3) && !known.users.is_empty() {
        seeded.pick(&known.users).clone()
    } else {
        (*seeded.pick(&USERS)).to_owned()
    };
    let mut groups = strings(seeded.some(&GROUPS[..7], 0, 2));
    if seeded.one_in(3) && !known.groups.is_empty() {
        groups.push(seeded.pick(&known.groups).clone());
    }
    if seeded.one_in(40) {
        groups.push("system:masters".into());
    }
    // Kubelets carry their group, or the node authorizer would hardly ever be asked.
    if user.starts_with("system:node:") && !seeded.one_in(4) {
        groups.push("system:nodes".into());
    }
    if seeded.one_in(20) {
        user.clear();
        groups.push("devs".into());
    }
    let mut spec = json!({ "user": user, "groups": groups });
    let verb = *seeded.pick(&VERBS);
    if seeded.one_in(6) {
        let path = *seeded.pick(&PATHS);
        let path = if seeded.one_in(3) { format!("{path}/more") } else { path.to_owned() };
        spec["nonResourceAttributes"] = json!({ "verb": verb, "path": path });
        return spec;
    }
    // Half of the questions write the subresource where it belongs, half as a part of the resource.
    let written = *seeded.pick(&RESOURCES);
    let (resource, subresource) = match written.split_once('/') {
        Some((resource, subresource)) if seeded.one_in(2) => (resource, subresource),
        _ => {
            (written, if seeded.one_in(6) { *seeded.pick(&["status", "exec", "token", "proxy"]) } else { "" })
        }
    };
    let namespace = match seeded.below(5) {
        0 => String::new(),
        1 if !known.namespaces.is_empty() => seeded.pick(&known.namespaces).clone(),
        _ => (*seeded.pick(&NAMESPACES)).to_owned(),
    };
    spec["resourceAttributes"] = json!({
        "verb": verb,
        "group": seeded.pick(&API_GROUPS),
        "resource": resource,
        "subresource": subresource,
        "name": if seeded.one_in(2) { *seeded.pick(&NAMES) } else { "" },
        "namespace": namespace,
    });
    spec
}

/// Someone who tries to create an object that grants rights.
pub(crate) fn grant_attempt(seeded: &mut Seeded, at: usize) -> Value {
    let rbac = "rbac.authorization.k8s.io/v1";
    let namespace = *seeded.pick(&NAMESPACES);
    let object = match seeded.below(4) {
        0 => {
            let rules = rules(seeded, true);
            json!({ "apiVersion": rbac, "kind": "ClusterRole", "metadata": { "name": format!("try-{at}") }, "rules": rules })
        }
        1 => {
            let metadata = json!({ "name": format!("try-{at}"), "namespace": namespace });
            let rules = rules(seeded, false);
            json!({ "apiVersion": rbac, "kind": "Role", "metadata": metadata, "rules": rules })
        }
        2 => json!({
            "apiVersion": rbac,
            "kind": "RoleBinding",
            "metadata": { "name": format!("try-{at}"), "namespace": namespace },
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": seeded.pick(&["Role", "ClusterRole"]),
                "name": seeded.pick(&ROLE_NAMES),
            },
            "subjects": subjects(seeded),
        }),
        _ => json!({
            "apiVersion": rbac,
            "kind": "ClusterRoleBinding",
            "metadata": { "name": format!("try-{at}") },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": seeded.pick(&ROLE_NAMES) },
            "subjects": subjects(seeded),
        }),
    };
    json!({ "user": seeded.pick(&USERS[..5]), "groups": strings(seeded.some(&["devs", "ops", "rbac-writers"], 1, 2)), "object": object })
}
