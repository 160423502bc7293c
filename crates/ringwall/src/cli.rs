mod agent;
mod agent_network;
mod detect;
mod etcd;
mod findings;
mod identity;
mod kms;
mod kms_keyring;
mod kms_rotate;
mod kms_serve;
mod kms_verify;
mod kubeconfig;
mod lake;
mod reach;
mod scan;
mod secrets;
mod timeline;
mod token;
mod token_verify;
mod webhooks;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use ringwall_iam::PolicyKind;
use ringwall_iam::lint::Level;
use ringwall_model::Severity;

pub(crate) use self::agent::Agent;
pub(crate) use self::agent_network::{Established, NetworkFlags};
pub(crate) use self::detect::{Detect, DetectFormat};
pub(crate) use self::etcd::{EtcdAccess, EtcdOptional, EtcdRequired, Objects};
pub(crate) use self::findings::{
    Findings, FindingsArchive, FindingsCommand, FindingsList, FindingsRate, FindingsWhere, Rating,
};
pub(crate) use self::identity::{Identity, IdentityCommand, IdentityMutate, IdentityPublish};
pub(crate) use self::kms::{Kms, KmsCommand};
pub(crate) use self::kms_keyring::{Keyring, KeyringCommand, KeyringPlace};
pub(crate) use self::kms_rotate::KmsRotate;
pub(crate) use self::kms_serve::KmsServe;
pub(crate) use self::kms_verify::KmsVerify;
pub(crate) use self::kubeconfig::Kubeconfig;
pub(crate) use self::lake::{Hunt, LakeAdd, LakeCommand, LakeCompact, LakeExpire, LakeGroup};
pub(crate) use self::reach::{
    DiffFailOn, Reach, ReachAsk, ReachCommand, ReachDiff, ReachFormat, ReachSuggest,
};
pub(crate) use self::scan::{
    DbAction, RegistryAccess, Scan, ScanCommand, ScanCompare, ScanFormat, ScanSeverity, ScanTarget,
};
pub(crate) use self::secrets::{Secrets, SecretsCommand, SecretsCommon, SecretsServe, SecretsSync};
pub(crate) use self::timeline::Timeline;
pub(crate) use self::token::{LoginFlags, MakeToken, Token, TokenCommand, TokenFormat};
pub(crate) use self::token_verify::TokenVerify;
pub(crate) use self::webhooks::ClusterWebhooks;
use crate::config::{ServeFlags, StoreFlags};
use crate::error::Failure;

/// Who can get into your Kubernetes cluster, what they can do there, and the proof.
///
/// Ringwall reads a snapshot: a folder with the cluster's Kubernetes objects and, for EKS, with exports of
/// the AWS CLI. It needs no cluster and no AWS account. Every answer names the object, file and line that
/// it rests on.
#[derive(Debug, Parser)]
#[command(
    name = "ringwall",
    version,
    propagate_version = true,
    disable_help_subcommand = true,
    after_help = "\
Begin with:
  ringwall assess examples/storefront
  ringwall can examples/storefront --as shop/checkout get secrets -n shop
  ringwall who-can examples/storefront get nodes/proxy
  ringwall reach examples/storefront
  ringwall detect examples/storefront

Exit status:
  0 fine, or yes   1 no, or --fail-on met   2 misuse
  3 answered, but part of the input could not be read or the verdict is unknown"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// When to use colour; NO_COLOR is honoured
    #[arg(
        long = "color",
        visible_alias = "colour",
        value_name = "WHEN",
        default_value = "auto",
        global = true
    )]
    pub(crate) colour: Colour,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Assess(Assess),
    Can(Can),
    WhoCan(WhoCan),
    Reach(Reach),
    Scan(Scan),
    Detect(Detect),
    Findings(Findings),
    Timeline(Timeline),
    Lake(LakeGroup),
    Hunt(Hunt),
    Iam(Iam),
    Init(Init),
    Serve(Serve),
    Kms(Kms),
    Secrets(Secrets),
    Agent(Agent),
    Token(Token),
    Kubeconfig(Kubeconfig),
    Account(Account),
    Cluster(Cluster),
    Identity(Identity),
    RootKey(RootKeyGroup),
    Store(StoreGroup),
    Completions(Completions),
    Man(Man),
}

