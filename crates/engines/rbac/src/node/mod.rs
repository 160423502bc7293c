//! The node authorizer: what a kubelet may do, by what runs on its node.
//!
//! Source: `plugin/pkg/auth/authorizer/node/node_authorizer.go`, Kubernetes v1.37.2, with the feature gates at their
//! defaults in the cluster's version.

mod graph;
mod rules;

use ringwall_model::{Cluster, Decision, Proof, Reason, Ring, Source, User, Verdict};

use crate::{Question, Target};
use graph::{Graph, Kind, Tie};

/// Prefix of a node's user name.
const USER_PREFIX: &str = "system:node:";
/// The group without which that name means nothing.
const GROUP: &str = "system:nodes";
/// Namespace of the nodes' heartbeats.
const LEASES: &str = "kube-node-lease";
/// What the proof is called.
const NAME: &str = "node authorizer";

/// Decides for nodes.
#[derive(Debug)]
pub(crate) struct NodeAuthorizer<'c> {
    cluster: &'c Cluster,
    version: u32,
    graph: Graph<'c>,
}

/// The node authorizer's opinion.
enum Opinion<'c> {
    No,
    /// Every node may.
    Any,
    /// This node may, because it is about itself.
    Own,
    /// This node may, because of what is bound to it.
    Tied(Tie<'c>),
    /// Objects of this kind decide, and the snapshot has none.
    Missing(&'static str),
}

/// A resource request's parts.
#[derive(Clone, Copy)]
struct Request<'q> {
    node: &'q str,
    verb: &'q str,
    group: &'q str,
    resource: &'q str,
    subresource: &'q str,
    name: &'q str,
    namespace: &'q str,
    selected: Option<&'q str>,
}

impl<'c> NodeAuthorizer<'c> {
    /// For a cluster, by what runs where.
    pub(crate) fn new(cluster: &'c Cluster) -> Self {
        // The newest if nobody says.
        let version = cluster.info.minor_version().unwrap_or(u32::MAX);
        Self { cluster, version, graph: Graph::new(cluster) }
    }

    /// `None` if the user is no node. `selected` is the node that a field selector `spec.nodeName` names.
    pub(crate) fn authorize(&self, question: &Question<'_>, selected: Option<&str>) -> Option<Decision> {
        let node = node_name(question.user)?;
        let Target::Resource { group, resource, subresource, name, namespace } = question.target else {
            return Some(Decision::denied());
        };
        let verb = question.verb;
        let request = Request { node, verb, group, resource, subresource, name, namespace, selected };
        Some(match self.opinion(&request) {
            Opinion::No => Decision::denied(),
            Opinion::Any => Decision::allowed(vec![built_in("every node may do this")]),
            Opinion::Own => Decision::allowed(vec![built_in("a node may do this with its own objects")]),
            Opinion::Tied(tie) => Decision::allowed(vec![
                built_in("a node may do this with what belongs to its own pods and devices"),
                Reason {
                    ring: Ring::Authorization,
                    proof: Proof::Object(tie.object.clone()),
                    rule: None,
                    statement: None,
                    source: tie.source.clone(),
                    text: format!("belongs to node {}", tie.node).into(),
                },
            ]),
            Opinion::Missing(kind) => Decision {
                verdict: Verdict::Unknown,
                reasons: Vec::new(),
                not_evaluated: vec![format!(
                    "the node authorizer decides by the cluster's {kind}, of which the snapshot has none"
                )],
            },
        })
    }

