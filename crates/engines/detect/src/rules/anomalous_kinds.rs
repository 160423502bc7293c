//! The types of GuardDuty's family `AnomalousBehavior`.
//!
//! What is dangerous in itself and what is merely unusual have the same names there, so that rules and baselines share them.
//!
//! Source: AWS GuardDuty User Guide, *EKS Protection finding types*.

use ringwall_model::{Responsible, Severity};

use crate::finding::{DefinedBy, Kind, Log};

const fn kind(
    name: &'static str,
    severity: Severity,
    title: &'static str,
    remedy: &'static str,
    at_metadata: &'static str,
) -> Kind {
    Kind {
        name,
        severity,
        by: DefinedBy::GuardDuty,
        log: Log::Audit,
        title,
        remedy,
        responsible: Responsible::Customer,
        at_metadata,
    }
}

/// Secrets were read.
pub(super) static SECRETS_ACCESSED: Kind = kind(
    "CredentialAccess:Kubernetes/AnomalousBehavior.SecretsAccessed",
    Severity::Medium,
    "Secrets were read in an unusual way",
    "Ask whoever it was whether they meant it. If not, take their credentials away, replace what the Secrets held, and look at \
     what came from the same address. `ringwall who-can get secrets` tells who could do it again.",
    "",
);

/// A binding was made or changed.
pub(super) static ROLE_BINDING_CREATED: Kind = kind(
    "PrivilegeEscalation:Kubernetes/AnomalousBehavior.RoleBindingCreated",
    Severity::Medium,
    "A role was bound in an unusual way",
    "Look at whom the binding gives which rights (`ringwall who-can`), and ask whoever made it. If nobody answers for it, delete \
     it, take the credentials that made it away, and look at what its subjects did since.",
    "Which role is bound to whom: told by who did it and where alone.",
);

/// A command was run in a pod.
pub(super) static EXEC_IN_POD: Kind = kind(
    "Execution:Kubernetes/AnomalousBehavior.ExecInPod",
    Severity::Medium,
    "A command was run in a pod in an unusual way",
    "Ask whoever ran it. If nobody answers for it, delete the pod so that its controller makes a fresh one, replace what its \
     service account and its Secrets gave, and take `pods/exec` away from whoever does not need it.",
    "",
);

/// A workload with a privileged container.
pub(super) static PRIVILEGED_CONTAINER: Kind = kind(
    "PrivilegeEscalation:Kubernetes/AnomalousBehavior.WorkloadDeployed!PrivilegedContainer",
    Severity::High,
    "A workload with a privileged container was deployed",
    "A privileged container is root on its node. If it is not meant to be, delete the workload, treat the node as taken over, and \
     let Pod Security Admission refuse the next one (`pod-security.kubernetes.io/enforce: baseline`).",
    "All of it: what a workload consists of is in the request's body.",
);

/// A workload that mounts a sensitive folder of its node.
pub(super) static SENSITIVE_MOUNT: Kind = kind(
    "Persistence:Kubernetes/AnomalousBehavior.WorkloadDeployed!ContainerWithSensitiveMount",
    Severity::High,
    "A workload that mounts a sensitive folder of its node was deployed",
    "Who writes to such a folder owns the node. If it is not meant to be, delete the workload, treat the node as taken over, and \
     let Pod Security Admission refuse the next one (`pod-security.kubernetes.io/enforce: baseline`).",
    "All of it: what a workload consists of is in the request's body.",
);

/// A workload.
pub(super) static WORKLOAD_DEPLOYED: Kind = kind(
    "Execution:Kubernetes/AnomalousBehavior.WorkloadDeployed",
    Severity::Low,
    "A workload was deployed in an unusual way",
    "Look at the images and at who deployed them. If nobody answers for it, delete the workload, and take the credentials that \
     made it away.",
    "Images and commands: told by who did it and where alone.",
);

/// A role was made or changed.
pub(super) static ROLE_CREATED: Kind = kind(
    "PrivilegeEscalation:Kubernetes/AnomalousBehavior.RoleCreated",
    Severity::Low,
    "A role with far-reaching rights was made",
    "Look at what the role allows and whom it is bound to. If nobody answers for it, delete it, and take the credentials that \
     made it away.",
    "What the role allows: told by who did it and where alone.",
);

/// Somebody asked what they may do.
pub(super) static PERMISSION_CHECKED: Kind = kind(
    "Discovery:Kubernetes/AnomalousBehavior.PermissionChecked",
    Severity::Low,
    "Somebody asked whether they have far-reaching rights, in an unusual way",
    "Who tries out a stolen credential asks first what it may do. Ask whoever it was; if nobody answers for it, take the \
     credential away and look at what was done with it.",
    "Which permission was asked for: told by who asked alone.",
);

/// All of them.
pub static ANOMALOUS_BEHAVIOR: [&Kind; 8] = [
    &SECRETS_ACCESSED,
    &ROLE_BINDING_CREATED,
    &EXEC_IN_POD,
    &PRIVILEGED_CONTAINER,
    &SENSITIVE_MOUNT,
    &WORKLOAD_DEPLOYED,
    &ROLE_CREATED,
    &PERMISSION_CHECKED,
];
