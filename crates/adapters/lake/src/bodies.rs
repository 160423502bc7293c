//! What of requests' bodies is kept.
//!
//! Bodies hold whatever their authors put into them: Secrets, tokens, passwords in variables. So nothing of a body is kept but
//! members that are named here, below members that are named here, of resources that are named here; what is dropped never gets
//! into a row.

use serde_json::{Map, Value};

use crate::limits::{MAX_BODY, MAX_UNMAPPED};

/// Resources of whose bodies something is kept: who may do what, what runs how, and what was asked.
const RESOURCES: [&str; 24] = [
    "certificatesigningrequests",
    "clusterrolebindings",
    "clusterroles",
    "cronjobs",
    "daemonsets",
    "deployments",
    "ingresses",
    "jobs",
    "localsubjectaccessreviews",
    "mutatingwebhookconfigurations",
    "networkpolicies",
    "persistentvolumes",
    "pods",
    "replicasets",
    "replicationcontrollers",
    "rolebindings",
    "roles",
    "selfsubjectaccessreviews",
    "selfsubjectrulesreviews",
    "serviceaccounts",
    "services",
    "statefulsets",
    "subjectaccessreviews",
    "validatingwebhookconfigurations",
];

/// Members that are kept, and looked into. No map whose names are data is among them: labels, annotations, `data`.
const MEMBERS: [&str; 79] = [
    "add",
    "allowPrivilegeEscalation",
    "allowed",
    "apiGroup",
    "apiGroups",
    "audiences",
    "boundObjectRef",
    "capabilities",
    "clientConfig",
    "containers",
    "csr",
    "denied",
    "drop",
    "ephemeralContainers",
    "expirationSeconds",
    "externalIPs",
    "externalName",
    "failurePolicy",
    "generateName",
    "group",
    "groups",
    "host",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostPath",
    "hostPort",
    "image",
    "initContainers",
    "jobTemplate",
    "kind",
    "metadata",
    "mountPath",
    "name",
    "namespace",
    "nodeName",
    "nodePort",
    "nonResourceAttributes",
    "nonResourceURLs",
    "op",
    "path",
    "port",
    "ports",
    "privileged",
    "procMount",
    "protocol",
    "readOnly",
    "replicas",
    "resource",
    "resourceAttributes",
    "resourceNames",
    "resources",
    "roleRef",
    "rules",
    "runAsGroup",
    "runAsNonRoot",
    "runAsUser",
    "schedule",
    "securityContext",
    "service",
    "serviceAccount",
    "serviceAccountName",
    "signerName",
    "spec",
    "status",
    "subject",
    "subjects",
    "subresource",
    "template",
    "type",
    "uid",
    "url",
    "usages",
    "user",
    "verb",
    "verbs",
    "volumeMounts",
    "volumes",
    "webhooks",
];

/// Deepest that is looked into: a CronJob's containers' ports are at ten.
const MAX_DEPTH: usize = 16;

/// What is kept of a body of this resource; `None` if that is nothing.
pub(crate) fn kept(resource: &str, json: &str) -> Option<Value> {
    if json.len() > MAX_BODY || RESOURCES.binary_search(&resource).is_err() {
        return None;
    }
    pick(serde_json::from_str(json).ok()?, &MEMBERS, MAX_DEPTH).filter(fits)
}

/// What is kept of JSON: members of these names, in members of these names.
pub(crate) fn pick(value: Value, members: &[&str], depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    match value {
        Value::Object(all) => {
            let all: Map<String, Value> = all
                .into_iter()
                .filter(|(name, _)| members.binary_search(&name.as_str()).is_ok())
                .filter_map(|(name, value)| Some((name, pick(value, members, depth)?)))
                .collect();
            (!all.is_empty()).then_some(Value::Object(all))
        }
        Value::Array(items) => {
            let items: Vec<Value> = items.into_iter().filter_map(|item| pick(item, members, depth)).collect();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        Value::Null => None,
        other => Some(other),
    }
}

/// Whether it is short enough to be kept.
pub(crate) fn fits(value: &Value) -> bool {
    value.to_string().len() <= MAX_UNMAPPED
}

/// Names of parameters in URLs whose values let somebody in.
const SECRET_PARAMETERS: [&str; 12] = [
    "access_token",
    "api_key",
    "apikey",
    "authorization",
    "client_secret",
    "code",
    "id_token",
    "password",
    "secret",
    "signature",
    "token",
    "x-amz-signature",
];

/// A URL's query without what lets somebody in. Of what is passed on to a proxied service no value is kept: what its names mean is
/// its own matter.
pub(crate) fn query(query: &str, is_proxied: bool) -> String {
    let part = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let lower = name.to_ascii_lowercase();
        let is_secret = is_proxied
            || SECRET_PARAMETERS.iter().any(|secret| lower == *secret)
            || lower.contains("token")
            || lower.contains("secret")
            || lower.contains("password");
        if is_secret && !value.is_empty() { format!("{name}=…") } else { part.to_owned() }
    };
    query.split('&').map(part).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_sorted() {
        assert!(RESOURCES.is_sorted() && MEMBERS.is_sorted());
    }

    #[test]
    fn of_a_pod_its_variables_and_labels_are_dropped() {
        let pod = json!({
            "metadata": {"name": "a", "labels": {"name": "planted"}, "annotations": {"image": "planted"}},
            "spec": {"hostPID": true, "containers": [{"name": "c", "image": "i", "command": ["planted"],
                "env": [{"name": "P", "value": "planted"}], "securityContext": {"privileged": true}}]},
        });
        let expected = json!({
            "metadata": {"name": "a"},
            "spec": {"hostPID": true,
                "containers": [{"name": "c", "image": "i", "securityContext": {"privileged": true}}]},
        });
        assert_eq!(kept("pods", &pod.to_string()), Some(expected));
        assert_eq!(kept("secrets", &pod.to_string()), None);
    }

    #[test]
    fn of_a_patch_values_are_dropped() {
        let patch = json!([{"op": "add", "path": "/spec/containers/0/env/0", "value": "planted"}]);
        assert_eq!(
            kept("pods", &patch.to_string()),
            Some(json!([{"op": "add", "path": "/spec/containers/0/env/0"}]))
        );
    }

    #[test]
    fn of_a_query_tokens_are_dropped() {
        assert_eq!(query("a=1&access_TOKEN=x&b", false), "a=1&access_TOKEN=…&b");
        assert_eq!(query("a=1", true), "a=…");
        assert_eq!(query("", false), "");
    }
}
