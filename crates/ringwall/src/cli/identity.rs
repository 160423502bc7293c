//! `identity`: AWS identities for pods.

use std::path::PathBuf;

use clap::{ArgAction, ArgGroup, Args, Subcommand, ValueHint};
use ringwall_identity::issuer::{DEFAULT_EVERY, DEFAULT_MAX_AGE, DEFAULT_RETIRE_AFTER};
use ringwall_identity::mutate::{ComposeRoleArn, ContainerCredentials, DEFAULT_TOKEN_EXPIRATION, Settings};

use crate::error::Failure;

/// Give pods AWS identities: what the webhook injects, and the issuer that vouches for their tokens.
#[derive(Debug, Args)]
pub(crate) struct Identity {
    #[command(subcommand)]
    pub(crate) command: IdentityCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum IdentityCommand {
    Mutate(IdentityMutate),
    Publish(IdentityPublish),
}

/// Tell what the pod webhook does to a pod, and why: "why has my pod no credentials?".
///
/// Prints the JSON Patch (RFC 6902) of the webhook on standard output, `[]` if the pod is left alone, and the reasons on
/// standard error. Nothing is asked of a cluster. The flags are those of amazon-eks-pod-identity-webhook.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ringwall identity mutate --review review.json --service-account sa.yaml
  kubectl get serviceaccount checkout -n shop -o yaml > sa.yaml
  ringwall identity mutate --review review.json --service-account sa.yaml \\
    --aws-default-region eu-central-1 --watch-container-credentials-config identities.json

Exit status:
  0 answered   2 misuse   3 the review, a manifest or the list of identities could not be read")]
pub(crate) struct IdentityMutate {
    /// The AdmissionReview of the pod's creation, admission.k8s.io/v1 or v1beta1, in JSON; - is standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) review: PathBuf,
    /// Manifests with the pod's service account, YAML or JSON
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) service_account: PathBuf,
    /// A manifest of the ConfigMap pod-identity-webhook, which --watch-config-map of the webhook would follow
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config_map: Option<PathBuf>,
    /// The list of service accounts with a Pod Identity association: {"identities": [{"namespace", "serviceAccount"}]}
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) watch_container_credentials_config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) flags: MutateFlags,
}

/// What is injected: the existing webhook's flags, with its names and defaults.
#[derive(Debug, Args)]
pub(crate) struct MutateFlags {
    /// What stands before /role-arn and the other annotations
    #[arg(long, value_name = "PREFIX", default_value = "eks.amazonaws.com")]
    annotation_prefix: String,
    /// Region for containers that set none
    #[arg(long, value_name = "REGION")]
    aws_default_region: Option<String>,
    /// Make SDKs ask the region's own STS
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value = "false",
        default_missing_value = "true", action = ArgAction::Set)]
    sts_regional_endpoint: bool,
    /// Audience of web identity tokens, unless the service account names one
    #[arg(long, value_name = "AUDIENCE", default_value = "sts.amazonaws.com")]
    token_audience: String,
    /// Lifetime of tokens in seconds, at least 600, unless the service account or pod names one
    #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT_TOKEN_EXPIRATION)]
    token_expiration: i64,
    /// Folder of web identity tokens in containers
    #[arg(long, value_name = "PATH", default_value = "/var/run/secrets/eks.amazonaws.com/serviceaccount")]
    token_mount_path: String,
    /// Audience of Pod Identity tokens
    #[arg(long, value_name = "AUDIENCE", default_value = "pods.eks.amazonaws.com")]
    container_credentials_audience: String,
    /// Folder of Pod Identity tokens in containers
    #[arg(
        long,
        value_name = "PATH",
        default_value = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount"
    )]
    container_credentials_token_mount_path: String,
    /// Name of the volume of Pod Identity tokens
    #[arg(long, value_name = "NAME", default_value = "eks-pod-identity-token")]
    container_credentials_token_volume_name: String,
    /// File of Pod Identity tokens, below their folder
    #[arg(long, value_name = "PATH", default_value = "eks-pod-identity-token")]
    container_credentials_token_path: String,
    /// Where the Pod Identity agent listens
    #[arg(long, value_name = "URL", default_value = "http://169.254.170.23/v1/credentials")]
    container_credentials_full_uri: String,
    /// Make an ARN of a role that is given by name alone; needs --compose-role-arn-account-id
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value = "false",
        default_missing_value = "true", action = ArgAction::Set)]
    compose_role_arn: bool,
    /// The account of roles that are given by name alone
    #[arg(long, value_name = "ACCOUNT")]
    compose_role_arn_account_id: Option<String>,
    /// The partition of roles that are given by name alone
    #[arg(long, value_name = "PARTITION", default_value = "aws")]
    compose_role_arn_partition: String,
}

