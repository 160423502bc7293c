//! The settings. To add one, add it here; then `INSTA_UPDATE=always cargo test -p ringwall` writes the reference page.

use std::net::SocketAddr;
use std::path::PathBuf;

use ringwall_rootkey::Source;

use super::declare::{Change, Declared, Fallback, Setting, Shown, settings};
use super::error::ConfigError;
use super::layers::Layers;
use super::value::{
    Amount, Bytes, Challenge, Doors, Issuers, Lifetime, LogFormat, LogLevel, Lookup, NamedPaths, Names,
    Paths, Rate, Region, Services, StoreAddress, Switch, Text, Time, TlsMode, Value,
};

use Fallback::{DataFolder, InConfigFolder, InDataFolder, Is, Unset};

settings! {
    "What runs" {
        /// Services that the process runs: aws, authn (token webhook), identity (pod webhook), issuer, audit, registry
        ///
        /// Each needs its own section of settings and nothing of the others, so that one process runs all of them, or
        /// each runs where it is needed. The KMS plugin, the secrets provider and the Pod Identity agent are processes of
        /// their own.
        services: Services = "services", Is("aws"), Restart;
    }
    "Where things are" {
        /// Folder of all that the server keeps: database, certificate authority, trail
        ///
        /// `ringwall init` makes it, for its owner alone. A backup of it is worth nothing without the root key.
        data_folder: PathBuf = "data-folder", DataFolder, Restart;
        /// Database of accounts, keys' and secrets' ciphertext: sqlite:PATH or postgres://USER@HOST/DATABASE
        ///
        /// With PostgreSQL several servers can share it. A password in the address is never shown.
        store: StoreAddress = "store", InDataFolder("sqlite:", "ringwall.db"), Restart;
        /// Key that all others are sealed under: file:PATH, passphrase:file:PATH, passphrase:env:NAME or pkcs11:URI
        ///
        /// It must not lie in the data folder, and no backup has it. Without it everything that is sealed is lost:
        /// keep a copy somewhere else.
        root_key: Source = "root-key", InConfigFolder("file:", "root.key"), Restart;
        /// Folder of the CloudTrail records
        trail_folder: PathBuf = "trail-folder", InDataFolder("", "trail"), Restart;
        /// Region of requests that name none: those that are not signed
        region: Region = "region", Is("us-east-1"), Restart;
    }
    "Listening" {
        /// Address and port of the AWS endpoint
        ///
        /// Nothing listens beyond this machine unless it is told to, as with 0.0.0.0:7443.
        listen: SocketAddr = "listen", Is("127.0.0.1:7443"), Restart;
        /// Address and port of /healthz, /readyz and /metrics, over plain HTTP and open to whoever reaches it
        admin_listen: SocketAddr = "admin-listen", Is("127.0.0.1:7444"), Restart;
    }
    "TLS" {
        /// Where the certificate comes from: own, files or off
        ///
        /// With `own` the installation's authority issues it, and clients trust DATA-FOLDER/tls/ca.pem (for the AWS CLI
        /// and SDKs: AWS_CA_BUNDLE). With `files` it is read from the two files below, again whenever they change.
        /// `off` means plain HTTP, and is refused unless the server listens on this machine alone.
        tls_mode: TlsMode = "tls.mode", Is("own"), Restart;
        /// With own: names and addresses by which clients reach the server, beside localhost, 127.0.0.1 and ::1
        tls_names: Names = "tls.names", Unset, Restart;
        /// With files: the certificate and those between it and the root, in PEM
        tls_certificate: Option<PathBuf> = "tls.certificate", Unset, Restart;
        /// With files: the certificate's key, in PEM
        tls_key: Option<PathBuf> = "tls.key", Unset, Restart;
    }
    "The cluster" {
        /// Name of the cluster that the webhooks work for, as EKS's API and tokens have it
        cluster_name: Option<Text> = "cluster.name", Unset, Restart;
        /// How its apiserver is reached; in a pod of the cluster by that pod's service account, unless this is set
        cluster_kubeconfig: Option<PathBuf> = "cluster.kubeconfig", Unset, Restart;
    }
    "AWS" {
        /// URL of an AWS endpoint to call in place of AWS's own, for every service, STS among them
        ///
        /// Tokens then have to be made for it. What else calls to AWS need is as with the SDKs: AWS_PROFILE, AWS_REGION,
        /// access keys, web identity tokens, Pod Identity, instance roles.
        aws_endpoint: Option<Text> = "aws.endpoint", Unset, Restart;
        /// Certificate authorities, in PEM, that are trusted for it beside the system's
        aws_ca_file: Option<PathBuf> = "aws.ca-file", Unset, Restart;
    }
    "Webhooks" {
        /// Certificate authorities, in PEM, of whose certificates apiservers have to show one to a webhook
        ///
        /// By default the installation's own, by which `ringwall cluster webhooks` issues them.
        webhook_client_ca: Option<PathBuf> = "webhook.client-ca", Unset, Restart;
        /// Names in such a certificate, of which it has to have one; by default `cluster:` and the cluster's name
        webhook_client_names: Names = "webhook.client-names", Unset, Restart;
    }
    "Token webhook" {
        /// Address and port of the token webhook and the authorization webhook
        authn_listen: SocketAddr = "authn.listen", Is("127.0.0.1:21362"), Restart;
        /// Where mappings come from, the first that knows a principal counts: access-entries, aws-auth, identity-mappings, file
        authn_sources: Names = "authn.sources", Is("access-entries,aws-auth"), Restart;
        /// The file of the source `file`, in aws-iam-authenticator's words
        authn_file: Option<PathBuf> = "authn.file", Unset, Restart;
        /// An aws-auth that counts until the ConfigMap is known
        authn_aws_auth_file: Option<PathBuf> = "authn.aws-auth-file", Unset, Restart;
        /// Where the access entries are kept for a start without AWS
        authn_entries_copy: PathBuf = "authn.entries-copy", InDataFolder("", "access-entries.json"), Restart;
        /// The partition whose STS tokens have to be for, unless aws.endpoint is set
        authn_partition: Text = "authn.partition", Is("aws"), Restart;
        /// How long STS's answer counts, at most the 15 minutes that a token lives
        authn_remember: Time = "authn.remember", Is("15m"), Restart;
        /// Questions to STS a second
        authn_sts_rate: Amount = "authn.sts-rate", Is("100"), Restart;
        /// Questions to STS at once, after a while without any
        authn_sts_burst: Amount = "authn.sts-burst", Is("400"), Restart;
        /// Accounts of whose principals logs and audit events are to show nothing
        authn_scrubbed_accounts: Names = "authn.scrubbed-accounts", Unset, Restart;
        /// Whom the ARN of a role with a path means, in aws-auth, files and identity mappings: known or by-name
        ///
        /// known: the role of that name, if IAM says that it has this path. by-name: whoever has the name.
        authn_role_paths: Text = "authn.role-paths", Is("known"), Restart;
        /// How old what a source knows may be; without it any age counts
        authn_oldest: Option<Time> = "authn.oldest", Unset, Restart;
        /// Files with keys of access passes, 32 random bytes or more each, the same for all replicas
        ///
        /// The first makes passes, all count. Without any, each replica has a key of its own, which ends with it.
        authn_pass_keys: Paths = "authn.pass-keys", Unset, Restart;
    }
    "Pod webhook" {
        /// Address and port of the pod webhook
        identity_listen: SocketAddr = "identity.listen", Is("127.0.0.1:7446"), Restart;
        /// File that lists the service accounts with Pod Identity
        ///
        /// {"identities": [{"namespace", "serviceAccount"}]}, looked at every second.
        identity_credentials_config: Option<PathBuf> = "identity.watch-container-credentials-config", Unset, Restart;
        /// Namespace of the ConfigMap `pod-identity-webhook`, if that is to be watched
        identity_config_map_namespace: Option<Text> = "identity.config-map-namespace", Unset, Restart;
        /// Whether EKS's API is asked for the cluster's Pod Identity associations
        identity_associations: Switch = "identity.associations", Is("off"), Restart;
        /// How often it is asked, 5s or more; an association counts for pods that are created after it was read
        identity_associations_every: Time = "identity.associations-every", Is("15s"), Restart;
        /// When a service account is read from the apiserver rather than from the cache: unknown or always
        ///
        /// unknown: when the cache doesn't have it or isn't up to date. always: for every pod, so that no role is missed that was
        /// annotated within the milliseconds by which the cache lags.
        identity_lookup: Lookup = "identity.lookup", Is("unknown"), Restart;
        /// The longest that such a read may take; without it all the time that the apiserver gives the webhook
        identity_lookup_grace_period: Option<Time> = "identity.service-account-lookup-grace-period", Unset, Restart;
        /// Whether a pod whose service account can't be read in time is refused, to be created again, or goes without
        ///
        /// Off, it is created without credentials, and stays so.
        identity_refuse_unknown: Switch = "identity.refuse-unknown", Is("on"), Restart;
    }
    "What the pod webhook injects" {
        /// What stands before `/role-arn` and the other annotations
        identity_annotation_prefix: Text = "identity.annotation-prefix", Is("eks.amazonaws.com"), Restart;
        /// Region for containers that name none
        identity_default_region: Option<Region> = "identity.aws-default-region", Unset, Restart;
        /// Whether SDKs are told to ask the region's own STS, unless a service account says otherwise
        identity_sts_regional_endpoint: Switch = "identity.sts-regional-endpoint", Is("off"), Restart;
        /// Audience of web identity tokens, unless a service account names one
        identity_token_audience: Text = "identity.token-audience", Is("sts.amazonaws.com"), Restart;
        /// How long tokens are valid, 600 seconds or more, unless a service account or pod says otherwise
        identity_token_expiration: Lifetime = "identity.token-expiration", Is("86400"), Restart;
        /// Folder of web identity tokens in containers
        identity_token_mount_path: Text =
            "identity.token-mount-path", Is("/var/run/secrets/eks.amazonaws.com/serviceaccount"), Restart;
        /// Audience of Pod Identity tokens
        identity_credentials_audience: Text =
            "identity.container-credentials-audience", Is("pods.eks.amazonaws.com"), Restart;
        /// Folder of Pod Identity tokens in containers
        identity_credentials_mount_path: Text = "identity.container-credentials-token-mount-path",
            Is("/var/run/secrets/pods.eks.amazonaws.com/serviceaccount"), Restart;
        /// Name of the volume of Pod Identity tokens
        identity_credentials_volume_name: Text =
            "identity.container-credentials-token-volume-name", Is("eks-pod-identity-token"), Restart;
        /// File of Pod Identity tokens, below their folder
        identity_credentials_token_path: Text =
            "identity.container-credentials-token-path", Is("eks-pod-identity-token"), Restart;
        /// Where the Pod Identity agent listens
        identity_credentials_full_uri: Text = "identity.container-credentials-full-uri",
            Is("http://169.254.170.23/v1/credentials"), Restart;
        /// Whether a role that is given by its name alone is made an ARN, of the account and the partition below
        identity_compose_role_arn: Switch = "identity.compose-role-arn", Is("off"), Restart;
        /// The account of roles that are given by name alone; no instance is asked for it
        identity_compose_account: Option<Text> = "identity.compose-role-arn-account-id", Unset, Restart;
        /// The partition of roles that are given by name alone
        identity_compose_partition: Text = "identity.compose-role-arn-partition", Is("aws"), Restart;
    }
    "Issuer" {
        /// Address and port of the documents by which others check the cluster's tokens
        ///
        /// They are public: whoever reaches it gets them.
        issuer_listen: SocketAddr = "issuer.listen", Is("127.0.0.1:7447"), Restart;
        /// The issuer, as the cluster's tokens name it; by default the apiserver's own
        issuer_url: Option<Text> = "issuer.url", Unset, Restart;
        /// Files with public keys in PEM, as kube-apiserver has them; by default its apiserver is asked
        issuer_key_files: Paths = "issuer.service-account-key-file", Unset, Restart;
        /// How long verifiers may keep the documents
        issuer_max_age: Lifetime = "issuer.max-age", Is("5m"), Restart;
        /// How long a key stays after the cluster has dropped it: the longest life of a token, or more
        issuer_retire_after: Lifetime = "issuer.retire-after", Is("25h"), Restart;
        /// How often keys are looked for; SIGHUP has them looked for at once
        issuer_every: Time = "issuer.every", Is("1m"), Restart;
        /// File that keeps which key was published when
        ///
        /// With it, a restart leaves no gap, and keys that the cluster has dropped stay for as long as they have to.
        issuer_state: PathBuf = "issuer.state", InDataFolder("", "issuer.json"), Restart;
    }
    "Audit logs" {
        /// Address and port of the audit webhook
        audit_listen: SocketAddr = "audit.listen", Is("127.0.0.1:7448"), Restart;
        /// Folder of what waits to be looked at, and of what is known
        audit_folder: PathBuf = "audit.folder", InDataFolder("", "audit"), Restart;
        /// Clusters whose logs come; by default the one of cluster.name
        ///
        /// A cluster's apiserver shows a certificate with the name cluster:NAME, and sends its events to /audit/NAME.
        audit_clusters: Names = "audit.clusters", Unset, Restart;
        /// The account of the clusters, twelve digits
        audit_account: Option<Text> = "audit.account", Unset, Restart;
        /// Files and folders that are followed, each of a cluster: [CLUSTER=]PATH
        ///
        /// Audit logs and CloudTrail, in every form that `ringwall detect` reads. Without a name they are of the first cluster.
        audit_files: NamedPaths = "audit.files", Unset, Restart;
        /// CloudWatch log groups that are read as they grow: [CLUSTER=]GROUP
        audit_log_groups: Names = "audit.log-groups", Unset, Restart;
        /// Objects in S3 that are read as they come: [CLUSTER=]s3://BUCKET/PREFIX
        audit_objects: Names = "audit.objects", Unset, Restart;
        /// How often log groups and S3 are asked
        audit_ask_every: Time = "audit.ask-every", Is("10s"), Restart;
        /// Most bytes of a cluster that wait to be looked at; beyond, its apiserver is answered 429
        audit_queue_bytes: Bytes = "audit.queue-bytes", Is("1GiB"), Restart;
        /// Lists of addresses: [KIND=]FILE, of the kinds malicious, tor, custom and trusted; read again when they change
        audit_lists: NamedPaths = "audit.lists", Unset, Restart;
        /// The lake that events and findings are written to: a folder, or s3://BUCKET/PREFIX
        audit_lake: Option<Text> = "audit.lake", Unset, Restart;
        /// How many days the lake keeps; without it all
        audit_lake_days: Option<Amount> = "audit.lake-days", Unset, Restart;
        /// Files with suppression rules, as GuardDuty's CreateFilter takes them; read again when they change
        audit_suppress: Paths = "audit.suppress", Unset, Restart;
        /// Folder or file of Sigma rules; read again when they change
        audit_rules: Paths = "audit.rules", Unset, Restart;
        /// File that says where findings go (docs/detection/sinks.md)
        audit_sinks: Option<PathBuf> = "audit.sinks", Unset, Restart;
        /// After what time a finding that went on is sent again: 15m, 1h and 6h are GuardDuty's
        audit_publish_every: Time = "audit.publish-every", Is("15m"), Restart;
    }
    "Replicas of the audit service" {
        /// Addresses of NATS servers with JetStream, as nats://HOST:4222 or tls://HOST:4222
        ///
        /// With them, replicas share the clusters, and queues and what is known are in JetStream instead of this machine's folder.
        audit_nats_servers: Names = "audit.nats.servers", Unset, Restart;
        /// Name of the user
        audit_nats_user: Option<Text> = "audit.nats.user", Unset, Restart;
        /// File with the user's password
        audit_nats_password_file: Option<PathBuf> = "audit.nats.password-file", Unset, Restart;
        /// File with credentials (.creds), in place of user and password
        audit_nats_credentials_file: Option<PathBuf> = "audit.nats.credentials-file", Unset, Restart;
        /// File with an NKey's seed, in place of user and password
        audit_nats_nkey_file: Option<PathBuf> = "audit.nats.nkey-file", Unset, Restart;
        /// Certificate authorities, in PEM, that are trusted for NATS beside the system's
        audit_nats_ca_file: Option<PathBuf> = "audit.nats.ca-file", Unset, Restart;
        /// Certificate that is shown to NATS, in PEM
        audit_nats_certificate: Option<PathBuf> = "audit.nats.certificate", Unset, Restart;
        /// Its key, in PEM
        audit_nats_key: Option<PathBuf> = "audit.nats.key", Unset, Restart;
        /// How many servers keep each message: 1, 3 or 5
        audit_nats_copies: Amount = "audit.nats.copies", Is("1"), Restart;
        /// Most bytes of events that wait, of all clusters
        audit_nats_event_bytes: Bytes = "audit.nats.event-bytes", Is("4GiB"), Restart;
        /// Most bytes of what is known of all clusters
        audit_nats_state_bytes: Bytes = "audit.nats.state-bytes", Is("2GiB"), Restart;
        /// Most bytes of findings
        audit_nats_finding_bytes: Bytes = "audit.nats.finding-bytes", Is("1GiB"), Restart;
        /// How long a replica may be silent before others take its clusters over
        audit_nats_silence: Time = "audit.nats.silence", Is("10s"), Restart;
    }
    "The registry" {
        /// Addresses and ports of the OCI registry: [NETWORK=]ADDRESS:PORT
        ///
        /// With a name as vpce-0a1b2c3d, callers of that listener come from that network: aws:SourceVpce of policies.
        registry_listen: Doors = "registry.listen", Is("127.0.0.1:7450"), Restart;
        /// Where layers and manifests are: a folder, or s3://BUCKET/PREFIX
        registry_storage: Text = "registry.storage", InDataFolder("", "registry"), Restart;
        /// What clients reach the registry by, without https://, as registry.example.com; by default its first address
        ///
        /// {account} and {region} in it stand for those of a repository, as in {account}.dkr.ecr.{region}.example.com.
        registry_address: Option<Text> = "registry.address", Unset, Restart;
        /// What clients without credentials are told to show: basic, as ECR does, or token, which /token gives them
        registry_challenge: Challenge = "registry.challenge", Is("basic"), Restart;
        /// Account, twelve digits, whose registry clients without credentials see
        ///
        /// They see of it what a policy gives to everybody. Without it they are asked for credentials.
        registry_anonymous: Option<Text> = "registry.anonymous-account", Unset, Restart;
    }
    "OpenID Connect" {
        /// Issuers, as HOST:PORT, whose addresses may be private, link-local or loopback
        ///
        /// Issuers' keys are fetched from public addresses alone unless they are listed here, so that a token can't
        /// make the server reach into its own network.
        oidc_allow: Issuers = "oidc.allow", Unset, Restart;
        /// Certificate authorities, in PEM, that are trusted for issuers beside the system's
        oidc_ca_file: Option<PathBuf> = "oidc.ca-file", Unset, Restart;
    }
    "Throttling" {
        /// Requests a second that an account may make to a service; 0 for no limit
        throttle_rate: Rate = "throttle.rate", Is("0"), Restart;
        /// Requests that an account may make at once before the rate counts
        throttle_burst: Rate = "throttle.burst", Is("100"), Restart;
    }
    "Limits" {
        /// Connections at once; further ones wait
        max_connections: Amount = "limits.max-connections", Is("4096"), Live;
        /// Requests in hand at once; further ones are answered with 503
        max_concurrent_requests: Amount = "limits.max-concurrent-requests", Is("1024"), Live;
        /// Size of a request's line and headers
        max_header_bytes: Bytes = "limits.max-header-bytes", Is("32KiB"), Live;
        /// Headers of a request
        max_headers: Amount = "limits.max-headers", Is("100"), Live;
        /// Size of a request's body
        max_body_bytes: Bytes = "limits.max-body-bytes", Is("1MiB"), Live;
        /// Memory for the bodies of all requests in hand
        max_buffered_bytes: Bytes = "limits.max-buffered-bytes", Is("256MiB"), Live;
        /// Streams of one HTTP/2 connection
        max_streams: Amount = "limits.max-streams", Is("128"), Live;
        /// Time for a TLS handshake
        tls_handshake: Time = "limits.tls-handshake", Is("10s"), Live;
        /// Time for a request's line and headers to come in
        header_read: Time = "limits.header-read", Is("10s"), Live;
        /// Time for a request's body to come in
        body_read: Time = "limits.body-read", Is("20s"), Live;
        /// Time for an answer
        ///
        /// A client then gets 503, and what was begun is still finished.
        request: Time = "limits.request", Is("30s"), Live;
        /// Time that a connection may be without a request
        idle: Time = "limits.idle", Is("75s"), Live;
        /// Time that requests in hand have to end when the server stops
        drain: Time = "limits.drain", Is("25s"), Live;
    }
    "Logs" {
        /// How much is logged: error, warn, info, debug or trace
        log_level: LogLevel = "log.level", Is("info"), Live;
        /// How logs are written: text, json, or auto for text on a terminal and JSON elsewhere
        log_format: LogFormat = "log.format", Is("auto"), Restart;
    }
}
