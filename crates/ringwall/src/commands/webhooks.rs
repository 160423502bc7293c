//! `cluster webhooks`: what a kube-apiserver needs to call the webhooks.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::cli::ClusterWebhooks;
use crate::config::{self, TlsMode};
use crate::error::{Exit, Failure};
use crate::render::style;

/// How long the apiserver keeps what the authorization webhook said, so that an access policy that is taken away ends soon.
const KEPT: &str = "10s";

/// About whom the authorization webhook is asked: those who may hold access policies, and who would impersonate extra fields.
const ASKED_ABOUT: &str = "(has(request.extra) && 'ringwall.github.io/access-pass' in request.extra) || \
    (has(request.resourceAttributes) && has(request.resourceAttributes.resource) && \
    request.resourceAttributes.resource == 'userextras')";

/// Writes the files.
pub(super) fn run(args: &ClusterWebhooks) -> Result<Exit, Failure> {
    let settings = config::load(&args.flags.0).map_err(Failure::Settings)?.settings;
    for address in [&args.authn, &args.identity, &args.audit] {
        if !ClusterWebhooks::is_address(address) {
            return Err(Failure::misuse_hint(
                format!("`{address}` is no address with a port"),
                "as 127.0.0.1:21362 or ringwall.example.com:21362",
            ));
        }
    }
    let folder = settings.data_folder.value.join("tls");
    let client = ringwall_server::issue_client(&folder, &client_name(&args.name))?;
    let authority = match settings.tls_mode.value {
        TlsMode::Files => None,
        TlsMode::Own | TlsMode::Off => Some(read(&folder.join("ca.pem"))?),
    };
    let failed = |source| Failure::Make { path: args.out.display().to_string(), source };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&args.out).map_err(failed)?;
    let out = std::path::absolute(&args.out).map_err(failed)?;
    let seen = args.seen_as.as_deref().unwrap_or(&out);

    // The key first: whoever finds the other files finds it too.
    write(&out.join("client.key"), client.key.expose())?;
    write(&out.join("client.pem"), client.certificate.as_bytes())?;
    let kubeconfig = |server: &str| kubeconfig(server, authority.as_deref(), seen);
    let files = [
        ("authentication.kubeconfig", kubeconfig(&format!("https://{}/authenticate", args.authn))),
        ("authorization.kubeconfig", kubeconfig(&format!("https://{}/authorize", args.authn))),
        ("authorization.yaml", authorization(seen)),
        ("admission.kubeconfig", admission_kubeconfig(&args.identity, seen)),
        ("admission.yaml", admission(seen)),
        (
            "audit.kubeconfig",
            kubeconfig(&format!("https://{}{}{}", args.audit, ringwall_audit::PATH, args.name)),
        ),
    ];
    for (name, content) in files {
        // JSON is YAML.
        let mut text = serde_json::to_vec_pretty(&content).unwrap_or_default();
        text.push(b'\n');
        write(&out.join(name), &text)?;
    }
    let mut told = anstream::stdout().lock();
    let heading = style::paint(style::HEADING, &args.name);
    writeln!(told, "{heading}  client certificate `{}`, for a year", client_name(&args.name))?;
    writeln!(told, "  {}", out.display())?;
    Ok(Exit::Fine)
}

/// The name by which a cluster's apiserver is known to the webhooks.
pub(crate) fn client_name(cluster: &str) -> String {
    format!("cluster:{cluster}")
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    ringwall_files::replace(path, bytes, ringwall_files::PRIVATE).map_err(Failure::make(path))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|source| Failure::Read { path: path.display().to_string(), source })
}

/// How the apiserver calls a webhook. Source: Kubernetes, *Authenticating*, "Webhook Token Authentication".
fn kubeconfig(server: &str, authority: Option<&[u8]>, seen: &Path) -> Value {
    let mut cluster = json!({ "server": server });
    if let (Some(pem), Some(cluster)) = (authority, cluster.as_object_mut()) {
        cluster.insert("certificate-authority-data".to_owned(), json!(BASE64.encode(pem)));
    }
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "ringwall", "cluster": cluster }],
        "users": [{ "name": "apiserver", "user": client(seen) }],
        "contexts": [{ "name": "ringwall", "context": { "cluster": "ringwall", "user": "apiserver" } }],
        "current-context": "ringwall",
    })
}

fn client(seen: &Path) -> Value {
    json!({ "client-certificate": seen.join("client.pem"), "client-key": seen.join("client.key") })
}

/// The webhook stands before RBAC, so that its one denial counts: nobody may impersonate the field by which it knows people.
/// It takes nothing else away, and when it can't be reached the others go on.
fn authorization(seen: &Path) -> Value {
    let webhook = json!({
        "timeout": "3s",
        "authorizedTTL": KEPT,
        "unauthorizedTTL": KEPT,
        "subjectAccessReviewVersion": "v1",
        "matchConditionSubjectAccessReviewVersion": "v1",
        "failurePolicy": "NoOpinion",
        "connectionInfo": { "type": "KubeConfigFile", "kubeConfigFile": seen.join("authorization.kubeconfig") },
        "matchConditions": [{ "expression": ASKED_ABOUT }],
    });
    json!({
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AuthorizationConfiguration",
        "authorizers": [
            { "type": "Node", "name": "node" },
            { "type": "Webhook", "name": "ringwall-access-policies", "webhook": webhook },
            { "type": "RBAC", "name": "rbac" },
        ],
    })
}

/// Which certificate the apiserver shows to the pod webhook. Source: Kubernetes, *Dynamic Admission Control*,
/// "Authenticate apiservers": users are named by the webhook's host and port.
fn admission_kubeconfig(identity: &str, seen: &Path) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "users": [{ "name": identity, "user": client(seen) }],
    })
}

fn admission(seen: &Path) -> Value {
    json!({
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AdmissionConfiguration",
        "plugins": [{
            "name": "MutatingAdmissionWebhook",
            "configuration": {
                "apiVersion": "apiserver.config.k8s.io/v1",
                "kind": "WebhookAdmissionConfiguration",
                "kubeConfigFile": seen.join("admission.kubeconfig"),
            },
        }],
    })
}