#[derive(Debug, Args)]
pub(crate) struct Snapshot {
    /// Folder of the snapshot
    #[arg(value_name = "SNAPSHOT", value_hint = ValueHint::DirPath)]
    pub(crate) folder: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Output {
    /// How to print the answer
    #[arg(short = 'o', long = "output", value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,
}

/// Report the cluster ring by ring: who gets in, what each can do, what is wrong.
///
/// Prints who gets into the cluster and as whom, what each of them can do there, and every check that
/// fails, worst first, with the file and line of its proof.
#[derive(Debug, Args)]
pub(crate) struct Assess {
    #[command(flatten)]
    pub(crate) snapshot: Snapshot,
    #[command(flatten)]
    pub(crate) output: Output,
    /// Exit with 1 if a check of this severity or worse fails
    #[arg(long, value_name = "SEVERITY", value_parser = ["low", "medium", "high", "critical"])]
    fail_on: Option<String>,
    /// Judge this check alone; may be repeated
    #[arg(long = "check", value_name = "ID")]
    pub(crate) checks: Vec<String>,
}

impl Assess {
    /// The severity from which a failed check makes the command fail.
    pub(crate) fn fail_on(&self) -> Option<Severity> {
        self.fail_on.as_deref().and_then(|text| text.parse().ok())
    }
}

/// Tell whether someone may do something, and because of what.
///
/// Answers as the cluster's own authorizers would: the node authorizer, RBAC, and the access policies of
/// EKS for an IAM principal; and for an action of AWS as IAM would.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ringwall can SNAPSHOT --as jane@example.com list pods -n shop
  ringwall can SNAPSHOT --as group:shop-developers create pods/exec -n payments
  ringwall can SNAPSHOT --as shop/checkout get secrets/db -n shop
  ringwall can SNAPSHOT --as arn:aws:iam::111122223333:role/ci-deploy patch deployments.apps -n shop
  ringwall can SNAPSHOT --as arn:aws:iam::111122223333:role/ci s3:GetObject arn:aws:s3:::orders/2026/x
  ringwall can SNAPSHOT --as shop/checkout secretsmanager:GetSecretValue arn:aws:secretsmanager:…
  ringwall can SNAPSHOT --as arn:aws:iam::111122223333:role/ci 's3:*' 'arn:aws:s3:::orders/*'
  ringwall can SNAPSHOT --batch questions.jsonl

A verb with a colon is an AWS action: it is decided from the policies in aws/, for a service account
by each way to AWS credentials that its pods have. A pattern of actions lists those that are allowed.

A batch holds the `spec` of one SubjectAccessReview a line. It is answered as the apiserver
would, one line each, in the same order; the groups are those in the line, no more.")]
pub(crate) struct Can {
    #[command(flatten)]
    pub(crate) snapshot: Snapshot,
    /// Who asks: a user, group:NAME, NAMESPACE/SERVICEACCOUNT, or the ARN of an IAM user, role or session
    #[arg(long = "as", value_name = "WHO", required_unless_present = "batch")]
    pub(crate) who: Option<String>,
    /// A further group of the one who asks; may be repeated
    #[arg(long = "as-group", value_name = "GROUP", conflicts_with = "batch")]
    pub(crate) groups: Vec<String>,
    #[command(flatten)]
    pub(crate) action: OptionalAction,
    #[command(flatten)]
    pub(crate) request: RequestContext,
    /// Answer a SubjectAccessReview spec (JSON) a line; - is standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["who", "verb", "resource", "pairs", "format"])]
    pub(crate) batch: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct OptionalAction {
    /// Verb: get, list, watch, create, update, patch, delete, deletecollection, or a special one; or an AWS action
    /// such as s3:GetObject
    #[arg(value_name = "VERB", required_unless_present = "batch")]
    pub(crate) verb: Option<String>,
    /// What: pods, deployments.apps, pods/exec, secrets/db, or a path such as /metrics; for an AWS action an ARN or *
    #[arg(value_name = "RESOURCE", required_unless_present = "batch")]
    pub(crate) resource: Option<String>,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct RequestContext {
    /// For an AWS action: what the request carries, as aws:SourceVpce=vpce-1; may be repeated, also for a further value
    #[arg(long = "context", value_name = "KEY=VALUE")]
    pub(crate) pairs: Vec<String>,
}

impl RequestContext {
    /// Kubernetes' authorizers look at nothing of the kind.
    pub(crate) fn refuse(&self, verb: &str) -> Result<(), Failure> {
        if self.pairs.is_empty() {
            return Ok(());
        }
        Err(Failure::misuse_hint(
            format!("`--context` is for actions of AWS, and `{verb}` is none"),
            "an action of AWS is written as s3:GetObject",
        ))
    }
}

#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Namespace; without it the question is about all namespaces
    #[arg(short, long, value_name = "NS")]
    pub(crate) namespace: Option<String>,
    /// Subresource, if RESOURCE does not name it
    #[arg(long, value_name = "NAME")]
    pub(crate) subresource: Option<String>,
    /// For list and watch: metadata.name=NAME narrows the question to one object, as the apiserver takes it
    #[arg(long, value_name = "SELECTOR")]
    pub(crate) field_selector: Option<String>,
}

/// List everyone who may do something, from the AWS principal to the rule.
///
/// Each block tells who, where in the cluster, by which binding and rule, and which AWS principals become
/// that subject. Without a namespace the answer covers the whole cluster and every namespace.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ringwall who-can SNAPSHOT get secrets -n payments
  ringwall who-can SNAPSHOT create pods/exec
  ringwall who-can SNAPSHOT update configmaps/aws-auth -n kube-system
  ringwall who-can SNAPSHOT get /metrics
  ringwall who-can SNAPSHOT secretsmanager:GetSecretValue arn:aws:secretsmanager:…:secret:payments-AbCdEf
  ringwall who-can SNAPSHOT sts:AssumeRoleWithWebIdentity arn:aws:iam::111122223333:role/checkout")]
pub(crate) struct WhoCan {
    #[command(flatten)]
    pub(crate) snapshot: Snapshot,
    /// Verb: get, list, watch, create, update, patch, delete, deletecollection, or a special one; or an AWS action
    /// such as s3:GetObject
    #[arg(value_name = "VERB")]
    pub(crate) verb: String,
    /// What: pods, deployments.apps, pods/exec, secrets/db, or a path such as /metrics; for an AWS action an ARN or *
    #[arg(value_name = "RESOURCE")]
    pub(crate) resource: String,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) request: RequestContext,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Ask about AWS IAM: what its policies decide and what they mean.
#[derive(Debug, Args)]
pub(crate) struct Iam {
    #[command(subcommand)]
    pub(crate) command: IamCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum IamCommand {
    Eval(IamEval),
    Lint(IamLint),
}

/// Decide requests from the policies given with them.
///
/// Each line brings a request and every policy that has a say in it; each answer tells the decision, which
/// layer blocks it, and the statements that decide. No snapshot and no AWS account is needed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ringwall iam eval --batch requests.jsonl
  generate-requests | ringwall iam eval --batch -

A line in, and its line out:
  {\"principal\": \"arn:aws:iam::111122223333:role/app\", \"action\": \"s3:GetObject\",
   \"resource\": \"arn:aws:s3:::data/report.csv\", \"context\": {\"aws:SourceVpc\": [\"vpc-1\"]},
   \"policies\": {\"identity\": [{\"name\": \"read\", \"policy\": {\"Version\": \"2012-10-17\", …}}]}}
  {\"decision\": \"Allowed\", \"blockedBy\": [], \"statements\": [{\"layer\": \"identity\", …}],
   \"assumed\": [], \"error\": null}

Layers are identity, resource, boundary, session, vpcEndpoint, scp and rcp; one that is left out
does not apply. docs/reference/output.md has both lines in full.")]
pub(crate) struct IamEval {
    /// Answer a request (JSON) a line; - is standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) batch: PathBuf,
}

/// Find policies that mean something else than they seem.
///
/// Looks for actions, resources, keys and variables that match nothing, for conditions that hold when their
/// key is absent, and for grants that reach farther than they read. A file is a policy, or an export of the
/// AWS CLI that holds policies, as JSON or YAML.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ringwall iam lint policy.json
  ringwall iam lint --type scp --fail-on security scps/*.json
  aws iam get-account-authorization-details | ringwall iam lint -

Levels:
  error       AWS refuses it, or it can never do what it is written for
  security    it allows more, or denies less, than it seems
  warning     it may mean something else than its author thinks
  suggestion  worth tidying: it means the same without

AWS's own managed policies and versions that are not the default are left out.
docs/reference/iam-lint.md lists the checks.")]
pub(crate) struct IamLint {
    /// Files to look at; - is standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// What the policies are attached to; without it the content tells
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) kind: Option<PolicyType>,
    /// Exit with 1 if there is a finding of this level or a graver one
    #[arg(long, value_name = "LEVEL", default_value = "error")]
    pub(crate) fail_on: LintLevel,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyType {
    /// A user, group or role
    Identity,
    /// A resource other than a role
    Resource,
    /// A role, as its trust policy
    Trust,
    /// An organization's node, as a service control policy
    Scp,
    /// An organization's node, as a resource control policy
    Rcp,
    /// A user or role, as its permissions boundary
    Boundary,
    /// A session
    Session,
    /// A VPC endpoint
    Endpoint,
}

impl PolicyType {
    /// The type's name in the output.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Resource => "resource",
            Self::Trust => "trust",
            Self::Scp => "scp",
            Self::Rcp => "rcp",
            Self::Boundary => "boundary",
            Self::Session => "session",
            Self::Endpoint => "endpoint",
        }
    }

    pub(crate) fn of(kind: PolicyKind) -> Self {
        match kind {
            PolicyKind::Identity => Self::Identity,
            PolicyKind::Resource => Self::Resource,
            PolicyKind::Trust => Self::Trust,
            PolicyKind::Scp => Self::Scp,
            PolicyKind::Rcp => Self::Rcp,
            PolicyKind::Boundary => Self::Boundary,
            PolicyKind::Session => Self::Session,
            PolicyKind::VpcEndpoint => Self::Endpoint,
        }
    }
}

impl From<PolicyType> for PolicyKind {
    fn from(policy_type: PolicyType) -> Self {
        match policy_type {
            PolicyType::Identity => Self::Identity,
            PolicyType::Resource => Self::Resource,
            PolicyType::Trust => Self::Trust,
            PolicyType::Scp => Self::Scp,
            PolicyType::Rcp => Self::Rcp,
            PolicyType::Boundary => Self::Boundary,
            PolicyType::Session => Self::Session,
            PolicyType::Endpoint => Self::VpcEndpoint,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LintLevel {
    Suggestion,
    Warning,
    Security,
    Error,
}

impl From<LintLevel> for Level {
    fn from(level: LintLevel) -> Self {
        match level {
            LintLevel::Suggestion => Self::Suggestion,
            LintLevel::Warning => Self::Warning,
            LintLevel::Security => Self::Security,
            LintLevel::Error => Self::Error,
        }
    }
}

/// Serve AWS's APIs, a cluster's webhooks, or the audit service.
///
/// `--services` names what runs: aws (STS, IAM, KMS, Secrets Manager, Parameter Store, EKS), authn (the token webhook),
/// identity (the pod webhook), issuer, audit (docs/plugs/audit.md). The aws CLI and every SDK work with the first once
/// AWS_ENDPOINT_URL names it: requests are signed, decided by the IAM engine, kept in a database on this machine and
/// written to a trail. It listens on this machine alone until told otherwise. Every setting is a flag, an environment variable or a line of ringwall.toml; flags come first.
#[derive(Debug, Args)]
#[command(after_help = "\
Begin with:
  ringwall init                          once: root key, account, administrator
  ringwall serve
  export AWS_ENDPOINT_URL=https://localhost:7443
  export AWS_CA_BUNDLE=~/.local/share/ringwall/tls/ca.pem
  export AWS_SHARED_CREDENTIALS_FILE=~/.config/ringwall/credentials
  aws sts get-caller-identity

For others to reach it:
  ringwall serve --listen 0.0.0.0:7443 --tls-names ringwall.example.com

Signals:
  SIGTERM, SIGINT   no new requests, finish those in hand, end
  SIGHUP            read settings and certificates again, which also happens when their files change

--help has all settings, -h the usual ones; docs/reference/config.md has them as a page.")]
pub(crate) struct Serve {
    /// Print the settings in force and who set each, without passwords, and end
    #[arg(long)]
    pub(crate) print_config: bool,
    #[command(flatten)]
    pub(crate) flags: ServeFlags,
}

/// Make an installation: root key, store, first account.
///
/// What is kept is sealed under the root key, which lies outside the data folder. The account begins with an
/// administrator, whose access key goes into a credentials file that only you can read; it is shown nowhere. An
/// installation that is there is left alone.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ringwall init
  ringwall init --account-id 111122223333 --data-folder /var/lib/ringwall --root-key file:/etc/ringwall/root.key
  ringwall init --root-key passphrase:file:/run/secrets/passphrase --store postgres://ringwall@db/ringwall")]
pub(crate) struct Init {
    /// Id of the account, twelve digits; without it a random one
    #[arg(long, value_name = "ID")]
    pub(crate) account_id: Option<String>,
    /// What people call the account
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub(crate) name: String,
    /// File for the administrator's access key, instead of ~/.config/ringwall/credentials
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) credentials: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) flags: StoreFlags,
}

/// Make accounts and list them.
#[derive(Debug, Args)]
pub(crate) struct Account {
    #[command(subcommand)]
    pub(crate) command: AccountCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    Create(AccountCreate),
    List(AccountList),
}

/// Make a further account, with an administrator of its own.
///
/// Accounts share the installation and nothing else: what one may do in another, policies on both sides say. The
/// server may run meanwhile.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  ringwall account create staging
  AWS_PROFILE=staging aws sts get-caller-identity")]
pub(crate) struct AccountCreate {
    /// What people call the account; its profile in the credentials file
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Id of the account, twelve digits; without it a random one
    #[arg(long, value_name = "ID")]
    pub(crate) account_id: Option<String>,
    /// File for the administrator's access key, instead of ~/.config/ringwall/credentials
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) credentials: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) flags: StoreFlags,
}

/// List the accounts: id and name.
#[derive(Debug, Args)]
pub(crate) struct AccountList {
    #[command(flatten)]
    pub(crate) flags: StoreFlags,
}

/// Make clusters known to the EKS API, and forget them.
#[derive(Debug, Args)]
pub(crate) struct Cluster {
    #[command(subcommand)]
    pub(crate) command: ClusterCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    Register(ClusterRegister),
    /// List the clusters: name, authentication mode, issuer
    List(ClusterWhere),
    /// Forget a cluster that has no access entries and no Pod Identity associations any more
    Remove {
        /// Name of the cluster
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        place: ClusterWhere,
    },
    Webhooks(ClusterWebhooks),
}

/// Make a cluster known, whoever runs it.
///
/// The EKS API then describes it, and keeps its access entries and Pod Identity associations. Tokens of its service
/// accounts are checked with the keys of its issuer, which are fetched by https unless they are given here. The server may
/// run meanwhile.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ringwall cluster register shop --issuer https://oidc.example.com/shop
  kubectl get --raw /openid/v1/jwks > keys.json
  ringwall cluster register shop --issuer https://kubernetes.default.svc --keys keys.json")]
pub(crate) struct ClusterRegister {
    /// Name of the cluster
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Issuer of its service accounts' tokens: kube-apiserver's --service-account-issuer
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: String,
    /// Keys of the issuer, a JWK set, if it can't be reached by https
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) keys: Option<PathBuf>,
    /// URL of its API server
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// Certificates of the API server's authority, PEM
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) certificate_authority: Option<PathBuf>,
    /// Version of Kubernetes, such as 1.37
    #[arg(long, value_name = "VERSION")]
    pub(crate) kubernetes_version: Option<String>,
    #[command(flatten)]
    pub(crate) place: ClusterWhere,
}

#[derive(Debug, Args)]
pub(crate) struct ClusterWhere {
    /// Account of the cluster; without it the only one there is
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<String>,
    /// Region of the cluster, instead of the setting's
    #[arg(long, value_name = "REGION")]
    pub(crate) in_region: Option<String>,
    #[command(flatten)]
    pub(crate) flags: StoreFlags,
}

/// Seal what is kept under another root key.
#[derive(Debug, Args)]
pub(crate) struct RootKeyGroup {
    #[command(subcommand)]
    pub(crate) command: RootKeyCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RootKeyCommand {
    /// Seal the keyring under another root key, which is made if it is not there
    ///
    /// Nothing else changes: what was sealed before opens. The server may run meanwhile; it needs the new root key when
    /// it starts next.
    #[command(after_help = "\
Examples:
  ringwall root-key change file:/etc/ringwall/root-2.key
  ringwall root-key change 'pkcs11:token=ringwall;object=root?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=env:PIN'")]
    Change {
        /// The new root key: file:PATH, passphrase:file:PATH, passphrase:env:NAME or pkcs11:URI
        #[arg(value_name = "ROOT-KEY")]
        to: ringwall_rootkey::Source,
        #[command(flatten)]
        flags: StoreFlags,
    },
}

/// Back the store up, and restore it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ringwall store backup ringwall-2026-11-27.backup
  ringwall store restore ringwall-2026-11-27.backup --data-folder /var/lib/ringwall-new")]
pub(crate) struct StoreGroup {
    #[command(subcommand)]
    pub(crate) command: StoreCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Write all records, as they are at one moment, to a file
    ///
    /// The server may run meanwhile. The file is checked before it takes its name. Secrets in it are sealed; the root
    /// key is not in it.
    Backup(StoreFile),
    /// Fill an empty store from a backup, checked first
    ///
    /// A backup of SQLite can be restored to PostgreSQL, and the other way round.
    Restore(StoreFile),
}

#[derive(Debug, Args)]
pub(crate) struct StoreFile {
    /// The backup
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) flags: StoreFlags,
}

/// Print a completion script for a shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ringwall completions bash > /etc/bash_completion.d/ringwall
  ringwall completions zsh > \"${fpath[1]}/_ringwall\"
  ringwall completions fish > ~/.config/fish/completions/ringwall.fish")]
pub(crate) struct Completions {
    /// Shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

/// Write the manual pages into a folder.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Folder, made if it is not there
    #[arg(value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) folder: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// To be read
    Text,
    /// To be processed: documented in docs/reference/output.md
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal
    Auto,
    /// Even into a pipe or file
    Always,
    /// Never
    Never,
}

impl Colour {
    /// Makes the choice that of every stream.
    pub(crate) fn apply(self) {
        let choice = match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }
}
