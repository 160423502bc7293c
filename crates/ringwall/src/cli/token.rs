//! `ringwall token`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

use super::TokenVerify;

/// Print a token that lets you into a cluster as your AWS identity.
///
/// It is a credential plugin for kubectl: `ringwall kubeconfig` writes the entry that calls it. The token is what
/// `aws eks get-token` and aws-iam-authenticator make: EKS, aws-iam-authenticator and Ringwall's token webhook take it.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Examples:
  ringwall token --cluster-id shop --region eu-central-1
  ringwall token --cluster-id shop --role arn:aws:iam::111122223333:role/deploy --session-name jane
  ringwall token --cluster-id shop --sts-endpoint https://ringwall.example.com:7443 -o token

AWS credentials, region and endpoints are found as the AWS CLI finds them: environment, profile, web identity, container,
instance. The token is valid for a quarter of an hour, of which a minute is left for clocks that differ."
)]
pub(crate) struct Token {
    #[command(subcommand)]
    pub(crate) command: Option<TokenCommand>,
    #[command(flatten)]
    pub(crate) make: MakeToken,
}

/// What else there is to do with tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    Verify(TokenVerify),
}

#[derive(Debug, Args)]
pub(crate) struct MakeToken {
    #[command(flatten)]
    pub(crate) login: LoginFlags,
    /// How to print it
    #[arg(short = 'o', long = "output", value_name = "FORMAT", default_value = "exec-credential")]
    pub(crate) format: TokenFormat,
}

/// Whose token, and for which cluster.
#[derive(Debug, Args)]
pub(crate) struct LoginFlags {
    /// Id of the cluster: on EKS its name, elsewhere what its token webhook has as cluster.id
    #[arg(long, value_name = "ID", required = true)]
    pub(crate) cluster_id: Option<String>,
    /// Role to assume first
    #[arg(long, visible_alias = "role-arn", value_name = "ARN")]
    pub(crate) role: Option<String>,
    /// Name of the role's session, which cluster and CloudTrail see
    #[arg(long, value_name = "NAME", requires = "role")]
    pub(crate) session_name: Option<String>,
    /// Give the role's session the name of the session that assumes it
    #[arg(long, requires = "role", conflicts_with = "session_name")]
    pub(crate) forward_session_name: bool,
    /// External id that the role's trust policy asks for
    #[arg(long, value_name = "ID", requires = "role")]
    pub(crate) external_id: Option<String>,
    /// Region whose STS vouches for you; otherwise AWS_REGION, or the profile's
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Profile of the AWS CLI's files; otherwise AWS_PROFILE
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Where STS is, if not at AWS: the URL of `ringwall serve`; otherwise AWS_ENDPOINT_URL_STS or AWS_ENDPOINT_URL
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) sts_endpoint: Option<String>,
    /// Certificate authorities, in PEM, that are trusted beside the system's when a role is assumed; otherwise AWS_CA_BUNDLE
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ca_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TokenFormat {
    /// As kubectl reads it: an ExecCredential of the version that KUBERNETES_EXEC_INFO asks for
    ExecCredential,
    /// The token alone
    Token,
}
