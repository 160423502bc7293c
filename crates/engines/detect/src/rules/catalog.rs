//! All types that are told of the audit log, and what each is told of.

use super::{
    admission, anonymous, attempts, bindings, certificates, configuration, exec, exposure, identity, lists,
    permissions, proxy, roles, secrets, tokens, volumes, workloads,
};
use crate::finding::Kind;

/// A type and what it is told of.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    /// The type.
    pub kind: &'static Kind,
    /// What it is told of, and of what not.
    pub trigger: &'static str,
}

const fn listed(kind: &'static Kind, trigger: &'static str) -> Listed {
    Listed { kind, trigger }
}

const MALICIOUS: &str = "A successful call of this tactic by an authenticated caller, with an address on a list of known malicious ones among its source addresses. \
                         Not if a trusted list has the address, and never for private addresses.";
const CUSTOM: &str = "A successful call of this tactic by an authenticated caller, with an address on one of your own lists among its source addresses. Not if a \
                      trusted list has the address. Private addresses count if the list has them one by one or as a subnet (/24, /64).";
const TOR: &str = "A successful call of this tactic by an authenticated caller, with an exit of Tor among its source addresses. Not if a trusted list has the \
                   address, and never for private addresses.";
const ANONYMOUS: &str = "A call of this tactic by `system:anonymous` that succeeded. Not what probes ask (`/healthz`, `/livez`, `/readyz`, `/version`), and not what was refused.";

