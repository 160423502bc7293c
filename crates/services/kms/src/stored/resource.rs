use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Groups whose resources lie in etcd without their group. Custom resources, CustomResourceDefinitions and APIServices
/// have it in their keys. Source: k8s.io/apiserver, server/storage, `DefaultStorageFactory.ResourcePrefix`, and the
/// groups of k8s.io/api.
const BUILT_IN: &[&str] = &[
    "admissionregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
];

/// Resources that lie elsewhere than under their name. Source: k8s.io/kubernetes, pkg/kubeapiserver,
/// `SpecialDefaultResourcePrefixes`.
const ELSEWHERE: &[(&str, &str)] = &[
    ("endpoints", "services/endpoints"),
    ("ingresses", "ingress"),
    ("nodes", "minions"),
    ("replicationcontrollers", "controllers"),
    ("services", "services/specs"),
];

/// What kube-apiserver keeps for itself, beside the API, and never seals whatever its configuration says: leases of its own
/// address, and the ranges that cluster IPs and node ports are given from. Source: k8s.io/kubernetes, pkg/controlplane
/// (reconcilers) and pkg/registry/core/rangeallocation, whose storages have no transformer; seen with `resources: ["*.*"]`.
const BOOKKEEPING: &[&str] = &["masterleases", "peerserverleases", "ranges"];

/// A resource as it lies in etcd: `secrets`, or `widgets.example.org`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Resource {
    name: String,
    /// None for what Kubernetes builds in.
    group: Option<String>,
}

/// A text that names no resource.
#[derive(Debug, Error)]
#[error("`{0}` is no resource (hint: as `secrets`, `deployments.apps` or `widgets.example.org`)")]
pub struct ResourceError(String);

impl Resource {
    /// What Kubernetes builds in, by its name in paths.
    pub(super) fn built_in(name: &str) -> Self {
        let name = ELSEWHERE.iter().find(|(_, at)| *at == name).map_or(name, |(known, _)| known);
        Self { name: name.to_owned(), group: None }
    }

    /// What has its group in its key.
    pub(super) fn of_group(group: &str, name: &str) -> Self {
        Self { name: name.to_owned(), group: Some(group.to_owned()) }
    }

    /// What begins the keys of all its objects.
    pub fn prefix(&self, registry: &str) -> String {
        match &self.group {
            Some(group) => format!("{registry}/{group}/{}/", self.name),
            None => {
                let at = ELSEWHERE
                    .iter()
                    .find(|(known, _)| *known == self.name)
                    .map_or(self.name.as_str(), |(_, at)| at);
                format!("{registry}/{at}/")
            }
        }
    }

    /// Whether it is kube-apiserver's own bookkeeping, which no configuration seals.
    pub fn is_bookkeeping(&self) -> bool {
        self.group.is_none() && BOOKKEEPING.contains(&self.name.as_str())
    }

    /// Whether a resource of the API, by its group and its name in paths, is this one.
    pub fn is_served_as(&self, group: &str, plural: &str) -> bool {
        self.name == plural
            && match &self.group {
                Some(own) => own == group,
                None => group.is_empty() || BUILT_IN.contains(&group),
            }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(group) = &self.group {
            write!(f, ".{group}")?;
        }
        Ok(())
    }
}

impl FromStr for Resource {
    type Err = ResourceError;

    fn from_str(text: &str) -> Result<Self, ResourceError> {
        let (name, group) = text.split_once('.').map_or((text, None), |(name, group)| (name, Some(group)));
        let fine = |part: &str| {
            !part.is_empty()
                && part.len() <= 253
                && part.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'))
        };
        match group {
            _ if !fine(name) => Err(ResourceError(text.to_owned())),
            None => Ok(Self { name: name.to_owned(), group: None }),
            Some(group) if BUILT_IN.contains(&group) => Ok(Self { name: name.to_owned(), group: None }),
            Some(group) if fine(group) && group.contains('.') => Ok(Self::of_group(group, name)),
            Some(_) => Err(ResourceError(text.to_owned())),
        }
    }
}
