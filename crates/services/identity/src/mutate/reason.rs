//! Why a pod got what it got: what answers "why has my pod no credentials?".

use std::fmt;

use super::review::SKIP_LABEL;
use super::settings::{JITTERED_TOKEN_EXPIRATION, MIN_TOKEN_EXPIRATION};

/// Most characters of a user's word in a reason: a Kubernetes name has 253 at most.
const MAX_SHOWN: usize = 256;

/// How a pod gets its credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// By AssumeRoleWithWebIdentity, with its own token (IRSA).
    WebIdentity,
    /// From the Pod Identity agent.
    ContainerCredentials,
}

impl Method {
    /// The name that metrics count it by, as the existing webhook does.
    pub fn name(self) -> &'static str {
        match self {
            Self::WebIdentity => "sts_web_identity",
            Self::ContainerCredentials => "container_credentials",
        }
    }
}

/// Where a role comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleSource {
    /// The service account's annotation.
    Annotation,
    /// The ConfigMap `pod-identity-webhook`.
    ConfigMap,
}

/// One reason. Names and values are those of the request, cut and escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The request is about something other than a pod.
    NotAPod(String),
    /// The request does not create the pod.
    NotCreated(String),
    /// The request is about a part of a pod, as `exec`.
    Subresource(String),
    /// The pod is a static pod's mirror, which can't have tokens.
    MirrorPod,
    /// The pod has the label that keeps the webhook away.
    SkipLabel,
    /// The pod has no `spec`.
    NoSpec,
    /// The service account does not exist, or isn't known.
    UnknownServiceAccount(String),
    /// Nothing gives the service account a role.
    NoRole {
        /// `NAMESPACE/NAME`.
        account: String,
        /// The annotation that would.
        annotation: String,
    },
    /// The service account has an annotation that was meant to be another one.
    OtherAnnotation {
        /// What it has.
        found: String,
        /// What counts.
        meant: String,
    },
    /// The pod gets its credentials from the Pod Identity agent.
    PodIdentity(String),
    /// Nobody names the lifetime of the Pod Identity token, so that it is drawn by lot.
    DrawnExpiration,
    /// The pod gets a role by web identity.
    WebIdentity {
        /// `NAMESPACE/NAME`.
        account: String,
        /// The role's ARN, as it is injected.
        role: String,
        /// Where it comes from.
        source: RoleSource,
    },
    /// The role's ARN isn't one; it is injected all the same.
    RoleShape(String),
    /// A value can't be read; another counts.
    Unreadable {
        /// The annotation.
        annotation: String,
        /// Its value.
        value: String,
        /// What counts instead.
        used: String,
    },
    /// A lifetime is below the floor, which counts.
    BelowFloor {
        /// The annotation or setting.
        annotation: String,
        /// What it asks for, in seconds.
        asked: i64,
    },
    /// The annotation `skip-containers` names something that isn't a container.
    NoSuchContainer(String),
    /// A container is left alone because the pod says so.
    Skipped(String),
    /// A container has variables of its own, which stay.
    OwnVariables {
        /// The container.
        container: String,
        /// The variables.
        names: Vec<String>,
    },
    /// A container has its own credentials, region and STS, so that nothing is added to it, not even the mount.
    Complete(String),
    /// A container mounts a volume of that name already.
    OwnMount {
        /// The container.
        container: String,
        /// The volume.
        volume: String,
    },
    /// The pod has a volume of that name already.
    OwnVolume(String),
    /// What was added to a container.
    Injected {
        /// The container.
        container: String,
        /// The variables.
        names: Vec<&'static str>,
        /// Whether the volume is mounted.
        mounted: bool,
    },
    /// There are more containers than reasons are given for.
    MoreContainers,
}

impl Reason {
    /// Whether something is likely to be wrong, rather than just so.
    pub fn is_warning(&self) -> bool {
        matches!(
            self,
            Self::RoleShape(_)
                | Self::OtherAnnotation { .. }
                | Self::Unreadable { .. }
                | Self::BelowFloor { .. }
                | Self::NoSuchContainer(_)
        )
    }