/// All of them: GuardDuty's in the order of its documentation, then Ringwall's own.
pub static KINDS: &[Listed] = &[
    listed(&lists::CREDENTIAL_ACCESS.malicious, MALICIOUS),
    listed(&lists::CREDENTIAL_ACCESS.custom, CUSTOM),
    listed(&lists::CREDENTIAL_ACCESS.tor, TOR),
    listed(&anonymous::CREDENTIAL_ACCESS, ANONYMOUS),
    listed(&lists::DEFENSE_EVASION.malicious, MALICIOUS),
    listed(&lists::DEFENSE_EVASION.custom, CUSTOM),
    listed(&lists::DEFENSE_EVASION.tor, TOR),
    listed(&anonymous::DEFENSE_EVASION, ANONYMOUS),
    listed(&lists::DISCOVERY.malicious, MALICIOUS),
    listed(&lists::DISCOVERY.custom, CUSTOM),
    listed(&lists::DISCOVERY.tor, TOR),
    listed(&anonymous::DISCOVERY, ANONYMOUS),
    listed(&lists::IMPACT.malicious, MALICIOUS),
    listed(&lists::IMPACT.custom, CUSTOM),
    listed(&lists::IMPACT.tor, TOR),
    listed(&anonymous::IMPACT, ANONYMOUS),
    listed(&lists::PERSISTENCE.malicious, MALICIOUS),
    listed(&lists::PERSISTENCE.custom, CUSTOM),
    listed(&lists::PERSISTENCE.tor, TOR),
    listed(&anonymous::PERSISTENCE, ANONYMOUS),
    listed(
        &exec::EXEC_IN_SYSTEM,
        "Exec or attach into a pod of `kube-system` that was let in, by SPDY (verb `create`) or WebSocket (verb `get`, status 101). Not by parts of Kubernetes.",
    ),
    listed(
        &bindings::ADMIN_TO_DEFAULT,
        "A RoleBinding or ClusterRoleBinding, made or changed, that gives `cluster-admin`, `admin` or a role that leads to everything to a service account \
         `default`, be it as ServiceAccount, as the user that it is, or by the groups `system:serviceaccounts[:NAMESPACE]`. Tells in place of \
         RoleBindingCreated.",
    ),
    listed(
        &bindings::ANONYMOUS_GRANTED,
        "A RoleBinding or ClusterRoleBinding, made or changed, whose subject is `system:anonymous` or the group `system:unauthenticated`. Not for \
         `system:public-info-viewer` and kubeadm's `cluster-info`. Low if it shows the keys of the token issuer alone. Tells in place of RoleBindingCreated.",
    ),
    listed(
        &exposure::DASHBOARD,
        "A Service of the type LoadBalancer, made or changed, that is or selects the Kubernetes dashboard, or an internet-facing ALB Ingress that leads to it. \
         Not for internal load balancers.",
    ),
    listed(&exposure::KUBEFLOW, "The same for Kubeflow's central dashboard or pipelines."),
    listed(
        &workloads::PRIVILEGED,
        "A privileged container in a pod or template, of an image that was not seen privileged before. Told only if asked for (`Detector::with_retired`).",
    ),
    listed(
        &workloads::MOUNT,
        "A writable mount of a sensitive folder of the node in a pod or template. Told only if asked for (`Detector::with_retired`).",
    ),
    listed(
        &secrets::SECRETS_ACCESSED,
        "In itself: Secrets of all namespaces read at once (High), at least 15 different Secrets by one actor within ten minutes, or those of five namespaces one by \
         one (High). Not Helm's own, not by controllers that keep a copy of all, nor by programs of service accounts reading one by one. Other reads: by the \
         baseline.",
    ),
    listed(
        &bindings::BINDING_CREATED,
        "In itself: a binding, made or changed, to `cluster-admin` or `admin` (High), to a role that gives everything or leads to it, or in `kube-system` to a role \
         that leads on there or was not seen. Not to what add-ons have there: to elect a leader, to read how extension servers authenticate. Other bindings: by \
         the baseline.",
    ),
    listed(
        &exec::EXEC,
        "In itself: exec or attach with a command that is a reverse shell (High). Others: by the baseline.",
    ),
    listed(
        &workloads::PRIVILEGED_DEPLOYED,
        "A privileged container (of any of the three kinds) in a pod, or in the template of whatever makes pods, made or added by a change. A pod that a controller \
         of Kubernetes made counts by itself if its owner was not seen. Not agents that come with the cluster, nor updates that leave it as it was.",
    ),
    listed(
        &workloads::MOUNT_DEPLOYED,
        "A container with a writable mount of a folder that gives the node away (`/`, `/etc`, `/root`, `/proc`, `/usr`, `/var/lib/kubelet`, …, by `subPath` too), or any \
         mount of a container runtime's socket. Made, changed and controllers as above.",
    ),
    listed(
        &workloads::DEPLOYED,
        "In itself: an image of tools for breaking in, or a command that is a reverse shell (Medium). Others: by the baseline.",
    ),
    listed(
        &roles::ROLE_CREATED,
        "In itself: a Role or ClusterRole (Medium), made or changed, that may change all resources, may `escalate`, `bind` or `impersonate` without names, takes over all \
         roles, or may call the kubelets. Not wildcards within groups of custom resources. Others: by the baseline.",
    ),
    listed(
        &permissions::PERMISSION_CHECKED,
        "In itself: somebody asked with kubectl or a script for a permission that gives a cluster away, and has it. Others: by the baseline.",
    ),
    listed(
        &admission::WEBHOOK_CHANGED,
        "A mutating or validating webhook configuration made or changed by a person, or by anybody so that objects are sent out of the cluster (High). Not \
         operators that renew certificates, nor what the control plane does.",
    ),
    listed(
        &admission::GUARD_REMOVED,
        "A validating webhook configuration or admission policy deleted by a person, or a webhook's `failurePolicy` set to `Ignore` by a patch.",
    ),
    listed(
        &certificates::CLIENT_CERTIFICATE,
        "A CertificateSigningRequest for the signer `kubernetes.io/kube-apiserver-client` made, or approved (High); by a person also for kubelets' certificates. Not \
         nodes that join, nor denials.",
    ),
    listed(
        &proxy::NODES_PROXY,
        "`run`, `exec`, `attach`, `portForward`, `cri` or `checkpoint` of a kubelet by `nodes/proxy`; by a person anything else but metrics and health (Medium).",
    ),
    listed(
        &workloads::CAPABILITY,
        "A container that is not privileged and adds `ALL`, `SYS_ADMIN`, `SYS_MODULE`, `SYS_RAWIO`, `DAC_READ_SEARCH`, `BPF`, `MAC_ADMIN` or `SYS_BOOT`; `SYS_PTRACE` with `hostPID`, \
         `NET_ADMIN` with `hostNetwork`.",
    ),
    listed(
        &workloads::HOST_NAMESPACES,
        "A workload with `hostPID` or `hostIPC`; `hostNetwork` alone for bare pods (Low). Not in addition to a privileged container or a sensitive mount, whose finding \
         names them.",
    ),
    listed(
        &workloads::EPHEMERAL,
        "A container added to a running pod (`pods/ephemeralcontainers`), as `kubectl debug` does. Medium in `kube-system`.",
    ),
    listed(
        &workloads::CONTROLLER_ACCOUNT,
        "A workload in `kube-system` that names the service account of a controller of kube-controller-manager, or mounts the Secret of its token.",
    ),
    listed(&volumes::SENSITIVE_VOLUME, "A PersistentVolume of a sensitive folder of the nodes."),
    listed(
        &roles::SYSTEM_ROLE,
        "A role or binding that kube-apiserver or EKS makes, changed or deleted by somebody else. Not those of add-ons that are merely named `system:`.",
    ),
    listed(
        &tokens::TOKEN_CREATED,
        "A TokenRequest by a person, or a Secret for a token that never ends. Medium in `kube-system` and for a day or more. Not by kubelets and controllers.",
    ),
    listed(
        &exec::TOKEN_THEFT,
        "Exec with a command that reads a service account's token, AWS credentials, the metadata service, or a node's keys.",
    ),
    listed(&exec::FILES_COPIED, "Exec with the command that `kubectl cp` runs. Medium in `kube-system`."),
    listed(
        &configuration::AWS_AUTH,
        "The ConfigMap `aws-auth` in `kube-system` changed, made or deleted by anybody but EKS. High if what was sent has `system:masters` in it.",
    ),
    listed(
        &configuration::COREDNS,
        "The ConfigMap of CoreDNS or of the DNS cache on nodes changed, made or deleted by anybody but EKS.",
    ),
    listed(
        &identity::IMPERSONATED,
        "A request in the name of `system:masters` or a cluster administrator (High), of a node or a part of the control plane, or by a person of a service account of \
         `kube-system`.",
    ),
    listed(
        &identity::SYSTEM_FROM_OUTSIDE,
        "Credentials of a node, of the control plane or of a service account of `kube-system` used from a public address with a tool that people use. Not from addresses \
         from which kubelets call.",
    ),
    listed(
        &attempts::MANY_REFUSALS,
        "At least ten different requests from one public address refused within ten minutes; a hundred if they were not authenticated (Low). The same again counts \
         once.",
    ),
    listed(
        &attempts::SECRETS_REFUSED,
        "At least ten different Secrets that one actor tried to read within ten minutes and was refused.",
    ),
    listed(
        &exposure::SERVICE_EXPOSED,
        "By a person: a Service of `kube-system` of the type NodePort or LoadBalancer, or with `externalIPs` anywhere (Medium).",
    ),
];
