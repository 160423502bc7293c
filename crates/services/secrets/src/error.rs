use ringwall_awsclient::{CallError, CredentialsError, ErrorKind};
use ringwall_grpc::GrpcError;
use ringwall_kubernetes::KubeError;
use tonic::{Code, Status};

use crate::extract::ExtractError;
use crate::objects::{GrammarError, Kind};

/// Why a provider can't be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// Its socket can't be listened on.
    #[error(transparent)]
    Socket(#[from] GrpcError),
    /// The provider's name is none that the driver looks for.
    #[error(
        "`{0}` is no provider's name: up to 30 letters, digits, `-` and `_` (hint: `aws`, as in the classes' `provider: aws`)"
    )]
    Name(String),
}

/// Why a volume can't be filled. Nothing of a secret's value is in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MountError {
    /// What the driver sent is no request of a volume.
    #[error("the mount request has {0}")]
    Request(String),
    /// A parameter of the SecretProviderClass.
    #[error("the parameter `{name}` {message} (hint: {hint})")]
    Parameter {
        /// Its name.
        name: &'static str,
        /// What is wrong.
        message: String,
        /// What to write.
        hint: &'static str,
    },
    /// The parameter `objects`.
    #[error(transparent)]
    Objects(#[from] GrammarError),
    /// The driver sends no token of the pod's.
    #[error(
        "there is no service-account token for the audience `{audience}` (hint: list it under tokenRequests of the CSIDriver `secrets-store.csi.k8s.io`, and restart the pod)"
    )]
    NoToken {
        /// The audience.
        audience: &'static str,
    },
    /// The tokens are not what the driver's protocol says.
    #[error(
        "the service-account tokens {0} (hint: the CSIDriver's tokenRequests makes them; nothing else may set them)"
    )]
    Token(&'static str),
    /// The service account names no role.
    #[error(
        "the service account `{namespace}/{name}` has no role (hint: annotate it with `eks.amazonaws.com/role-arn`, or set the parameter `usePodIdentity: \"true\"`)"
    )]
    NoRole {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// There is no such service account.
    #[error("there is no service account `{namespace}/{name}`")]
    NoServiceAccount {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// Nothing says which region is asked.
    #[error(
        "no region is known (hint: set the parameter `region`, or AWS_REGION for the provider, or the label `topology.kubernetes.io/region` on the node)"
    )]
    NoRegion,
    /// The apiserver had to be asked and did not answer.
    #[error("{0}")]
    Cluster(#[from] KubeError),
    /// It would have to be asked, and the provider runs without it.
    #[error(
        "the provider runs without a cluster and can't {0} (hint: start it with a kubeconfig or in a pod)"
    )]
    NoCluster(&'static str),
    /// The pod's role can't be had.
    #[error("{region}: {source}{}", credentials_hint(source.kind()))]
    Credentials {
        /// Where it was asked for.
        region: String,
        /// Why.
        source: CredentialsError,
    },
    /// A call to AWS failed.
    #[error("{region}: `{object}`: {source}{}", call_hint(*kind, source))]
    Call {
        /// Where.
        region: String,
        /// For what: one object, or several parameters.
        object: String,
        /// Of which service.
        kind: Kind,
        /// Why.
        source: Box<CallError>,
    },
    /// Parameters that aren't there.
    #[error(
        "{region}: there are no parameters {names} (hint: check names, versions and labels, and that they are of this region and account)"
    )]
    NoParameters {
        /// Where.
        region: String,
        /// Which, in backticks.
        names: String,
    },
    /// An answer of AWS's that has not the form it should have.
    #[error("{region}: the answer for `{object}` has no {what}")]
    Answer {
        /// Where.
        region: String,
        /// For what.
        object: String,
        /// What is missing.
        what: &'static str,
    },
    /// A value that is longer than its service allows.
    #[error("`{object}` has {bytes} bytes, and {max} are the most that its service keeps")]
    TooLong {
        /// Which object.
        object: String,
        /// How many it has.
        bytes: usize,
        /// The most.
        max: usize,
    },
    /// A part of a JSON value can't be had.
    #[error("`objects` line {line}: `{object}`: {source}{}", extract_hint(*source))]
    Extract {
        /// The line of the object, or of the entry of jmesPath.
        line: u32,
        /// The object.
        object: String,
        /// Why.
        source: ExtractError,
    },
    /// Two files of a volume, at least one of a JSON value's key, are the same.
    #[error(
        "`objects` line {line}: a key of `{object}` makes a file that line {first} makes already (hint: give that one another objectAlias, or list single keys under jmesPath)"
    )]
    SameFile {
        /// The line of the object with the keys.
        line: u32,
        /// The object.
        object: String,
        /// The line of the other.
        first: u32,
    },
    /// More files than a volume may have.
    #[error(
        "the volume would have more than {0} files (hint: spread the objects over several SecretProviderClasses)"
    )]
    TooMany(usize),
    /// More than the driver takes.
    #[error(
        "the volume has more than the {max} bytes that the driver takes (hint: raise the driver's `--max-call-recv-msg-size` and this provider's limit, or spread the objects over several SecretProviderClasses)"
    )]
    TooLarge {
        /// The most.
        max: usize,
    },
    /// A bug.
    #[error("the provider failed (hint: its log says why)")]
    Internal,
}