impl MutateFlags {
    /// The settings that they mean.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        let compose_role_arn = match (self.compose_role_arn, &self.compose_role_arn_account_id) {
            (false, _) => None,
            (true, Some(account)) => Some(ComposeRoleArn {
                account_id: account.clone(),
                partition: self.compose_role_arn_partition.clone(),
            }),
            (true, None) => {
                return Err(Failure::misuse_hint(
                    "--compose-role-arn needs an account",
                    "add --compose-role-arn-account-id ACCOUNT; no instance is asked for it",
                ));
            }
        };
        Ok(Settings {
            annotation_prefix: self.annotation_prefix.clone(),
            token_audience: self.token_audience.clone(),
            token_mount_path: self.token_mount_path.clone(),
            token_expiration: self.token_expiration,
            aws_default_region: self.aws_default_region.clone().filter(|region| !region.is_empty()),
            sts_regional_endpoint: self.sts_regional_endpoint,
            container_credentials: ContainerCredentials {
                audience: self.container_credentials_audience.clone(),
                token_mount_path: self.container_credentials_token_mount_path.clone(),
                token_volume_name: self.container_credentials_token_volume_name.clone(),
                token_path: self.container_credentials_token_path.clone(),
                full_uri: self.container_credentials_full_uri.clone(),
            },
            compose_role_arn,
        })
    }
}

/// Publish the keys of a cluster's service account tokens, so that AWS, or anyone, can check them.
///
/// Takes the keys from the apiserver, or from what it has as --service-account-key-file, and writes the two documents of an
/// OpenID Connect issuer to a folder that a web server serves, or to a bucket. A key that the cluster no longer has stays
/// published until the last token that it signed has ended; when a new one may sign is printed.
#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("source").required(true).args(["service_account_key_file", "kubeconfig", "in_cluster"])),
    group(ArgGroup::new("target").required(true).multiple(true).args(["folder", "bucket"])),
    after_help = "\
Examples:
  ringwall identity publish --kubeconfig admin.conf --folder /var/www/oidc
  ringwall identity publish --issuer https://oidc.example.com --service-account-key-file sa.pub --folder /var/www/oidc
  ringwall identity publish --in-cluster --bucket s3://example-oidc/blue --state /var/lib/ringwall/issuer.json --watch"
)]
pub(crate) struct IdentityPublish {
    /// The issuer, as the cluster's tokens name it; the apiserver's own if left out
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<String>,
    /// Public keys in PEM, as kube-apiserver has them; may be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "issuer")]
    pub(crate) service_account_key_file: Vec<PathBuf>,
    /// The cluster whose apiserver is asked
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig; its current one if left out
    #[arg(long, value_name = "NAME", requires = "kubeconfig")]
    pub(crate) context: Option<String>,
    /// Ask the apiserver of the cluster that this runs in
    #[arg(long)]
    pub(crate) in_cluster: bool,
    /// A token of a service account, whose issuer and key have to be those that are published
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) token: Option<PathBuf>,
    /// Folder to write the documents to
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) folder: Option<PathBuf>,
    /// Bucket to write the documents to, with what stands before their names
    #[arg(long, value_name = "s3://BUCKET[/PREFIX]", requires = "state")]
    pub(crate) bucket: Option<String>,
    /// The bucket's region; the environment's if left out
    #[arg(long, value_name = "REGION", requires = "bucket")]
    pub(crate) region: Option<String>,
    /// Where the bucket's service is, if it is not AWS
    #[arg(long, value_name = "URL", requires = "bucket")]
    pub(crate) endpoint_url: Option<String>,
    /// Where to keep what was published when; .ringwall-issuer.json in the folder if left out
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) state: Option<PathBuf>,
    /// How long verifiers may keep the documents, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT_MAX_AGE.as_secs())]
    pub(crate) max_age: u64,
    /// How long a key stays after the cluster has dropped it, in seconds: the longest life of a token, or more
    #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT_RETIRE_AFTER.as_secs())]
    pub(crate) retire_after: u64,
    /// Go on, and publish what changes
    #[arg(long)]
    pub(crate) watch: bool,
    /// How often to look for changes, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT_EVERY.as_secs(), requires = "watch",
        value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) every: u64,
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, Command, FromArgMatches as _};

    use super::*;
    use crate::config::ServeFlags;

    /// Who tries settings out offline finds each of them for the webhook itself, under its own name.
    #[test]
    fn every_flag_is_a_setting_of_the_webhook() {
        let serve = ServeFlags::augment_args(Command::new("serve"));
        let settings: Vec<&str> = serve.get_arguments().filter_map(|setting| setting.get_long()).collect();
        let mutate = IdentityMutate::augment_args(Command::new("mutate"));
        let inputs = ["review", "service-account", "config-map"];
        for flag in mutate.get_arguments().filter_map(|flag| flag.get_long()) {
            let setting = format!("identity-{flag}");
            assert!(inputs.contains(&flag) || settings.contains(&setting.as_str()), "no --{setting}");
        }
    }

    #[test]
    fn their_defaults_are_the_webhooks() {
        let matches = MutateFlags::augment_args(Command::new("mutate")).get_matches_from(["mutate"]);
        let flags = MutateFlags::from_arg_matches(&matches).unwrap();
        assert_eq!(flags.settings().unwrap(), Settings::default());
    }
}
