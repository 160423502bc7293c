//! Where mappings come from, each source kept up to date in the background.
//!
//! A source that fails keeps what it knew last, and tells what is wrong and how old that is. Until it knows anything, nobody gets
//! in by it, nor by a source that comes after it: it may have something else to say of the same caller.

pub mod access_entries;
pub(crate) mod aws_auth;
pub(crate) mod file;
mod identity_mappings;
mod principals;
mod slot;
pub(crate) mod trees;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use ringwall_awsclient::Client;
use ringwall_kubernetes::Cluster;
use ringwall_rbac::entry::{RolePaths, Rules};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

pub use slot::{SourceState, Told};

use crate::Now;
use principals::Principals;
pub(crate) use slot::Slot;

/// User names that may not be given, unless a source's own rules say otherwise. Source: AWS EKS User Guide, *Create access
/// entries*, "Username".
pub const RESERVED: [&str; 5] = ["system:", "eks:", "aws:", "amazon:", "iam:"];

/// The user name of nodes in aws-auth: who comes by it has a session that is named after an instance, of which EC2 tells the
/// node's name. Source: AWS EKS User Guide, *Grant IAM users access to Kubernetes with a ConfigMap*.
pub const NODES: &str = "system:node:{{EC2PrivateDNSName}}";

/// How often a file is looked at: soon enough to be seen while one waits for it.
pub const FILE_EVERY: Duration = Duration::from_secs(2);

/// How often what IAM tells of roles is asked for again, so that a role which was deleted is noticed.
const PRINCIPALS_EVERY: Duration = Duration::from_secs(300);

/// A kind of source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// Access entries of the EKS API.
    AccessEntries,
    /// The ConfigMap `kube-system/aws-auth`.
    AwsAuth,
    /// IAMIdentityMapping objects.
    IdentityMappings,
    /// A file.
    File,
}

impl SourceKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::AccessEntries, Self::AwsAuth, Self::IdentityMappings, Self::File];

    /// Its name in settings, logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessEntries => "access-entries",
            Self::AwsAuth => "aws-auth",
            Self::IdentityMappings => "identity-mappings",
            Self::File => "file",
        }
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SourceKind {
    type Err = SetupError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| SetupError::UnknownSource(text.chars().take(64).collect()))
    }
}

/// Why sources can't be set up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// There is no source of this name.
    #[error("`{0}` is no source of mappings: access-entries, aws-auth, identity-mappings or file")]
    UnknownSource(String),
    /// No source is configured.
    #[error("no source of mappings is configured, so nobody would get in")]
    NoSource,
    /// A source is named twice.
    #[error("the source `{0}` is named twice")]
    Twice(SourceKind),
    /// A source lacks something.
    #[error("the source `{kind}` needs {what}")]
    Needs {
        /// The source.
        kind: SourceKind,
        /// What it lacks.
        what: &'static str,
    },
    /// The key of access passes can't be used.
    #[error("the key of access passes has {0} bytes where 32 or more are needed")]
    PassKey(usize),
    /// There is no randomness.
    #[error("the operating system gives no random bytes")]
    NoRandom,
    /// Nobody could call.
    #[error("no names of client certificates are configured, and calls without one are not allowed")]
    NoClients,
}

/// What one source may give; see [`Rules`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRules {
    /// Whom the ARN of a role with a path means. Does not concern access entries.
    pub role_paths: RolePaths,
    /// Whether `*` and `?` in an ARN's resource are wildcards. Does not concern access entries.
    pub wildcards: bool,
    /// Whether every entry needs a `userid`. Does not concern access entries.
    pub require_user_ids: bool,
    /// How user names may not begin.
    pub reserved_names: Vec<String>,
    /// How groups may not begin.
    pub reserved_groups: Vec<String>,
    /// User names as written, placeholders and all, that may begin so all the same.
    pub exceptions: Vec<String>,
}

impl SourceRules {
    /// Those that a source has unless others are configured.
    ///
    /// Reserved user names are refused in all of them. aws-auth, files and identity mappings may give nodes their name, and
    /// `system:masters` and the groups of nodes, which are what they are used for. Access entries may give no reserved group, as
    /// EKS's own don't.
    pub fn of(kind: SourceKind) -> Self {
        let reserved = || RESERVED.map(str::to_owned).to_vec();
        let is_entries = kind == SourceKind::AccessEntries;
        Self {
            role_paths: RolePaths::Known,
            wildcards: false,
            require_user_ids: false,
            reserved_names: reserved(),
            reserved_groups: if is_entries { reserved() } else { Vec::new() },
            exceptions: if is_entries { Vec::new() } else { vec![NODES.to_owned()] },
        }
    }