impl MountError {
    /// Its gRPC status. The driver tries again by itself on `UNAVAILABLE` alone, three times; kubelet tries again always.
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Request(_) | Self::Parameter { .. } | Self::Objects(_) | Self::Token(_) => {
                Code::InvalidArgument
            }
            Self::NoToken { .. }
            | Self::NoRole { .. }
            | Self::NoRegion
            | Self::NoCluster(_)
            | Self::Extract { .. }
            | Self::SameFile { .. } => Code::FailedPrecondition,
            Self::NoServiceAccount { .. } | Self::NoParameters { .. } => Code::NotFound,
            Self::Cluster(error) if error.is_temporary() => Code::Unavailable,
            Self::Cluster(error) => match error.status() {
                Some(401 | 403) => Code::PermissionDenied,
                _ => Code::Internal,
            },
            Self::Credentials { source, .. } => code(source.kind()),
            Self::Call { source, .. } => code(source.kind),
            Self::TooLong { .. } | Self::TooLarge { .. } | Self::TooMany(_) => Code::OutOfRange,
            Self::Answer { .. } | Self::Internal => Code::Internal,
        }
    }

    /// Whether it is the caller's to put right, as a status of 4xx is: then the other region is not asked instead.
    ///
    /// Source: AWS provider, README, *Automated Failover Regions*, and `utils/error_handling_helper.go`.
    pub(crate) fn is_fatal(&self) -> bool {
        match self {
            Self::Call { source, .. } => source.is_client_error() || (400..500).contains(&source.status),
            Self::Credentials { source, .. } => {
                !matches!(source.kind(), ErrorKind::Unavailable | ErrorKind::Throttled)
            }
            _ => true,
        }
    }

    pub(crate) fn status(&self) -> Status {
        Status::new(self.code(), self.to_string())
    }
}

fn code(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::Throttled => Code::ResourceExhausted,
        ErrorKind::Denied => Code::PermissionDenied,
        ErrorKind::NotFound => Code::NotFound,
        ErrorKind::Invalid => Code::FailedPrecondition,
        ErrorKind::Expired | ErrorKind::NoCredentials => Code::Unauthenticated,
        ErrorKind::Unavailable => Code::Unavailable,
        _ => Code::Unknown,
    }
}

fn call_hint(kind: Kind, error: &CallError) -> &'static str {
    match (error.kind, kind) {
        (ErrorKind::Denied, Kind::Secret) => {
            " (hint: allow the pod's role secretsmanager:GetSecretValue and secretsmanager:DescribeSecret on it, and kms:Decrypt on its key if that is its own)"
        }
        (ErrorKind::Denied, Kind::Parameter) => {
            " (hint: allow the pod's role ssm:GetParameters on them, and kms:Decrypt on the key of a SecureString)"
        }
        (ErrorKind::NotFound, _) => {
            " (hint: check name, version and label, and that it is of this region and account)"
        }
        (ErrorKind::Throttled, _) => {
            " (hint: fewer objects or a longer rotation poll interval of the driver take fewer calls)"
        }
        (ErrorKind::Unavailable, _) => {
            " (hint: check the node's way to the service; a failoverRegion is asked in its place)"
        }
        _ => "",
    }
}

fn credentials_hint(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Denied => {
            " (hint: the role's trust policy has to name the cluster's issuer and the service account, or there has to be a Pod Identity association)"
        }
        ErrorKind::NotFound => " (hint: is there a Pod Identity association for the service account?)",
        ErrorKind::Expired => {
            " (hint: the token's time is over; are the node's and the apiserver's clocks right?)"
        }
        ErrorKind::Unavailable => {
            " (hint: check the node's way to STS, or that the Pod Identity agent runs on the node)"
        }
        _ => "",
    }
}

fn extract_hint(error: ExtractError) -> &'static str {
    match error {
        ExtractError::NotJson => {
            " (hint: only JSON values have parts; binary ones and plain text are mounted whole)"
        }
        ExtractError::NotObject => {
            " (hint: `jsonKeys: all` takes an object, as {\"user\": …}; select from a list by jmesPath)"
        }
        ExtractError::Nothing => " (hint: check the path against the value's keys)",
        ExtractError::NotString => " (hint: `to_string(…)` around the path makes one of anything)",
        ExtractError::Failed => " (hint: check functions and their arguments)",
        ExtractError::Key(_) => " (hint: list single keys under jmesPath, with an objectAlias each)",
    }
}
