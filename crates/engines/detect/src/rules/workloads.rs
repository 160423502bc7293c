//! Pods and what has a template of some: made, changed, and attached to.

use ringwall_model::Severity;

use super::danger::{self, Danger, What};
use super::details::{short, signal};
use super::kinds::{NOTHING, guardduty, retired, ringwall};
use super::{Look, is_made};
use crate::act::{Act, Caller, Verb};
use crate::body::{Container, PodSpec, Workload, Written};
use crate::finding::{self, Kind};

const PRIVILEGED_REMEDY: &str = "If you don't know of it, delete the workload, take the node for lost (cordon, look at it, replace it) and revoke what its \
                                 actor used. If it is wanted, forbid all others: the Pod Security Standard `baseline` on every namespace that needs no \
                                 privileged pods.";
const MOUNT_REMEDY: &str = "If you don't know of it, delete the workload, take the node for lost and revoke what its actor used. If it is wanted, mount \
                            it `readOnly`, or a folder further down; enforce the Pod Security Standard `baseline`, which allows no `hostPath`.";

pub(super) static PRIVILEGED_DEPLOYED: Kind = guardduty(
    "PrivilegeEscalation:Kubernetes/AnomalousBehavior.WorkloadDeployed!PrivilegedContainer",
    Severity::High,
    "A workload with a privileged container was deployed",
    PRIVILEGED_REMEDY,
    NOTHING,
);
pub(super) static MOUNT_DEPLOYED: Kind = guardduty(
    "Persistence:Kubernetes/AnomalousBehavior.WorkloadDeployed!ContainerWithSensitiveMount",
    Severity::High,
    "A workload with a writable mount of a sensitive folder of the node was deployed",
    MOUNT_REMEDY,
    NOTHING,
);
pub(super) static DEPLOYED: Kind = guardduty(
    "Execution:Kubernetes/AnomalousBehavior.WorkloadDeployed",
    Severity::Low,
    "A workload was deployed that is unusual, or of a kind that attackers use",
    "Ask its author. If nobody knows of it, keep a copy of its definition, delete it, and look at what its service account and its \
     addresses did since.",
    "Images and commands are not seen: only that somebody deployed something is, to the baseline.",
);
pub(super) static PRIVILEGED: Kind = retired(
    "PrivilegeEscalation:Kubernetes/PrivilegedContainer",
    Severity::Medium,
    "A privileged container was started from an image that was not privileged before",
    PRIVILEGED_REMEDY,
    NOTHING,
);
pub(super) static MOUNT: Kind = retired(
    "Persistence:Kubernetes/ContainerWithSensitiveMount",
    Severity::Medium,
    "A container was started with a writable mount of a sensitive folder of the node",
    MOUNT_REMEDY,
    NOTHING,
);
pub(super) static CAPABILITY: Kind = ringwall(
    "PrivilegeEscalation:Kubernetes/Ringwall.DangerousCapability",
    Severity::Medium,
    "A workload was deployed with a capability that leads out of its container",
    "Remove the capability, or find a smaller one; enforce the Pod Security Standard `baseline`.",
    NOTHING,
);
pub(super) static HOST_NAMESPACES: Kind = ringwall(
    "PrivilegeEscalation:Kubernetes/Ringwall.HostNamespaces",
    Severity::Medium,
    "A workload was deployed that shares the node's processes, IPC or network",
    "Remove `hostPID`, `hostIPC` and `hostNetwork` unless it is an agent of the node; enforce the Pod Security Standard `baseline`.",
    NOTHING,
);
pub(super) static CONTROLLER_ACCOUNT: Kind = ringwall(
    "PrivilegeEscalation:Kubernetes/Ringwall.ControllerServiceAccount",
    Severity::High,
    "A pod was given the identity of one of Kubernetes' own controllers",
    "Delete the workload, and delete and make anew the service account, so that its tokens end; find who may create pods in `kube-system` \
     (`ringwall who-can create pods -n kube-system`) and take it away.",
    NOTHING,
);
pub(super) static EPHEMERAL: Kind = ringwall(
    "Execution:Kubernetes/Ringwall.EphemeralContainer",
    Severity::Low,
    "A container was added to a running pod, as `kubectl debug` does",
    "Ask whoever did it. An ephemeral container stays until the pod ends: delete the pod, and see what the actor may do besides.",
    "Its image and command are not seen.",
);

