//! What is dangerous about pods.

use super::host_paths::{self, Danger as OfPath};
use super::{commands, images};
use crate::act::Caller;
use crate::body::{Container, PodSpec};

/// A kind of danger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum What {
    /// A privileged container.
    Privileged,
    /// A folder of the node that gives it away.
    SensitiveMount,
    /// A container that gives somebody elsewhere a shell.
    ReverseShell,
    /// An image of tools for breaking in.
    PentestImage,
    /// The identity of a controller of Kubernetes' own.
    ControllerAccount,
    /// A capability that leads out of the container.
    Capability,
    /// Namespaces of the node.
    HostNamespaces,
    /// The node's network alone.
    HostNetwork,
}

/// Something that is dangerous about a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Danger {
    pub(super) what: What,
    /// The container; empty if it is about the pod.
    pub(super) container: String,
    /// Its image.
    pub(super) image: String,
    /// What exactly: the paths, the capabilities.
    pub(super) detail: String,
}

impl Danger {
    /// Whether it is about a container of which the name is not known.
    pub(super) fn is_nameless(&self) -> bool {
        let is_of_pod =
            matches!(self.what, What::ControllerAccount | What::HostNamespaces | What::HostNetwork);
        self.container.is_empty() && !is_of_pod
    }
}

/// Capabilities with which a container can leave its bounds by itself.
///
/// Source: capabilities(7): to mount and more, to load code into the kernel, to reach devices, to read any file, to trace the kernel,
/// to change the kernel's policy.
const DANGEROUS: [&str; 8] =
    ["ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "DAC_READ_SEARCH", "BPF", "MAC_ADMIN", "SYS_BOOT"];

/// All that is dangerous about pods of a specification.
pub(super) fn of(spec: &PodSpec<'_>, namespace: &str) -> Vec<Danger> {
    let mut dangers = Vec::new();
    for container in spec.all_containers() {
        of_container(container, spec, &mut dangers);
    }
    if spec.is_host_process() && !dangers.iter().any(|danger| danger.what == What::Privileged) {
        dangers.push(of_pod(What::Privileged, String::new()));
    }
    let flags = [
        (spec.host_pid.is_true(), "hostPID"),
        (spec.host_ipc.is_true(), "hostIPC"),
        (spec.host_network.is_true(), "hostNetwork"),
    ];
    let shared = joined(flags.iter().filter(|(is_set, _)| *is_set).map(|(_, name)| *name));
    if !shared.is_empty() {
        let what = if shared == "hostNetwork" { What::HostNetwork } else { What::HostNamespaces };
        dangers.push(of_pod(what, shared));
    }
    if namespace == "kube-system" {
        let secrets = spec.volumes.items().iter().flat_map(|volume| volume.secrets());
        let taken = std::iter::once(spec.account()).chain(secrets.filter_map(account_of_token));
        let taken = joined(taken.filter(|name| is_controller(name)));
        if !taken.is_empty() {
            dangers.push(of_pod(What::ControllerAccount, taken));
        }
    }
    dangers
}

fn of_pod(what: What, detail: String) -> Danger {
    Danger { what, container: String::new(), image: String::new(), detail }
}

fn of_container(container: &Container<'_>, spec: &PodSpec<'_>, dangers: &mut Vec<Danger>) {
    let mut add = |what, detail| {
        dangers.push(Danger {
            what,
            container: container.name.text().to_owned(),
            image: container.image.text().to_owned(),
            detail,
        });
    };
    if container.is_privileged() {
        add(What::Privileged, String::new());
    } else {
        let host = |name: &str| match name {
            "SYS_PTRACE" => spec.host_pid.is_true(),
            "NET_ADMIN" => spec.host_network.is_true(),
            _ => false,
        };
        let dangerous = container
            .capabilities()
            .map(|name| {
                name.get(..4)
                    .filter(|start| start.eq_ignore_ascii_case("CAP_"))
                    .map_or(name, |_| name.get(4..).unwrap_or_default())
            })
            .filter(|name| DANGEROUS.contains(&name.to_ascii_uppercase().as_str()) || host(name));
        let dangerous = joined(dangerous);
        if !dangerous.is_empty() {
            add(What::Capability, dangerous);
        }
    }
    let mounts = joined(sensitive_mounts(container, spec).iter().map(String::as_str));
    if !mounts.is_empty() {
        add(What::SensitiveMount, mounts);
    }
    if images::is_for_breaking_in(container.image.text()) {
        add(What::PentestImage, container.image.text().to_owned());
    }
    let command = container.command.items().iter().chain(container.args.items()).map(|part| &**part);
    if commands::purpose(command) == Some(commands::Purpose::ReverseShell) {
        add(What::ReverseShell, String::new());
    }
}

/// The paths of the node that a container has in a dangerous way.
fn sensitive_mounts(container: &Container<'_>, spec: &PodSpec<'_>) -> Vec<String> {
    let mut paths = Vec::new();
    for mount in container.mounts.items() {
        let volume = spec.volume(mount.name.text());
        let Some(folder) = volume.and_then(|volume| volume.host_path.get()) else { continue };
        let path = host_paths::normal(&format!("{}/{}", folder.path.text(), mount.sub_path.text()));
        let is_dangerous = match host_paths::danger(&path) {
            Some(OfPath::Seen) => true,
            Some(OfPath::Written) => !mount.read_only.is_true(),
            None => false,
        };
        if is_dangerous && !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths.sort_unstable();
    paths
}

/// The account of a token that is kept in a Secret, if it is named as they were up to 1.24: `NAME-token-XXXXX`.
fn account_of_token(secret: &str) -> Option<&str> {
    secret.rsplit_once("-token").map(|(account, _)| account)
}

/// Whether a service account of `kube-system` is one of Kubernetes' own controllers.
fn is_controller(name: &str) -> bool {
    Caller::of(&format!("system:serviceaccount:kube-system:{name}")) == Caller::ControlPlane
}

fn joined<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let mut all = String::new();
    for text in texts {
        if !all.is_empty() {
            all.push_str(", ");
        }
        all.push_str(text);
    }
    all
}
