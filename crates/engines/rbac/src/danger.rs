//! Permissions that give more than they say.
//!
//! Each danger is a list of questions; whoever may do one of them holds the danger. The questions go through
//! the same inverse index as `who-can`, so a report can't disagree with the authorizer.

use ringwall_model::Severity;

/// A permission that gives more than its name says.
#[derive(Clone, Copy, Debug)]
pub struct Danger {
    /// Stable id of the check that reports it.
    pub check: &'static str,
    /// What should hold, in one line.
    pub title: &'static str,
    /// What a holder can do, as the end of "… can".
    pub power: &'static str,
    /// Why that is so.
    pub why: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
    /// How bad it is when held across the cluster.
    pub severity: Severity,
    /// What to do with grants that hold in some namespaces alone.
    pub in_namespaces: InNamespaces,
    /// Any of these is enough …
    pub asks: &'static [Ask],
    /// … together with any of these, if there are some.
    pub also: &'static [Ask],
    /// The document that says so.
    pub source: &'static str,
}

/// Whether a danger counts when a RoleBinding grants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InNamespaces {
    /// Harmless there, or the resource has no namespace.
    Harmless,
    /// In `kube-system` alone, and there as bad as across the cluster.
    KubeSystem,
    /// Everywhere, with this severity; `kube-system` counts as the whole cluster.
    Everywhere(Severity),
}

/// One verb on one target.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// Verb.
    pub verb: &'static str,
    /// API group.
    pub group: &'static str,
    /// Resource.
    pub resource: &'static str,
    /// Subresource, empty for none.
    pub subresource: &'static str,
    /// Name, empty for any.
    pub name: &'static str,
    /// Minor version of Kubernetes 1 from which the verb alone gives nothing any more.
    pub harmless_from: Option<u32>,
}

const fn ask(
    verb: &'static str,
    group: &'static str,
    resource: &'static str,
    subresource: &'static str,
) -> Ask {
    Ask { verb, group, resource, subresource, name: "", harmless_from: None }
}

const fn named(verb: &'static str, group: &'static str, resource: &'static str, name: &'static str) -> Ask {
    Ask { verb, group, resource, subresource: "", name, harmless_from: None }
}

/// From 1.35 on a GET that upgrades to a WebSocket needs `create` as well (feature gate
/// `AuthorizePodWebsocketUpgradeCreatePermission`, beta and on).
const fn over_websocket(subresource: &'static str) -> Ask {
    Ask { verb: "get", group: "", resource: "pods", subresource, name: "", harmless_from: Some(35) }
}

const GOOD_PRACTICES: &str = "Kubernetes documentation, Role Based Access Control Good Practices";
const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";
const CERTIFICATES: &str = "certificates.k8s.io";