/// Agents of nodes that come with a cluster, as DaemonSets of `kube-system`. Their pods are made whenever a node joins, long after the
/// DaemonSets were, and are privileged by design. Their names are taken, so that nobody else's DaemonSet has them; to change one
/// takes a request of its own, which is judged.
const NODE_AGENTS: [&str; 14] = [
    "aws-node",
    "calico-node",
    "canal",
    "cilium",
    "ebs-csi-node",
    "efs-csi-node",
    "eks-node-monitoring-agent",
    "eks-pod-identity-agent",
    "fsx-csi-node",
    "kindnet",
    "kube-flannel-ds",
    "kube-proxy",
    "node-local-dns",
    "weave-net",
];

pub(super) fn look(look: &mut Look<'_, '_>) {
    let act = look.act;
    let is_of_controller = act.caller == Caller::ControlPlane;
    if !act.verb.makes() || act.caller == Caller::Node || (is_of_controller && act.verb != Verb::Create) {
        return;
    }
    let is_debug = act.subresource == "ephemeralcontainers";
    let is_patch = act.verb == Verb::Patch && !is_made(act);
    let mut result = act
        .event
        .response_object
        .json()
        .and_then(|json| Workload::read(act.resource, json))
        .filter(|result| result.spec.all_containers().next().is_some());
    // What was sent whole is all in the result, unless a webhook took it out: then it is not there.
    let written = if result.is_some() && !is_patch { Written::default() } else { Written::of(act) };
    let mut sent = Workload::default();
    for piece in written.pieces() {
        if let Some(part) = Workload::read(act.resource, piece) {
            sent.absorb(part);
        }
    }
    if is_debug {
        only_ephemeral(&mut sent.spec);
        if let Some(result) = &mut result {
            only_ephemeral(&mut result.spec);
        }
    }
    let mut dangers = danger::of(&sent.spec, act.namespace);
    if let Some(result) = &result {
        let is_part = is_patch && !written.copies();
        for danger in danger::of(&result.spec, act.namespace) {
            if !dangers.contains(&danger) && (!is_part || touches(&sent.spec, &danger)) {
                // An operation of a JSON Patch says which container it is by its number; the result has its name.
                dangers.retain(|known| known.what != danger.what || !known.is_nameless());
                dangers.push(danger);
            }
        }
    }
    // Nobody can change more than the images of a pod or a job that is there. Source: Kubernetes v1.37, *Pods*, "Pod update and
    // replacement"; *Jobs*.
    if matches!(act.resource, "pods" | "jobs") && !is_made(act) && !is_debug {
        dangers.retain(|danger| danger.what == What::PentestImage);
    }
    let whole = result.as_ref().unwrap_or(&sent);
    let owner = whole.metadata.controller();
    if is_of_controller {
        if let Some((kind, name)) = owner {
            of_controller(look, whole, &dangers, kind, name);
        }
        return;
    }
    if is_debug {
        let added = if sent.spec.all_containers().next().is_some() { &sent } else { whole };
        tell_debug(look, added);
    }
    let is_settled = !is_made(act) && result.as_ref().is_some_and(Workload::is_settled);
    let object = object_name(act, whole);
    dangers.retain(|danger| {
        let is_new = look.memory.is_new_danger(key(act.resource, act.namespace, &object, danger));
        is_made(act) || (is_new && !is_settled)
    });
    // Many pods of one service account are one cause, whatever they are called: a runner of builds makes hundreds a day.
    let is_of_many =
        matches!(act.caller, Caller::ServiceAccount { .. }) && matches!(act.resource, "pods" | "jobs");
    let cause = if is_of_many { "*".to_owned() } else { object.clone() };
    tell_all(look, whole, &dangers, &cause, &object);
}

/// What a controller makes counts with the act of whoever made its owner, where that was seen, and by itself where it was not.
fn of_controller(look: &mut Look<'_, '_>, made: &Workload<'_>, dangers: &[Danger], kind: &str, name: &str) {
    let act = look.act;
    let Some(owners) = owners(kind, name) else { return };
    if kind == "DaemonSet" && act.namespace == "kube-system" && NODE_AGENTS.contains(&name) {
        return;
    }
    let mut fresh = Vec::new();
    for danger in dangers {
        let nameless = Danger { container: String::new(), ..danger.clone() };
        let knows = |(resource, name): &(&str, &str)| {
            look.memory.knows_danger(key(resource, act.namespace, name, danger))
                || look.memory.knows_danger(key(resource, act.namespace, name, &nameless))
        };
        if owners.iter().any(knows) {
            continue;
        }
        for (resource, name) in &owners {
            look.memory.is_new_danger(key(resource, act.namespace, name, danger));
        }
        fresh.push(danger.clone());
    }
    let Some((resource, name)) = owners.last() else { return };
    let owner = format!("{resource} {name}");
    tell_all(look, made, &fresh, &owner, &owner);
}