    fn opinion(&self, request: &Request<'_>) -> Opinion<'c> {
        let Request { node, verb, group, resource, subresource, name, namespace, selected } = *request;
        let of_node = |allowed: bool| if allowed { Opinion::Any } else { Opinion::No };
        let own = |verbs: &[&str]| match verb {
            // The name is not known yet; NodeRestriction looks at it.
            "create" => Opinion::Any,
            _ if verbs.contains(&verb) && name == node => Opinion::Own,
            _ => Opinion::No,
        };
        let get = |kind| {
            if verb == "get" && subresource.is_empty() { self.tied(request, kind) } else { Opinion::No }
        };
        let read = |kind| {
            let reads =
                ["get", "list", "watch"].contains(&verb) && subresource.is_empty() && !namespace.is_empty();
            if reads { self.tied(request, kind) } else { Opinion::No }
        };
        match (group, resource) {
            ("", "secrets") => read(Kind::Secret),
            ("", "configmaps") => read(Kind::ConfigMap),
            ("", "persistentvolumeclaims") if subresource == "status" => {
                if ["update", "patch"].contains(&verb) {
                    self.tied(request, Kind::Claim)
                } else {
                    Opinion::No
                }
            }
            ("", "persistentvolumeclaims") => get(Kind::Claim),
            ("", "persistentvolumes") => get(Kind::Volume),
            ("resource.k8s.io", "resourceclaims") => get(Kind::ResourceClaim),
            ("storage.k8s.io", "volumeattachments") => get(Kind::VolumeAttachment),
            ("", "serviceaccounts") => match (verb, subresource) {
                ("get", "") if self.version >= rules::RESOURCES => read(Kind::ServiceAccount),
                ("create", "token") => self.tied(request, Kind::ServiceAccount),
                _ => Opinion::No,
            },
            // The authorizer does not look at a lease's subresource.
            ("coordination.k8s.io", "leases") if namespace == LEASES => {
                own(&["get", "update", "patch", "delete"])
            }
            ("coordination.k8s.io", "leases") => Opinion::No,
            ("storage.k8s.io", "csinodes") if subresource.is_empty() => {
                own(&["get", "update", "patch", "delete"])
            }
            ("storage.k8s.io", "csinodes") => Opinion::No,
            ("resource.k8s.io", "resourceslices") if subresource.is_empty() => match verb {
                "create" => Opinion::Any,
                "get" | "update" | "patch" | "delete" => self.tied(request, Kind::ResourceSlice),
                "list" | "watch" | "deletecollection" => of_node(selected == Some(node)),
                _ => Opinion::No,
            },
            ("resource.k8s.io", "resourceslices") => Opinion::No,
            ("", "nodes") => match (subresource, verb) {
                ("", "create" | "update" | "patch") | ("status", "update" | "patch") => Opinion::Any,
                ("", "get" | "list" | "watch") if name == node => Opinion::Own,
                _ => Opinion::No,
            },
            ("", "pods") => match (subresource, verb) {
                ("", "get") => self.tied(request, Kind::Pod),
                ("", "list" | "watch") if selected == Some(node) => Opinion::Own,
                ("", "list" | "watch") => self.tied(request, Kind::Pod),
                ("", "create" | "delete") | ("status", "update" | "patch") | ("eviction", "create") => {
                    Opinion::Any
                }
                _ => Opinion::No,
            },
            ("certificates.k8s.io", "podcertificaterequests") => match (subresource, verb) {
                _ if self.version < rules::CERTIFICATES => Opinion::No,
                ("", "create") => Opinion::Any,
                ("", "get") => self.tied(request, Kind::PodCertificateRequest),
                ("", "list" | "watch") => of_node(selected == Some(node)),
                _ => Opinion::No,
            },
            _ => of_node(subresource.is_empty() && rules::allow(self.version, verb, group, resource)),
        }
    }

    fn tied(&self, request: &Request<'_>, kind: Kind) -> Opinion<'c> {
        if request.name.is_empty() {
            return Opinion::No;
        }
        let graph = &self.graph;
        if let Some(tie) = graph.find(request.node, kind, request.namespace, request.name) {
            return Opinion::Tied(tie);
        }
        let volumes = !graph.has_seen(Kind::Volume) && graph.uses_claims(request.node);
        match kind {
            Kind::Volume | Kind::Secret if volumes => Opinion::Missing("PersistentVolumes"),
            Kind::VolumeAttachment if !graph.has_seen(kind) => Opinion::Missing("VolumeAttachments"),
            Kind::ResourceSlice if !graph.has_seen(kind) => Opinion::Missing("ResourceSlices"),
            Kind::PodCertificateRequest if !graph.has_seen(kind) => {
                Opinion::Missing("PodCertificateRequests")
            }
            _ => Opinion::No,
        }
    }

    /// The nodes that the snapshot knows of, by themselves or by pods that are bound to them.
    pub(crate) fn names(&self) -> Vec<&'c str> {
        let own = self.cluster.nodes.iter().map(|node| &*node.name);
        let bound = self.cluster.pods.iter().filter_map(|pod| pod.node_name.as_deref());
        let mut names: Vec<&'c str> = own.chain(bound).filter(|name| !name.is_empty()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Namespaces in which the answer for a target can be another than without one.
    pub(crate) fn namespaces(&self, target: &Target<'_>) -> Vec<&'c str> {
        let Target::Resource { group, resource, name, .. } = *target else { return Vec::new() };
        let kind = match (group, resource) {
            ("coordination.k8s.io", "leases") => return vec![LEASES],
            ("", "secrets") => Kind::Secret,
            ("", "configmaps") => Kind::ConfigMap,
            ("", "persistentvolumeclaims") => Kind::Claim,
            ("", "serviceaccounts") => Kind::ServiceAccount,
            ("", "pods") => Kind::Pod,
            ("resource.k8s.io", "resourceclaims") => Kind::ResourceClaim,
            ("certificates.k8s.io", "podcertificaterequests") => Kind::PodCertificateRequest,
            _ => return Vec::new(),
        };
        self.graph.namespaces(kind, name)
    }
}

fn built_in(text: &str) -> Reason {
    Reason {
        ring: Ring::Authorization,
        proof: Proof::BuiltIn(NAME),
        rule: None,
        statement: None,
        source: Source::built_in(),
        text: text.into(),
    }
}

/// The node that a user is, `None` for one that can't be told or for anyone else.
fn node_name(user: &User) -> Option<&str> {
    let name = user.name.strip_prefix(USER_PREFIX).filter(|name| !name.is_empty())?;
    user.groups.iter().any(|group| group == GROUP).then_some(name)
}

/// The user of a node, with the groups that its certificate gives it.
pub(crate) fn user_of(node: &str) -> User {
    User::authenticated(&format!("{USER_PREFIX}{node}"), [GROUP])
}
