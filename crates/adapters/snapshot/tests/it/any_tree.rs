//! Objects that say anything at all: reading them never panics, loses no policy, and what is unreadable is told.

use std::sync::Arc;

use proptest::prelude::*;
use ringwall_model::network::{NetworkPolicy, NetworkRule, Peer, PortMatch};
use ringwall_model::{Entry, Level, Number, Object, ObjectRef, Source, Tree, Value};

/// Keys that mean something in the kinds below, so that what is made comes deep.
const KEYS: [&str; 48] = [
    "spec",
    "metadata",
    "status",
    "podSelector",
    "namespaceSelector",
    "matchLabels",
    "matchExpressions",
    "key",
    "operator",
    "values",
    "policyTypes",
    "ingress",
    "egress",
    "from",
    "to",
    "ports",
    "port",
    "endPort",
    "protocol",
    "ipBlock",
    "cidr",
    "except",
    "tier",
    "priority",
    "subject",
    "namespaces",
    "pods",
    "nodes",
    "networks",
    "domainNames",
    "action",
    "protocols",
    "tcp",
    "destinationPort",
    "number",
    "range",
    "start",
    "end",
    "destinationNamedPort",
    "portNumber",
    "portRange",
    "namedPort",
    "containers",
    "containerPort",
    "podIPs",
    "ip",
    "securityGroups",
    "groupIds",
];

const TEXTS: [&str; 18] = [
    "",
    "Ingress",
    "Egress",
    "TCP",
    "UDP",
    "SCTP",
    "tcp",
    "In",
    "Exists",
    "10.0.0.0/8",
    "10.1.0.0/16",
    "010.0.0.1/08",
    "::ffff:1.2.3.4/120",
    "fd00::/64",
    "10.0.0.1",
    "http",
    "Deny",
    "Admin",
];

const KINDS: [(&str, &str); 12] = [
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy"),
    ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy"),
    ("policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy"),
    ("v1", "Service"),
    ("v1", "Endpoints"),
    ("v1", "Pod"),
    ("v1", "Node"),
    ("discovery.k8s.io/v1", "EndpointSlice"),
    ("networking.k8s.io/v1", "Ingress"),
    ("vpcresources.k8s.aws/v1beta1", "SecurityGroupPolicy"),
    ("apps/v1", "DaemonSet"),
];

fn tree() -> impl Strategy<Value = Tree> {
    let number = prop_oneof![(-2_i64..3), Just(80), Just(65_535), Just(65_536), any::<i64>()];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number.prop_map(|number| {
            let float = f64::from(i32::try_from(number).unwrap_or(i32::MAX));
            Value::Number(Box::new(Number {
                written: number.to_string().into(),
                integer: Some(number),
                float,
            }))
        }),
        prop::sample::select(TEXTS.as_slice()).prop_map(|text| Value::String(text.into())),
        "[a-z0-9.:/*-]{0,12}".prop_map(|text| Value::String(text.into())),
    ];
    let tree = leaf.prop_map(|value| Tree::new(1, value));
    tree.prop_recursive(6, 60, 5, |inner| {
        let entry = (prop::sample::select(KEYS.as_slice()), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|items| Value::Sequence(items.into())),
            prop::collection::vec(entry, 0..5).prop_map(|entries| {
                let mut entries: Vec<_> = entries
                    .into_iter()
                    .map(|(key, value)| Entry { key: key.into(), line: 1, value })
                    .collect();
                entries.sort_by(|one, other| one.key.cmp(&other.key));
                entries.dedup_by(|one, other| one.key == other.key);
                Value::Mapping(entries.into())
            }),
        ]
        .prop_map(|value| Tree::new(1, value))
    })
}

/// Where objects of these kinds say what they are about.
const PARTS: [&str; 5] = ["spec", "status", "subsets", "endpoints", "ports"];

fn object() -> impl Strategy<Value = Object> {
    let part = (prop::sample::select(PARTS.as_slice()), tree());
    (prop::sample::select(KINDS.as_slice()), prop::collection::vec(part, 0..4)).prop_map(
        |((api_version, kind), parts)| {
            let mut entries: Vec<_> =
                parts.into_iter().map(|(key, value)| Entry { key: key.into(), line: 1, value }).collect();
            entries.dedup_by(|one, other| one.key == other.key);
            let name: Arc<str> = "default".into();
            Object {
                reference: ObjectRef {
                    api_version: api_version.into(),
                    kind: kind.into(),
                    namespace: None,
                    name,
                },
                source: Source::new("any.yaml", 1),
                tree: Tree::new(1, Value::Mapping(entries.into())),
            }
        },
    )
}

/// Whether anything of a policy could not be read.
fn has_unreadable(policy: &NetworkPolicy) -> bool {
    let of_rule = |rule: &NetworkRule| {
        rule.peers.iter().flatten().any(|peer| matches!(peer, Peer::Unreadable(_)))
            || rule.ports.iter().flatten().any(|port| matches!(port, PortMatch::Unreadable(_)))
    };
    let rules = policy.ingress.iter().chain(&policy.egress).flatten();
    !policy.unreadable.is_empty() || rules.into_iter().any(of_rule)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn any_object_is_read_and_what_is_unreadable_is_told(object in object()) {
        let is_policy = object.reference.kind.ends_with("NetworkPolicy");
        let is_group_policy = &*object.reference.kind == "SecurityGroupPolicy";
        let snapshot = ringwall_snapshot::cluster_of(vec![object]);
        let network = &snapshot.cluster.network;
        prop_assert_eq!(network.policies.len(), usize::from(is_policy));
        prop_assert_eq!(network.security_group_policies.len(), usize::from(is_group_policy));
        let is_refused = snapshot.problems.iter().any(|problem| problem.level == Level::Error);
        if let Some(policy) = network.policies.first() {
            prop_assert_eq!(has_unreadable(policy), is_refused, "{:#?} {:#?}", policy, snapshot.problems);
        }
        if let Some(policy) = network.security_group_policies.first() {
            prop_assert_eq!(!policy.unreadable.is_empty(), is_refused);
        }
        for pod in &snapshot.cluster.pods {
            prop_assert_eq!(!pod.network.unreadable.is_empty(), is_refused, "{:#?}", pod);
        }
    }
}
