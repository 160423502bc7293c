use serde::Deserialize;

use crate::{Cluster, Kind, KubeError};

/// The form of discovery that has all groups in one answer. Source: Kubernetes, *API concepts*, aggregated discovery,
/// stable since 1.30.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// A resource that the apiserver serves, in the version that it prefers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceKind {
    /// Its group, version and name in paths.
    pub resource: Kind,
    /// Its objects' `kind`.
    pub kind: String,
    /// Whether its objects lie in namespaces.
    pub namespaced: bool,
    /// What may be done with it.
    pub verbs: Vec<String>,
}

impl ResourceKind {
    /// Whether the apiserver has the verb for it.
    pub fn can(&self, verb: &str) -> bool {
        self.verbs.iter().any(|known| known == verb)
    }
}

#[derive(Deserialize)]
struct List {
    kind: String,
    #[serde(default)]
    items: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Version {
    version: String,
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    resource: String,
    #[serde(default)]
    response_kind: ResponseKind,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    verbs: Vec<String>,
}

#[derive(Default, Deserialize)]
struct ResponseKind {
    #[serde(default)]
    kind: String,
}

impl Cluster {
    /// Every resource that is served, core first, each once in the version that the apiserver prefers among those that
    /// have it. Two requests. Kubernetes 1.30 or later.
    pub async fn list_resources(&self) -> Result<Vec<ResourceKind>, KubeError> {
        let mut resources: Vec<ResourceKind> = Vec::new();
        for path in ["/api", "/apis"] {
            let list: List = self.get_json(path, AGGREGATED).await?;
            if list.kind != "APIGroupDiscoveryList" {
                return Err(KubeError::Malformed {
                    request: format!("GET {path}"),
                    message: format!("it is a `{}`: aggregated discovery needs Kubernetes 1.30", list.kind),
                });
            }
            for group in list.items {
                add(&mut resources, group);
            }
        }
        Ok(resources)
    }
}

/// Adds a group's resources; its versions come in the order of preference.
fn add(resources: &mut Vec<ResourceKind>, group: Group) {
    let begin = resources.len();
    for version in group.versions {
        for resource in version.resources {
            let known = resources.iter().skip(begin).any(|known| known.resource.plural == resource.resource);
            if !known {
                resources.push(ResourceKind {
                    resource: Kind::new(&group.metadata.name, &version.version, &resource.resource),
                    kind: resource.response_kind.kind,
                    namespaced: resource.scope == "Namespaced",
                    verbs: resource.verbs,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_resource_is_there_once_in_the_preferred_version() {
        let text = r#"{"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":"autoscaling"},"versions":[
            {"version":"v2","resources":[{"resource":"hpas","responseKind":{"kind":"HPA"},"scope":"Namespaced","verbs":["get","update"]}]},
            {"version":"v1","resources":[{"resource":"hpas","responseKind":{"kind":"HPA"},"scope":"Namespaced","verbs":["get"]},
                                         {"resource":"old","scope":"Cluster"}]}]}]}"#;
        let list: List = serde_json::from_str(text).unwrap();
        let mut resources = Vec::new();
        list.items.into_iter().for_each(|group| add(&mut resources, group));
        let names: Vec<_> = resources.iter().map(|known| known.resource.clone()).collect();
        assert_eq!(names, [Kind::new("autoscaling", "v2", "hpas"), Kind::new("autoscaling", "v1", "old")]);
        assert!(resources[0].can("update") && !resources[1].can("update"));
        assert!(resources[0].namespaced && !resources[1].namespaced);
    }
}
