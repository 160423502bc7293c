//! What the operator decides about injections: the existing webhook's flags.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use ringwall_awsclient::partition::Partition;

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

/// A setting that can't be as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{setting}` can't be `{value}`: it has to be {wanted}")]
pub struct SettingProblem {
    /// The flag's name, without the dashes before it.
    pub setting: &'static str,
    /// What it is.
    pub value: String,
    /// What it has to be.
    pub wanted: &'static str,
}

impl Settings {
    /// What the apiserver or SDKs would refuse in every pod that gets it. The existing webhook injects it all the same.
    pub fn problems(&self) -> Vec<SettingProblem> {
        let Self { container_credentials: own, compose_role_arn, .. } = self;
        let mount_path = "an absolute path without `:`, as /var/run/secrets/eks.amazonaws.com/serviceaccount";
        let mut rules: Vec<(&str, &str, bool, &str)> = vec![
            (
                "annotation-prefix",
                &self.annotation_prefix,
                is_dns_name(&self.annotation_prefix),
                "a DNS name in lower case, as eks.amazonaws.com",
            ),
            ("token-mount-path", &self.token_mount_path, is_mount_path(&self.token_mount_path), mount_path),
            (
                "container-credentials-token-mount-path",
                &own.token_mount_path,
                is_mount_path(&own.token_mount_path),
                mount_path,
            ),
            (
                "container-credentials-token-volume-name",
                &own.token_volume_name,
                is_dns_label(&own.token_volume_name),
                "a name of at most 63 lower-case letters, digits and `-`, as eks-pod-identity-token",
            ),
            (
                "container-credentials-token-path",
                &own.token_path,
                is_below(&own.token_path),
                "a path below the folder of tokens, as eks-pod-identity-token",
            ),
            (
                "container-credentials-full-uri",
                &own.full_uri,
                is_credentials_uri(&own.full_uri),
                "https://…, or http:// and an address that SDKs take without TLS: 169.254.170.23, [fd00:ec2::23], \
                 169.254.170.2 or loopback",
            ),
        ];
        if let Some(ComposeRoleArn { account_id, partition }) = compose_role_arn {
            let digits = account_id.len() == 12 && account_id.bytes().all(|byte| byte.is_ascii_digit());
            rules.push((
                "compose-role-arn-account-id",
                account_id,
                digits,
                "the twelve digits of an account",
            ));
            let known = Partition::named(partition).is_some();
            rules.push((
                "compose-role-arn-partition",
                partition,
                known,
                "a partition of AWS, as aws or aws-cn",
            ));
        }
        let problem = |(setting, value, fits, wanted): (&'static str, &str, bool, &'static str)| {
            (!fits).then(|| SettingProblem { setting, value: value.to_owned(), wanted })
        };
        let mut problems: Vec<_> = rules.into_iter().filter_map(problem).collect();
        if self.token_expiration < MIN_TOKEN_EXPIRATION {
            problems.push(SettingProblem {
                setting: "token-expiration",
                value: self.token_expiration.to_string(),
                wanted: "600 seconds or more, as the apiserver makes no token for less",
            });
        }
        problems
    }

    /// The annotation with this name, prefix included.
    pub(super) fn annotation(&self, name: &str) -> String {
        format!("{}/{name}", self.annotation_prefix)
    }
}

/// Source: Kubernetes, *Object Names and IDs*, "RFC 1123 Label Names".
fn is_dns_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&text.len())
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Source: Kubernetes, *Labels and Selectors*, "Syntax and character set": a prefix is a DNS subdomain.
fn is_dns_name(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_dns_label)
}

/// Source: Kubernetes API reference, VolumeMount `mountPath`.
fn is_mount_path(text: &str) -> bool {
    text.starts_with('/') && !text.contains(':') && !text.chars().any(char::is_control)
}

