/// The version from which a feature is on by default, as the minor of `1.minor`.
type Since = u32;

const ALWAYS: Since = 0;
/// `ClusterTrustBundle` and `PodCertificateRequest`, on by default since 1.37.
pub(super) const CERTIFICATES: Since = 37;
/// `DynamicResourceAllocation` and `KubeletServiceAccountTokenForCredentialProviders`, on by default since 1.34.
pub(super) const RESOURCES: Since = 34;

struct Static {
    since: Since,
    verbs: &'static [&'static str],
    groups: &'static [&'static str],
    resource: &'static str,
}

const fn of(
    verbs: &'static [&'static str],
    groups: &'static [&'static str],
    resource: &'static str,
) -> Static {
    Static { since: ALWAYS, verbs, groups, resource }
}

const READ: &[&str] = &["get", "list", "watch"];

/// What every node may do, for resources that the authorizer doesn't tell apart by node.
///
/// Source: `NodeRules`, `plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go`, Kubernetes v1.37.2, without the
/// rules for resources that `super::NodeAuthorizer` decides itself.
static RULES: &[Static] = &[
    of(&["create"], &["authentication.k8s.io"], "tokenreviews"),
    of(&["create"], &["authorization.k8s.io"], "subjectaccessreviews"),
    of(&["create"], &["authorization.k8s.io"], "localsubjectaccessreviews"),
    of(READ, &[""], "services"),
    of(&["create", "update", "patch"], &["", "events.k8s.io"], "events"),
    of(&["get"], &[""], "endpoints"),
    of(&["create", "get", "list", "watch"], &["certificates.k8s.io"], "certificatesigningrequests"),
    of(READ, &["storage.k8s.io"], "csidrivers"),
    of(READ, &["node.k8s.io"], "runtimeclasses"),
    Static {
        since: CERTIFICATES,
        verbs: READ,
        groups: &["certificates.k8s.io"],
        resource: "clustertrustbundles",
    },
];

/// Whether the static rules of a version allow this to every node. They know no names, stars and subresources.
pub(super) fn allow(version: u32, verb: &str, group: &str, resource: &str) -> bool {
    RULES.iter().any(|rule| {
        version >= rule.since
            && rule.verbs.contains(&verb)
            && rule.groups.contains(&group)
            && rule.resource == resource
    })
}