/// An owner of pods, and whatever owns that by its name: a Deployment's ReplicaSets have its name and a hash, a CronJob's Jobs its
/// name and a number.
fn owners<'n>(kind: &str, name: &'n str) -> Option<Vec<(&'static str, &'n str)>> {
    let above = name.rsplit_once('-').map(|(above, _)| above);
    let (own, higher) = match kind {
        "ReplicaSet" => ("replicasets", above.map(|name| ("deployments", name))),
        "Job" => ("jobs", above.map(|name| ("cronjobs", name))),
        "Deployment" => ("deployments", None),
        "DaemonSet" => ("daemonsets", None),
        "StatefulSet" => ("statefulsets", None),
        "CronJob" => ("cronjobs", None),
        "ReplicationController" => ("replicationcontrollers", None),
        _ => return None,
    };
    Some(std::iter::once((own, name)).chain(higher).collect())
}

fn key<'k>(
    resource: &'k str,
    namespace: &'k str,
    name: &'k str,
    danger: &'k Danger,
) -> (&'k str, &'k str, &'k str, What, &'k str, &'k str) {
    (resource, namespace, name, danger.what, &danger.container, &danger.detail)
}

/// Whether what a patch holds is of the kind of a danger that its result has.
fn touches(patch: &PodSpec<'_>, danger: &Danger) -> bool {
    let of_same = |container: &&Container<'_>| {
        container.name.text() == danger.container || container.name.text().is_empty()
    };
    let mut containers = patch.all_containers().filter(of_same);
    match danger.what {
        What::SensitiveMount => {
            !patch.volumes.items().is_empty() || containers.any(|one| !one.mounts.items().is_empty())
        }
        What::Privileged => containers.any(Container::is_privileged),
        What::PentestImage => containers.any(|one| !one.image.text().is_empty()),
        What::Capability => containers.any(|one| one.capabilities().next().is_some()),
        What::ReverseShell => {
            containers.any(|one| !one.command.items().is_empty() || !one.args.items().is_empty())
        }
        // These are seen in the patch itself, if it has them.
        What::ControllerAccount | What::HostNamespaces | What::HostNetwork => false,
    }
}

/// Of a running pod's specification what an ephemeral container may add or use.
fn only_ephemeral(spec: &mut PodSpec<'_>) {
    spec.containers = crate::field::Field::Absent;
    spec.init_containers = crate::field::Field::Absent;
    spec.security = crate::field::Field::Absent;
    spec.host_network = crate::field::Field::Absent;
    spec.host_pid = crate::field::Field::Absent;
    spec.host_ipc = crate::field::Field::Absent;
    spec.service_account = crate::field::Field::Absent;
    spec.service_account_name = crate::field::Field::Absent;
}

/// The object's name; with `*` what the server was to complete.
fn object_name(act: &Act<'_>, workload: &Workload<'_>) -> String {
    let metadata = &workload.metadata;
    match (act.name, metadata.name.text(), metadata.generate_name.text()) {
        ("", "", "") => "*".to_owned(),
        ("", "", begin) => format!("{begin}*"),
        ("", name, _) | (name, _, _) => name.to_owned(),
    }
}

fn tell_debug(look: &mut Look<'_, '_>, sent: &Workload<'_>) {
    let act = look.act;
    let images: Vec<&str> = sent.spec.all_containers().map(|one| one.image.text()).collect();
    let object = format!("{}/{}", act.namespace, act.name);
    let description = format!(
        "`{}` added a container of the image `{}` to the pod `{}` in `{}`",
        act.username(),
        images.join(", "),
        act.name,
        act.namespace
    );
    let mut signal = signal(&EPHEMERAL, act, look.place, &object, description);
    if act.namespace == "kube-system" {
        signal.severity = Severity::Medium;
    }
    signal.details.workload = Some(shown(act, sent, act.name));
    look.tell(signal);
}

/// Tells each kind of danger once, with all that is dangerous in its description.
fn tell_all(look: &mut Look<'_, '_>, whole: &Workload<'_>, dangers: &[Danger], cause: &str, object: &str) {
    let act = look.act;
    let has = |what| dangers.iter().any(|danger| danger.what == what);
    let mut told: Vec<&'static Kind> = Vec::new();
    for danger in dangers {
        let (kind, severity) = match danger.what {
            What::Privileged => (&PRIVILEGED_DEPLOYED, Severity::High),
            What::SensitiveMount => (&MOUNT_DEPLOYED, Severity::High),
            What::ReverseShell | What::PentestImage => (&DEPLOYED, Severity::Medium),
            What::ControllerAccount => (&CONTROLLER_ACCOUNT, Severity::High),
            What::Capability => (&CAPABILITY, Severity::Medium),
            // The worse has them in its description.
            What::HostNamespaces | What::HostNetwork
                if has(What::Privileged) || has(What::SensitiveMount) =>
            {
                continue;
            }
            What::HostNamespaces => (&HOST_NAMESPACES, Severity::Medium),
            // Ingress controllers and agents of nodes have it, and they are no bare pods.
            What::HostNetwork if act.resource == "pods" && !act.caller.is_system() => {
                (&HOST_NAMESPACES, Severity::Low)
            }
            What::HostNetwork => continue,
        };
        if !told.contains(&kind) {
            told.push(kind);
            tell_one(look, whole, dangers, (kind, severity), cause, object);
        }
        if look.retired {
            tell_retired(look, whole, dangers, danger, cause, object);
        }
    }
}