    /// What to do about it, where there is something.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::SkipLabel => format!("take the label `{SKIP_LABEL}` off the pod to have it injected"),
            Self::MirrorPod => String::from("a static pod reads its credentials from files of its node"),
            Self::UnknownServiceAccount(_) => {
                String::from("create it before the pod, and create the pod again")
            }
            Self::NoRole { annotation, .. } => format!(
                "annotate the service account with `{annotation}: ROLE-ARN`, or make a Pod Identity association for it, and \
                 create the pod again"
            ),
            Self::OtherAnnotation { meant, .. } => format!("the annotation that counts is `{meant}`"),
            Self::RoleShape(_) => {
                String::from("a role's ARN is `arn:PARTITION:iam::ACCOUNT:role/NAME`; STS refuses any other")
            }
            Self::OwnVariables { container, .. } => {
                format!("take these variables off the container `{container}` to have them injected")
            }
            Self::NoSuchContainer(_) => String::from("names stand between commas, without blanks"),
            _ => return None,
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAPod(kind) => write!(f, "the request is about a `{kind}`, not a pod"),
            Self::NotCreated(operation) => {
                write!(f, "the request's operation is `{operation}`; a pod is injected when it is created")
            }
            Self::Subresource(name) => write!(f, "the request is about a pod's `{name}`"),
            Self::MirrorPod => {
                f.write_str("the pod mirrors a static pod, which can't have a service account's token")
            }
            Self::SkipLabel => write!(f, "the pod's label `{SKIP_LABEL}` keeps the webhook away"),
            Self::NoSpec => f.write_str("the pod has no `spec`"),
            Self::UnknownServiceAccount(account) => write!(f, "there is no service account `{account}`"),
            Self::NoRole { account, annotation } => write!(
                f,
                "the service account `{account}` has no role: no annotation `{annotation}`, no entry in the ConfigMap and no \
                 Pod Identity association"
            ),
            Self::OtherAnnotation { found, meant } => {
                write!(f, "the service account has an annotation `{found}`, but none `{meant}`")
            }
            Self::PodIdentity(account) => write!(
                f,
                "the service account `{account}` has a Pod Identity association, which goes before a role by annotation"
            ),
            Self::DrawnExpiration => {
                let (least, most) = JITTERED_TOKEN_EXPIRATION.into_inner();
                write!(f, "the token's lifetime is drawn from {least} to {most} seconds")
            }
            Self::WebIdentity { account, role, source } => {
                let source = match source {
                    RoleSource::Annotation => "its annotation",
                    RoleSource::ConfigMap => "the ConfigMap",
                };
                write!(f, "the service account `{account}` gets the role `{role}` by {source}")
            }
            Self::RoleShape(role) => write!(f, "`{role}` is no role's ARN; it is injected as it is"),
            Self::Unreadable { annotation, value, used } => {
                write!(f, "`{annotation}: {value}` can't be read, so that {used}")
            }
            Self::BelowFloor { annotation, asked } => {
                let floor = MIN_TOKEN_EXPIRATION;
                write!(
                    f,
                    "`{annotation}` asks for {asked} seconds; Kubernetes takes {floor} at least, which count"
                )
            }
            Self::NoSuchContainer(name) => {
                write!(f, "`skip-containers` names `{name}`, which is no container of the pod")
            }
            Self::Skipped(container) => {
                write!(f, "the container `{container}` is left alone: `skip-containers` names it")
            }
            Self::OwnVariables { container, names } => {
                write!(f, "the container `{container}` sets {} itself", list(names))
            }
            Self::Complete(container) => write!(
                f,
                "the container `{container}` has its own credentials, region and STS endpoint; nothing is added to it"
            ),
            Self::OwnMount { container, volume } => {
                write!(f, "the container `{container}` mounts a volume `{volume}` itself")
            }
            Self::OwnVolume(volume) => {
                write!(f, "the pod has a volume `{volume}` itself, which is taken for the token's")
            }
            Self::Injected { container, names, mounted } => {
                write!(f, "the container `{container}` gets ")?;
                match (names.is_empty(), mounted) {
                    (true, _) => f.write_str("the token's mount"),
                    (false, true) => write!(f, "{} and the token's mount", list(names)),
                    (false, false) => f.write_str(&list(names)),
                }
            }
            Self::MoreContainers => f.write_str("and so on: there are more containers"),
        }
    }
}

fn list(names: &[impl AsRef<str>]) -> String {
    names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}

/// A word of the request as it is shown: what could move a terminal's cursor is escaped, what is long is cut.
pub(super) fn shown(word: &str) -> String {
    let mut shown = String::new();
    for character in word.chars().take(MAX_SHOWN) {
        match character.is_control() {
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
    }
    if word.chars().nth(MAX_SHOWN).is_some() {
        shown.push('…');
    }
    shown
}
