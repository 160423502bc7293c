//! Which files of a node give it away.

/// How a mount of a path is dangerous.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Danger {
    /// If it can be written.
    Written,
    /// However it is mounted: a socket takes commands of whoever can see it.
    Seen,
}

/// Folders with which, and with all below them, a node can be taken over once they can be written: what is run, who may log in,
/// what the kubelet starts. Sources: the lists that are public of this (reference 2, "Peers"), and *Kubernetes Pod Security Standards*,
/// which forbids all of `hostPath`.
const TREES: [&str; 14] = [
    "/etc",
    "/root",
    "/home",
    "/proc",
    "/boot",
    "/bin",
    "/sbin",
    "/usr",
    "/lib64",
    "/lib/systemd",
    "/var/spool/cron",
    "/var/lib/kubelet/pki",
    "/var/lib/etcd",
    "/var/lib/rancher",
];

/// What node agents have below those with good reason: network plugins write their configuration, and many mount a time zone or
/// the certificates of authorities without saying that they only read.
const EXCEPTED: [&str; 11] = [
    "/etc/cni",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
    "/etc/machine-id",
    "/etc/os-release",
    "/etc/resolv.conf",
    "/usr/share/zoneinfo",
    "/usr/share/ca-certificates",
];

/// Folders that are dangerous as a whole, while what lies below is mostly not: what programs keep there of their own.
const FOLDERS: [&str; 13] = [
    "/",
    "/lib",
    "/opt",
    "/sys",
    "/run",
    "/run/containerd",
    "/var",
    "/var/run",
    "/var/lib",
    "/var/lib/docker",
    "/var/lib/containerd",
    "/var/lib/kubelet",
    "/var/lib/kubelet/pods",
];

/// Sockets of container runtimes, by their file's name.
const SOCKETS: [&str; 6] =
    ["docker.sock", "containerd.sock", "crio.sock", "cri-dockerd.sock", "dockershim.sock", "podman.sock"];

/// Whether and how a path of the node is dangerous to a node whose container has it.
pub(super) fn danger(path: &str) -> Option<Danger> {
    let path = normal(path);
    let below =
        |tree: &str| path == tree || path.strip_prefix(tree).is_some_and(|rest| rest.starts_with('/'));
    let file = path.rsplit('/').next().unwrap_or_default();
    if SOCKETS.contains(&file) {
        return Some(Danger::Seen);
    }
    let is_sensitive = FOLDERS.contains(&path.as_str())
        || (TREES.iter().any(|tree| below(tree)) && !EXCEPTED.iter().any(|known| below(known)));
    is_sensitive.then_some(Danger::Written)
}

/// The path with single slashes, none at the end, and without `.`; `..` goes up, as it does for the kernel.
pub(super) fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let mut normal = String::with_capacity(path.len().saturating_add(1));
    for part in &parts {
        normal.push('/');
        normal.push_str(part);
    }
    if normal.is_empty() { "/".to_owned() } else { normal }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_judged_as_the_kernel_reads_them() {
        for path in [
            "/",
            "//",
            "/etc/",
            "/./etc/cron.d",
            "/root",
            "/var/../etc",
            "/var/lib/kubelet",
            "/proc/sys",
            "",
            "etc",
        ] {
            assert_eq!(danger(path), Some(Danger::Written), "{path}");
        }
        for path in ["/run/containerd/containerd.sock", "/var//run/docker.sock"] {
            assert_eq!(danger(path), Some(Danger::Seen), "{path}");
        }
        for path in [
            "/var/log",
            "/etc/cni/net.d",
            "/etc/localtime",
            "/data",
            "/var/lib/kubelet/plugins/csi.sock",
            "/lib/modules",
            "/opt/cni/bin",
            "/etcetera",
            "/sys/fs/bpf",
            "/dev",
        ] {
            assert_eq!(danger(path), None, "{path}");
        }
    }
}
