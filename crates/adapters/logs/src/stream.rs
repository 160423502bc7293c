//! Which of EKS's logs something is of.

use std::fmt;

/// The five logs of an EKS control plane.
///
/// Source: AWS, *EKS User Guide*, "Send control plane logs to CloudWatch Logs": the log group is `/aws/eks/CLUSTER/cluster`, and
/// the streams begin with these names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ControlPlaneLog {
    /// `kube-apiserver-audit-…`
    Audit,
    /// `kube-apiserver-…`
    Api,
    /// `authenticator-…`
    Authenticator,
    /// `kube-controller-manager-…`
    ControllerManager,
    /// `kube-scheduler-…`, or in older clusters `scheduler-…`
    Scheduler,
}

/// Beginnings of streams' names, the longer before what they begin with.
const STREAMS: [(&str, ControlPlaneLog); 6] = [
    ("kube-apiserver-audit-", ControlPlaneLog::Audit),
    ("kube-apiserver-", ControlPlaneLog::Api),
    ("authenticator-", ControlPlaneLog::Authenticator),
    ("kube-controller-manager-", ControlPlaneLog::ControllerManager),
    ("kube-scheduler-", ControlPlaneLog::Scheduler),
    ("scheduler-", ControlPlaneLog::Scheduler),
];

impl ControlPlaneLog {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Audit, Self::Api, Self::Authenticator, Self::ControllerManager, Self::Scheduler];

    /// The name by which EKS switches it on and off.
    pub fn name(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Api => "api",
            Self::Authenticator => "authenticator",
            Self::ControllerManager => "controllerManager",
            Self::Scheduler => "scheduler",
        }
    }

    /// Which one a log stream is of.
    pub fn of_stream(stream: &str) -> Option<Self> {
        STREAMS.iter().find(|(prefix, _)| stream.starts_with(prefix)).map(|(_, log)| *log)
    }

    /// Which one a file is of: an export to S3 has the stream as the name of a folder.
    pub fn of_path(path: &str) -> Option<Self> {
        path.rsplit(['/', '\\']).find_map(Self::of_stream)
    }
}

impl fmt::Display for ControlPlaneLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_and_exports_are_told_by_name() {
        for (name, log) in [
            ("kube-apiserver-audit-0123456789abcdef0123456789abcdef", Some(ControlPlaneLog::Audit)),
            ("kube-apiserver-0123456789abcdef0123456789abcdef", Some(ControlPlaneLog::Api)),
            ("authenticator-01", Some(ControlPlaneLog::Authenticator)),
            ("kube-controller-manager-01", Some(ControlPlaneLog::ControllerManager)),
            ("kube-scheduler-01", Some(ControlPlaneLog::Scheduler)),
            ("111122223333_CloudTrail_eu-west-1", None),
        ] {
            assert_eq!(ControlPlaneLog::of_stream(name), log, "{name}");
            assert_eq!(ControlPlaneLog::of_path(&format!("export/0f1e/{name}/000000.gz")), log, "{name}");
        }
    }
}