/// All dangers, in the order in which they are judged.
pub static DANGERS: &[Danger] = &[
    Danger {
        check: "rbac-escalate",
        title: "nobody may grant rights that they don't hold",
        power: "write or bind roles with rights beyond their own, up to all of them",
        why: "the verbs `escalate` and `bind` switch off the apiserver's check that a role's author holds what the role grants",
        remedy: "remove the verb; let roles be written by whoever holds their rights, or name the roles in resourceNames",
        severity: Severity::Critical,
        in_namespaces: InNamespaces::Everywhere(Severity::High),
        asks: &[
            ask("escalate", RBAC, "clusterroles", ""),
            ask("bind", RBAC, "clusterroles", ""),
            ask("escalate", RBAC, "roles", ""),
            ask("bind", RBAC, "roles", ""),
        ],
        also: &[],
        source: GOOD_PRACTICES,
    },
    Danger {
        check: "rbac-impersonate",
        title: "nobody may act as anyone else",
        power: "send requests as anybody they name, cluster administrators included",
        why: "`impersonate` on users or groups without names lets the caller choose the group `system:masters`, which every check lets pass",
        remedy: "limit the rule with resourceNames to the users and groups that must be impersonated",
        severity: Severity::Critical,
        in_namespaces: InNamespaces::Harmless,
        asks: &[
            ask("impersonate", "", "users", ""),
            ask("impersonate", "", "groups", ""),
            named("impersonate", "", "groups", "system:masters"),
        ],
        also: &[],
        source: "Kubernetes documentation, User impersonation",
    },
    Danger {
        check: "rbac-impersonate-service-account",
        title: "nobody may act as every service account",
        power: "send requests as any service account, those of the controllers in kube-system included",
        why: "a service account that is impersonated brings all of its rights",
        remedy: "limit the rule with resourceNames, or bind it in the one namespace that needs it",
        severity: Severity::High,
        in_namespaces: InNamespaces::KubeSystem,
        asks: &[ask("impersonate", "", "serviceaccounts", "")],
        also: &[],
        source: "Kubernetes documentation, User impersonation",
    },
    Danger {
        check: "rbac-nodes-proxy",
        title: "nobody may reach the kubelets through the apiserver",
        power: "run commands in every container of every node",
        why: "`nodes/proxy` forwards to the kubelet's API; it takes `exec` over WebSocket as a GET, so that `get` alone is enough, and neither admission nor the audit log sees the command",
        remedy: "grant `nodes/metrics`, `nodes/stats` or `nodes/log`, which the kubelet checks one by one, in place of `nodes/proxy`",
        severity: Severity::Critical,
        in_namespaces: InNamespaces::Harmless,
        asks: &[ask("get", "", "nodes", "proxy"), ask("create", "", "nodes", "proxy")],
        also: &[],
        source: "Kubernetes documentation, Role Based Access Control Good Practices; Kubelet authentication/authorization",
    },
    Danger {
        check: "rbac-token-create",
        title: "nobody may mint tokens for every service account",
        power: "get a token of any service account, and with it that account's rights in the cluster and its AWS role",
        why: "`create serviceaccounts/token` is the TokenRequest API; it also takes the audience, so that IRSA roles follow",
        remedy: "name the service accounts in resourceNames, or bind the rule in one namespace",
        severity: Severity::Critical,
        in_namespaces: InNamespaces::KubeSystem,
        asks: &[ask("create", "", "serviceaccounts", "token")],
        also: &[],
        source: GOOD_PRACTICES,
    },
    Danger {
        check: "rbac-csr-approve",
        title: "nobody may approve client certificates",
        power: "make themselves a client certificate in any name, a node's or a controller's included",
        why: "an approved CertificateSigningRequest of a kube-apiserver signer is a login that nothing revokes before it expires",
        remedy: "limit `approve` to the one signer that is needed, with resourceNames, and leave approval to the controllers",
        severity: Severity::Critical,
        in_namespaces: InNamespaces::Harmless,
        asks: &[
            ask("update", CERTIFICATES, "certificatesigningrequests", "approval"),
            ask("patch", CERTIFICATES, "certificatesigningrequests", "approval"),
        ],
        // The apiserver asks for the signer by name and by its domain: pkg/registry/certificates, plugin
        // certificates/approval, release 1.34.
        also: &[
            ask("approve", CERTIFICATES, "signers", ""),
            named("approve", CERTIFICATES, "signers", "kubernetes.io/kube-apiserver-client"),
            named("approve", CERTIFICATES, "signers", "kubernetes.io/kube-apiserver-client-kubelet"),
            named("approve", CERTIFICATES, "signers", "kubernetes.io/*"),
        ],
        source: GOOD_PRACTICES,
    },
    Danger {
        check: "rbac-webhook-write",
        title: "nobody may change admission",
        power: "see and rewrite every object that is written, Secrets included, and switch off the policies that refuse bad ones",
        why: "admission webhooks and policies see each request before it is stored, and may change it",
        remedy: "name the configurations in resourceNames: a controller needs its own alone",
        severity: Severity::High,
        in_namespaces: InNamespaces::Harmless,
        asks: &[
            ask("create", ADMISSION, "mutatingwebhookconfigurations", ""),
            ask("update", ADMISSION, "mutatingwebhookconfigurations", ""),
            ask("patch", ADMISSION, "mutatingwebhookconfigurations", ""),
            ask("create", ADMISSION, "validatingwebhookconfigurations", ""),
            ask("update", ADMISSION, "validatingwebhookconfigurations", ""),
            ask("patch", ADMISSION, "validatingwebhookconfigurations", ""),
            ask("delete", ADMISSION, "validatingwebhookconfigurations", ""),
            ask("create", ADMISSION, "mutatingadmissionpolicies", ""),
            ask("update", ADMISSION, "mutatingadmissionpolicies", ""),
            ask("patch", ADMISSION, "mutatingadmissionpolicies", ""),
            ask("update", ADMISSION, "validatingadmissionpolicies", ""),
            ask("patch", ADMISSION, "validatingadmissionpolicies", ""),
            ask("delete", ADMISSION, "validatingadmissionpolicies", ""),
            ask("delete", ADMISSION, "validatingadmissionpolicybindings", ""),
        ],
        also: &[],
        source: GOOD_PRACTICES,
    },
    Danger {
        check: "rbac-apiservice-write",
        title: "nobody may put a server of their own behind the API",
        power: "take over a part of the API, and with it the credentials that are sent there",
        why: "an APIService sends all requests of its group to a server of the author's choice",
        remedy: "name the APIServices in resourceNames",
        severity: Severity::High,
        in_namespaces: InNamespaces::Harmless,
        asks: &[
            ask("create", "apiregistration.k8s.io", "apiservices", ""),
            ask("update", "apiregistration.k8s.io", "apiservices", ""),
            ask("patch", "apiregistration.k8s.io", "apiservices", ""),
        ],
        also: &[],
        source: "Kubernetes documentation, Kubernetes API Aggregation Layer",
    },
    Danger {
        check: "rbac-node-patch",
        title: "nobody may change nodes",
        power: "steer pods to a node of their choice by its labels and taints, and with them those pods' Secrets and tokens",
        why: "the scheduler and node selectors trust labels and taints; `nodes/status` decides what a node says of itself",
        remedy: "leave nodes to the kubelets and the cloud controller; use an eviction for draining",
        severity: Severity::High,
        in_namespaces: InNamespaces::Harmless,
        asks: &[
            ask("patch", "", "nodes", ""),
            ask("update", "", "nodes", ""),
            ask("patch", "", "nodes", "status"),
            ask("update", "", "nodes", "status"),
        ],
        also: &[],
        source: "Kubernetes documentation, Using Node Authorization; Assigning Pods to Nodes",
    },
    Danger {
        check: "rbac-aws-auth-write",
        title: "nobody but administrators may write aws-auth",
        power: "map any IAM principal, their own included, to the group `system:masters`",
        why: "while the authentication mode has CONFIG_MAP in it, the ConfigMap `kube-system/aws-auth` decides who is who",
        remedy: "remove the rule, move the mappings to access entries and set the authentication mode to API",
        severity: Severity::Critical,
        in_namespaces: InNamespaces::KubeSystem,
        asks: &[named("update", "", "configmaps", "aws-auth"), named("patch", "", "configmaps", "aws-auth")],
        also: &[],
        source: "Amazon EKS User Guide, Grant IAM users access to Kubernetes with a ConfigMap",
    },
    Danger {
        check: "rbac-ephemeral-containers",
        title: "nobody may put containers into running pods",
        power: "run an image of their choice inside a running pod, with its Secrets, its network and its identity",
        why: "`pods/ephemeralcontainers` adds a container to a pod that is there, past whatever its author meant to run",
        remedy: "grant it for the time of an incident alone, in the namespace that needs it",
        severity: Severity::High,
        in_namespaces: InNamespaces::Everywhere(Severity::Medium),
        asks: &[
            ask("patch", "", "pods", "ephemeralcontainers"),
            ask("update", "", "pods", "ephemeralcontainers"),
        ],
        also: &[],
        source: "Kubernetes documentation, Ephemeral Containers",
    },
    Danger {
        check: "rbac-exec",
        title: "nobody may enter running pods",
        power: "run commands in pods, and read all that their containers can",
        why: "`pods/exec` and `pods/attach` give a shell with the pod's Secrets and identity; before Kubernetes 1.35 `get` alone is enough, over WebSocket",
        remedy: "grant it for the time of an incident alone, in the namespace that needs it",
        severity: Severity::High,
        in_namespaces: InNamespaces::Everywhere(Severity::Medium),
        asks: &[
            ask("create", "", "pods", "exec"),
            over_websocket("exec"),
            ask("create", "", "pods", "attach"),
            over_websocket("attach"),
        ],
        also: &[],
        source: GOOD_PRACTICES,
    },
    Danger {
        check: "rbac-secrets-read",
        title: "nobody may read the Secrets of every namespace",
        power: "read every Secret of the cluster",
        why: "`list` and `watch` return the contents as `get` does",
        remedy: "grant `get` with resourceNames, in the namespaces that need it",
        severity: Severity::High,
        in_namespaces: InNamespaces::KubeSystem,
        asks: &[
            ask("get", "", "secrets", ""),
            ask("list", "", "secrets", ""),
            ask("watch", "", "secrets", ""),
        ],
        also: &[],
        source: GOOD_PRACTICES,
    },
    Danger {
        check: "rbac-workload-create",
        title: "nobody may start pods among the cluster's own",
        power: "run pods under the identity of any service account there, and on the nodes themselves unless admission refuses it",
        why: "whoever makes pods, or what makes pods, chooses their service account, volumes and security context",
        remedy: "bind the role in the namespaces whose workloads it deploys",
        severity: Severity::High,
        in_namespaces: InNamespaces::KubeSystem,
        asks: &[
            ask("create", "", "pods", ""),
            ask("create", "", "replicationcontrollers", ""),
            ask("create", "apps", "deployments", ""),
            ask("create", "apps", "daemonsets", ""),
            ask("create", "apps", "statefulsets", ""),
            ask("create", "apps", "replicasets", ""),
            ask("create", "batch", "jobs", ""),
            ask("create", "batch", "cronjobs", ""),
            ask("patch", "apps", "deployments", ""),
            ask("patch", "apps", "daemonsets", ""),
            ask("patch", "apps", "statefulsets", ""),
        ],
        also: &[],
        source: GOOD_PRACTICES,
    },
    Danger {
        check: "rbac-volume-create",
        title: "nobody may make PersistentVolumes by hand",
        power: "mount any folder of a node, its credentials and other pods' files included",
        why: "a PersistentVolume may be a `hostPath`, and the Pod Security Standards don't look at what a claim is bound to",
        remedy: "leave volumes to the provisioners; people need claims alone",
        severity: Severity::High,
        in_namespaces: InNamespaces::Harmless,
        asks: &[ask("create", "", "persistentvolumes", "")],
        also: &[],
        source: GOOD_PRACTICES,
    },
    Danger {
        check: "rbac-namespace-label",
        title: "nobody may change the labels of every namespace",
        power: "switch off the Pod Security Standards of a namespace and the network policies that select it",
        why: "both are decided by the namespace's labels",
        remedy: "name the namespaces in resourceNames, or have a validating policy guard the labels",
        severity: Severity::Medium,
        in_namespaces: InNamespaces::Harmless,
        asks: &[ask("patch", "", "namespaces", ""), ask("update", "", "namespaces", "")],
        also: &[],
        source: GOOD_PRACTICES,
    },
];
