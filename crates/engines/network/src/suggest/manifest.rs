use std::collections::BTreeMap;
use std::sync::Arc;

use ringwall_model::LabelSelector;
use ringwall_model::network::{NamespaceScope, NetworkPolicy, NetworkRule, Peer, PortMatch};
use serde::Serialize;

/// A NetworkPolicy in the form that `kubectl apply` takes, once it is written as YAML or JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    api_version: Arc<str>,
    kind: Arc<str>,
    metadata: Metadata,
    spec: Spec,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Metadata {
    name: Arc<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<Arc<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    pod_selector: Selector,
    policy_types: [&'static str; 2],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ingress: Vec<IngressRule>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    egress: Vec<EgressRule>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Selector {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    match_labels: BTreeMap<Arc<str>, Arc<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct IngressRule {
    from: Vec<ManifestPeer>,
    ports: Vec<ManifestPort>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct EgressRule {
    to: Vec<ManifestPeer>,
    ports: Vec<ManifestPort>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", untagged)]
enum ManifestPeer {
    Pods {
        #[serde(rename = "namespaceSelector", skip_serializing_if = "Option::is_none")]
        namespace_selector: Option<Selector>,
        #[serde(rename = "podSelector")]
        pod_selector: Selector,
    },
    Block {
        #[serde(rename = "ipBlock")]
        ip_block: Cidr,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Cidr {
    cidr: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ManifestPort {
    protocol: &'static str,
    port: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_port: Option<u16>,
}

impl Manifest {
    /// The policy's name.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// Of a policy as suggestions have them: selectors by equal labels, blocks without exceptions, ports as numbers.
    pub(super) fn new(policy: &NetworkPolicy) -> Self {
        let rules = |rules: &Option<Vec<NetworkRule>>| rules.iter().flatten().map(rule).collect::<Vec<_>>();
        let ingress = rules(&policy.ingress).into_iter().map(|(from, ports)| IngressRule { from, ports });
        let egress = rules(&policy.egress).into_iter().map(|(to, ports)| EgressRule { to, ports });
        Self {
            api_version: Arc::clone(&policy.reference.api_version),
            kind: Arc::clone(&policy.reference.kind),
            metadata: Metadata {
                name: Arc::clone(&policy.reference.name),
                namespace: policy.reference.namespace.clone(),
            },
            spec: Spec {
                pod_selector: policy.subject.pods.as_ref().map(selector).unwrap_or_default(),
                policy_types: ["Ingress", "Egress"],
                ingress: ingress.collect(),
                egress: egress.collect(),
            },
        }
    }
}

fn selector(selector: &LabelSelector) -> Selector {
    let one = |requirement: &ringwall_model::LabelRequirement| {
        Some((Arc::clone(&requirement.key), Arc::clone(requirement.values.first()?)))
    };
    Selector { match_labels: selector.requirements.iter().filter_map(one).collect() }
}

fn rule(rule: &NetworkRule) -> (Vec<ManifestPeer>, Vec<ManifestPort>) {
    let peer = |peer: &Peer| match peer {
        Peer::Pods(scope) => Some(ManifestPeer::Pods {
            namespace_selector: match &scope.namespaces {
                NamespaceScope::Named(_) => None,
                NamespaceScope::Selected(namespaces) => Some(selector(namespaces)),
            },
            pod_selector: scope.pods.as_ref().map(selector).unwrap_or_default(),
        }),
        Peer::Block { cidr, .. } => Some(ManifestPeer::Block { ip_block: Cidr { cidr: cidr.to_string() } }),
        Peer::Nodes(_) | Peer::DomainName(_) | Peer::Unreadable(_) => None,
    };
    let port = |port: &PortMatch| match port {
        PortMatch::Range { protocol, first, last } => Some(ManifestPort {
            protocol: protocol.name(),
            port: *first,
            end_port: (first != last).then_some(*last),
        }),
        PortMatch::Protocol(_) | PortMatch::Named { .. } | PortMatch::Unreadable(_) => None,
    };
    let peers = rule.peers.iter().flatten().filter_map(peer).collect();
    (peers, rule.ports.iter().flatten().filter_map(port).collect())
}
