//! What the operator decides about injections: the existing webhook's flags.

use std::ops::RangeInclusive;

/// Lifetime of a token if nobody says otherwise, in seconds. Source: `DefaultTokenExpiration`, and what EKS allows at most.
pub const DEFAULT_TOKEN_EXPIRATION: i64 = 86_400;

/// Shortest lifetime of a token, in seconds: the apiserver refuses a projected token of less.
/// Source: Kubernetes API reference, ServiceAccountTokenProjection `expirationSeconds`.
pub const MIN_TOKEN_EXPIRATION: i64 = 600;

/// Where the default lifetime of a Pod Identity token is drawn from, in seconds, so that the tokens of pods that began
/// together aren't renewed together. Source: `addJitterToDefaultToken`.
pub const JITTERED_TOKEN_EXPIRATION: RangeInclusive<i64> = 79_200..=DEFAULT_TOKEN_EXPIRATION;

/// Settings with the names and defaults of the existing webhook's flags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `--annotation-prefix`: what stands before `/role-arn` and the others.
    pub annotation_prefix: String,
    /// `--token-audience`: of a web identity token, unless the service account names one.
    pub token_audience: String,
    /// `--token-mount-path`: folder of the web identity token in a container.
    pub token_mount_path: String,
    /// `--token-expiration`, in seconds; [`MIN_TOKEN_EXPIRATION`] at least.
    pub token_expiration: i64,
    /// `--aws-default-region`: put into containers that name none.
    pub aws_default_region: Option<String>,
    /// `--sts-regional-endpoint`: whether SDKs are told to ask the region's own STS.
    pub sts_regional_endpoint: bool,
    /// `--container-credentials-…`: what pods of a Pod Identity association get.
    pub container_credentials: ContainerCredentials,
    /// `--compose-role-arn`: with what a bare role name is made an ARN.
    pub compose_role_arn: Option<ComposeRoleArn>,
}

/// What pods with a Pod Identity association get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerCredentials {
    /// `--container-credentials-audience`.
    pub audience: String,
    /// `--container-credentials-token-mount-path`.
    pub token_mount_path: String,
    /// `--container-credentials-token-volume-name`.
    pub token_volume_name: String,
    /// `--container-credentials-token-path`: the token's file, below the mount.
    pub token_path: String,
    /// `--container-credentials-full-uri`: where the agent listens.
    pub full_uri: String,
}

/// The rest of the ARN of a role that is given by its name and path alone.
///
/// The existing webhook asks the instance it runs on; this one is told, as most clusters run on none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComposeRoleArn {
    /// The account's twelve digits.
    pub account_id: String,
    /// `aws`, `aws-cn`, …
    pub partition: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            annotation_prefix: String::from("eks.amazonaws.com"),
            token_audience: String::from("sts.amazonaws.com"),
            token_mount_path: String::from("/var/run/secrets/eks.amazonaws.com/serviceaccount"),
            token_expiration: DEFAULT_TOKEN_EXPIRATION,
            aws_default_region: None,
            sts_regional_endpoint: false,
            container_credentials: ContainerCredentials::default(),
            compose_role_arn: None,
        }
    }
}

impl Default for ContainerCredentials {
    fn default() -> Self {
        Self {
            audience: String::from("pods.eks.amazonaws.com"),
            token_mount_path: String::from("/var/run/secrets/pods.eks.amazonaws.com/serviceaccount"),
            token_volume_name: String::from("eks-pod-identity-token"),
            token_path: String::from("eks-pod-identity-token"),
            full_uri: String::from("http://169.254.170.23/v1/credentials"),
        }
    }
}

impl Settings {
    /// The annotation with this name, prefix included.
    pub(super) fn annotation(&self, name: &str) -> String {
        format!("{}/{name}", self.annotation_prefix)
    }
}