    fn rules(&self) -> Rules {
        let texts = |texts: &[String]| texts.iter().map(|text| Arc::from(text.as_str())).collect();
        Rules {
            role_paths: self.role_paths,
            wildcards: self.wildcards,
            require_user_ids: self.require_user_ids,
            reserved_names: texts(&self.reserved_names),
            reserved_groups: texts(&self.reserved_groups),
            exceptions: texts(&self.exceptions),
        }
    }
}

/// A source and its settings.
#[derive(Clone, Debug)]
pub struct Source {
    /// Which.
    pub kind: SourceKind,
    /// What it may give.
    pub rules: SourceRules,
}

impl From<SourceKind> for Source {
    fn from(kind: SourceKind) -> Self {
        Self { kind, rules: SourceRules::of(kind) }
    }
}

/// Where sources look.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The file of the source `file`.
    pub file: Option<PathBuf>,
    /// An aws-auth that counts until the ConfigMap is known, or for good without a cluster.
    pub aws_auth_file: Option<PathBuf>,
    /// How access entries are asked for.
    pub access_entries: access_entries::Settings,
}

/// What sources ask.
#[derive(Clone, Default)]
pub struct Parts {
    /// The cluster, for aws-auth and identity mappings.
    pub cluster: Option<Cluster>,
    /// AWS, for access entries, and for what IAM knows of roles.
    pub aws: Option<Client>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("cluster", &self.cluster.is_some())
            .field("aws", &self.aws.is_some())
            .finish()
    }
}

/// The sources in their order, kept up to date for as long as this lives.
#[derive(Debug)]
pub struct Sources {
    slots: Vec<Arc<Slot>>,
    look: Arc<Notify>,
    tasks: Vec<AbortHandle>,
}

impl Sources {
    /// Starts them. None is waited for.
    pub(crate) fn start(
        sources: &[Source],
        places: &Places,
        parts: &Parts,
        now: &Now,
    ) -> Result<Self, SetupError> {
        check(sources, places, parts)?;
        let look = Arc::new(Notify::new());
        let principals = Arc::new(Principals::new(parts.aws.clone()));
        let mut slots = Vec::new();
        let mut tasks = Vec::new();
        for source in sources {
            let slot = Arc::new(Slot::new(source.kind, Arc::clone(now)));
            slots.push(Arc::clone(&slot));
            let list = trees::List { slot, rules: source.rules.rules(), principals: Arc::clone(&principals) };
            let look = Arc::clone(&look);
            let task = match source.kind {
                SourceKind::AwsAuth => tokio::spawn(aws_auth::run(
                    list,
                    parts.cluster.clone(),
                    places.aws_auth_file.clone(),
                    look,
                )),
                SourceKind::IdentityMappings => match &parts.cluster {
                    Some(cluster) => tokio::spawn(identity_mappings::run(list, cluster.clone())),
                    None => continue,
                },
                SourceKind::File => match &places.file {
                    Some(path) => tokio::spawn(file::run(list, path.clone(), look)),
                    None => continue,
                },
                SourceKind::AccessEntries => match &parts.aws {
                    Some(aws) => {
                        let settings = places.access_entries.clone();
                        tokio::spawn(access_entries::run(list, settings, aws.clone(), look))
                    }
                    None => continue,
                },
            };
            tasks.push(task.abort_handle());
        }
        Ok(Self { slots, look, tasks })
    }

    pub(crate) fn slots(&self) -> &[Arc<Slot>] {
        &self.slots
    }

    /// Looks at files and the EKS API now.
    pub(crate) fn look(&self) {
        self.look.notify_waiters();
    }
}

impl Drop for Sources {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

fn check(sources: &[Source], places: &Places, parts: &Parts) -> Result<(), SetupError> {
    if sources.is_empty() {
        return Err(SetupError::NoSource);
    }
    for (place, source) in sources.iter().enumerate() {
        let kind = source.kind;
        if sources.iter().skip(place + 1).any(|other| other.kind == kind) {
            return Err(SetupError::Twice(kind));
        }
        let needs = match kind {
            SourceKind::AccessEntries if parts.aws.is_none() => Some("credentials for AWS"),
            SourceKind::AccessEntries if places.access_entries.cluster.is_empty() => {
                Some("the name that the EKS API knows the cluster by")
            }
            SourceKind::AwsAuth if parts.cluster.is_none() && places.aws_auth_file.is_none() => {
                Some("a kubeconfig, or a file of the ConfigMap")
            }
            SourceKind::IdentityMappings if parts.cluster.is_none() => Some("a kubeconfig"),
            SourceKind::File if places.file.is_none() => Some("the path of the file"),
            _ => None,
        };
        if let Some(what) = needs {
            return Err(SetupError::Needs { kind, what });
        }
    }
    Ok(())
}

/// Waits for the next time to look at something, or until it is asked for.
pub(crate) async fn next_look(look: &Notify, every: Duration) {
    // Running out is the usual way on.
    let _ = tokio::time::timeout(every, look.notified()).await;
}