/// Source: Kubernetes API reference, ServiceAccountTokenProjection `path`; `validateLocalNonReservedPath`.
fn is_below(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('/')
        && !text.starts_with("..")
        && text.split('/').all(|part| part != "..")
        && !text.chars().any(char::is_control)
}

/// Source: AWS, *AWS SDKs and Tools Reference Guide*, "Container credential provider": what `AWS_CONTAINER_CREDENTIALS_FULL_URI`
/// may be.
fn is_credentials_uri(text: &str) -> bool {
    let Ok(uri) = text.parse::<http::Uri>() else { return false };
    let Some(host) = uri.host().filter(|host| !host.is_empty()) else { return false };
    match uri.scheme_str() {
        Some("https") => true,
        Some("http") => match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            Ok(address) => address.is_loopback() || WITHOUT_TLS.contains(&address.to_string().as_str()),
            Err(_) => host == "localhost",
        },
        _ => false,
    }
}

/// Addresses of the agents of EKS and ECS, on a node's own link.
const WITHOUT_TLS: [&str; 3] = ["169.254.170.23", "fd00:ec2::23", "169.254.170.2"];

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut Settings)) -> Vec<&'static str> {
        let mut settings = Settings::default();
        change(&mut settings);
        settings.problems().into_iter().map(|problem| problem.setting).collect()
    }

    #[test]
    fn the_defaults_are_as_they_should_be() {
        assert_eq!(Settings::default().problems(), []);
    }

    #[test]
    fn what_no_pod_could_have_is_refused() {
        for prefix in ["", "EKS.amazonaws.com", "eks/amazonaws", "a..b", "-a.b"] {
            assert_eq!(refused(|it| it.annotation_prefix = prefix.into()), ["annotation-prefix"], "{prefix}");
        }
        for path in ["", "var/run", "/var:run", "/var\nrun"] {
            assert_eq!(refused(|it| it.token_mount_path = path.into()), ["token-mount-path"], "{path}");
            let refused = refused(|it| it.container_credentials.token_mount_path = path.into());
            assert_eq!(refused, ["container-credentials-token-mount-path"], "{path}");
        }
        for name in ["", "Token", "a.b", "a-", &"a".repeat(64)] {
            let refused = refused(|it| it.container_credentials.token_volume_name = name.into());
            assert_eq!(refused, ["container-credentials-token-volume-name"], "{name}");
        }
        for path in ["", "/token", "a/../../token", "..token"] {
            let refused = refused(|it| it.container_credentials.token_path = path.into());
            assert_eq!(refused, ["container-credentials-token-path"], "{path}");
        }
        for seconds in [599, 0, -1] {
            assert_eq!(refused(|it| it.token_expiration = seconds), ["token-expiration"]);
        }
        let compose = |account: &str, partition: &str| {
            let compose = ComposeRoleArn { account_id: account.into(), partition: partition.into() };
            refused(|it| it.compose_role_arn = Some(compose))
        };
        assert_eq!(compose("111122223333", "aws-us-gov"), [""; 0]);
        assert_eq!(compose("11112222333", "aws"), ["compose-role-arn-account-id"]);
        assert_eq!(compose("", "AWS"), ["compose-role-arn-account-id", "compose-role-arn-partition"]);
    }

    #[test]
    fn credentials_come_from_where_sdks_ask() {
        let taken = |uri: &str| refused(|it| it.container_credentials.full_uri = uri.into()).is_empty();
        for uri in [
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1/credentials",
            "http://127.0.0.1:8080/",
            "http://[::1]:8080/",
            "http://localhost/x",
            "https://agent.example.com/credentials",
        ] {
            assert!(taken(uri), "{uri}");
        }
        for uri in [
            "",
            "agent",
            "/v1/credentials",
            "http://10.0.0.1/",
            "http://agent/",
            "ftp://127.0.0.1/",
            "https:///x",
        ] {
            assert!(!taken(uri), "{uri}");
        }
    }
}