fn tell_retired(
    look: &mut Look<'_, '_>,
    whole: &Workload<'_>,
    dangers: &[Danger],
    danger: &Danger,
    cause: &str,
    object: &str,
) {
    let kind = match danger.what {
        What::Privileged if look.memory.is_new_danger(("privileged image", repository(&danger.image))) => {
            &PRIVILEGED
        }
        What::SensitiveMount => &MOUNT,
        _ => return,
    };
    tell_one(look, whole, dangers, (kind, kind.severity), cause, object);
}

fn tell_one(
    look: &mut Look<'_, '_>,
    whole: &Workload<'_>,
    dangers: &[Danger],
    (kind, severity): (&'static Kind, Severity),
    cause: &str,
    object: &str,
) {
    let act = look.act;
    let images =
        if cause == "*" { dangers.first().map_or("", |danger| repository(&danger.image)) } else { "" };
    let of = format!("{}/{}/{cause}/{images}", act.resource, act.namespace);
    let verb = if is_made(act) { "made" } else { "changed" };
    let why: Vec<String> = dangers.iter().map(sentence).collect();
    let mut description = format!(
        "`{}` {verb} {} `{object}` in `{}`: {}",
        act.username(),
        act.resource,
        act.namespace,
        short(&why.join("; "))
    );
    // kubectl names its pods so; so can anybody, which is why this does not make it less.
    if act.resource == "pods" && object.starts_with("node-debugger-") {
        description.push_str(" (it looks like `kubectl debug node`)");
    }
    let mut signal = signal(kind, act, look.place, &of, description);
    signal.severity = severity;
    if act.caller.is_system() {
        signal.cause = format!("\0{of}");
    }
    signal.details.workload = Some(shown(act, whole, object));
    look.tell(signal);
}

fn sentence(danger: &Danger) -> String {
    let Danger { container, detail, .. } = danger;
    // An operation of a JSON Patch says which container it is by its number alone.
    let container =
        if container.is_empty() { "a container".to_owned() } else { format!("the container `{container}`") };
    match danger.what {
        What::Privileged => format!("{container} is privileged"),
        What::SensitiveMount => format!("{container} mounts {detail} of the node"),
        What::ReverseShell => format!("the command of {container} is a reverse shell"),
        What::PentestImage => format!("the image `{detail}` is one of tools for breaking in"),
        What::ControllerAccount => format!("it has the service account `{detail}` of Kubernetes' own"),
        What::Capability => format!("{container} has the capability {detail}"),
        What::HostNamespaces | What::HostNetwork => format!("it has {detail}"),
    }
}

/// An image without tag and digest.
fn repository(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or_default();
    match image.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => image,
    }
}

/// Most containers, mounts and volumes that a finding shows.
const MOST: usize = 32;

fn shown(act: &Act<'_>, workload: &Workload<'_>, name: &str) -> finding::Workload {
    let Workload { metadata, spec, .. } = workload;
    finding::Workload {
        kind: short(act.resource),
        name: short(name),
        uid: short(metadata.uid.text()),
        namespace: short(act.namespace),
        service_account: short(spec.account()),
        host_network: spec.host_network.is_true(),
        host_ipc: spec.host_ipc.is_true(),
        host_pid: spec.host_pid.is_true(),
        containers: spec.all_containers().take(MOST).map(shown_container).collect(),
        host_paths: spec
            .volumes
            .items()
            .iter()
            .filter_map(|volume| {
                Some((short(volume.name.text()), short(volume.host_path.get()?.path.text())))
            })
            .take(MOST)
            .collect(),
    }
}

fn shown_container(container: &Container<'_>) -> finding::Container {
    let security = container.security.get();
    finding::Container {
        name: short(container.name.text()),
        image: short(container.image.text()),
        privileged: container.is_privileged(),
        allow_privilege_escalation: security.and_then(|one| one.allow_privilege_escalation.get()).copied(),
        mounts: container
            .mounts
            .items()
            .iter()
            .map(|mount| (short(mount.name.text()), short(mount.path.text())))
            .take(MOST)
            .collect(),
    }
}
