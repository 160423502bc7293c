use crate::snapshot::Asked;

fn binding(name: &str, role: &str, subject: &str) -> String {
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: '{name}'}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: '{role}'}}
subjects: [{subject}]
---
"
    )
}

/// Checks that fail on manifests beside Kubernetes' own defaults.
fn failed(manifests: &str) -> Vec<String> {
    let said = Asked::about(&[("kubernetes/a.yaml", manifests)]).run("assess", "--output json");
    let report = said.json();
    let results = report["results"].as_array().unwrap().iter().filter(|result| result["result"] == "fail");
    results.map(|result| result["check"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn kubernetes_own_grants_are_no_findings() {
    assert_eq!(failed("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"), Vec::<String>::new());
}

/// A name that begins with `system:` hides nothing.
#[test]
fn a_grant_added_to_a_part_of_kubernetes_is_found() {
    let group = |name: &str| format!("{{kind: Group, name: '{name}', apiGroup: rbac.authorization.k8s.io}}");
    assert_eq!(failed(&binding("nodes", "cluster-admin", &group("system:nodes"))), ["rbac-wildcard"]);
    let user = "{kind: User, name: 'system:kube-proxy', apiGroup: rbac.authorization.k8s.io}";
    assert_eq!(failed(&binding("system:node-proxier", "cluster-admin", user)), ["rbac-wildcard"]);

    let account = "{kind: ServiceAccount, name: quiet, namespace: kube-system}";
    let role = "apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: 'system:controller:quiet'}
rules: [{apiGroups: [''], resources: [nodes/proxy], verbs: [get]}]
---
";
    let manifests =
        format!("{role}{}", binding("system:controller:quiet", "system:controller:quiet", account));
    assert_eq!(failed(&manifests), ["rbac-nodes-proxy"]);
}
