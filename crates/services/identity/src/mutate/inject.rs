//! The decision: which method, and the patch that carries it out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::account::{Account, expiration};
use super::config_map::ConfigMapRoles;
use super::container::{Injection, complete, list, name_of};
use super::reason::{Method, Reason, shown};
use super::review::{Review, ReviewError};
use super::settings::{DEFAULT_TOKEN_EXPIRATION, Settings};
use super::{path, skip};

/// Name of a web identity token's volume. Source: `NewModifier`; the existing webhook's README has another one.
const WEB_IDENTITY_VOLUME: &str = "aws-iam-token";

/// The web identity token's file, below its mount. Source: `NewModifier`.
const WEB_IDENTITY_TOKEN: &str = "token";

/// The label of a pod with a Pod Identity association.
const POD_IDENTITY_LABEL: &str = "eks.amazonaws.com/pod-identity";

/// Most reasons that are given about containers: a review can hold a hundred thousand of them.
const MAX_REASONS: usize = 200;

/// What is known of a pod's service account.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Its annotations; `None` if the service account isn't there.
    pub annotations: Option<&'a BTreeMap<String, String>>,
    /// The roles of the ConfigMap; empty if it isn't asked.
    pub config_map: &'a ConfigMapRoles,
    /// Whether it has a Pod Identity association.
    pub pod_identity: bool,
    /// What stands for the default lifetime of a Pod Identity token, in seconds: drawn from
    /// [`JITTERED_TOKEN_EXPIRATION`](super::JITTERED_TOKEN_EXPIRATION) by whoever has a source of randomness.
    pub pod_identity_expiration: i64,
}

impl Default for Facts<'_> {
    fn default() -> Self {
        static NONE: LazyLock<ConfigMapRoles> = LazyLock::new(ConfigMapRoles::default);
        Self {
            annotations: None,
            config_map: &NONE,
            pod_identity: false,
            pod_identity_expiration: DEFAULT_TOKEN_EXPIRATION,
        }
    }
}

/// What is to be done to a pod, and why.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mutation {
    /// The operations of a JSON Patch, in order; empty if the pod is left alone.
    pub patch: Vec<Value>,
    /// Why, in the order in which it was decided.
    pub reasons: Vec<Reason>,
    /// How the pod gets its credentials; `None` if it is left alone.
    pub method: Option<Method>,
}

impl Mutation {
    /// A pod that is left alone.
    pub(super) fn none(reasons: Vec<Reason>) -> Self {
        Self { reasons, ..Self::default() }
    }
}

/// Decides what a pod gets. A pod that has it all gets the same patch, which changes nothing then.
///
/// # Errors
///
/// The pod's lists are none.
pub fn mutate(review: &Review, facts: &Facts<'_>, settings: &Settings) -> Result<Mutation, ReviewError> {
    if let Some(reason) = review.exempt() {
        return Ok(Mutation::none(vec![reason]));
    }
    let mut reasons = Vec::new();
    let name = format!("{}/{}", review.namespace, review.service_account);
    // Source: `buildPodPatchConfig`: an association goes before a role.
    if facts.pod_identity {
        let account = Account::for_container_credentials(review, facts, settings, &mut reasons);
        reasons.push(Reason::PodIdentity(name));
        let of = &settings.container_credentials;
        let seconds = pod_expiration(review, settings, &account, &mut reasons);
        let jittered = match seconds == DEFAULT_TOKEN_EXPIRATION {
            true => {
                reasons.push(Reason::DrawnExpiration);
                facts.pod_identity_expiration
            }
            false => seconds,
        };
        let token = Token { audience: &of.audience, path: &of.token_path, expiration: jittered };
        let file = token_file(review, &of.token_mount_path, token.path);
        let injection = Injection {
            method: Method::ContainerCredentials,
            values: [&of.full_uri, &file],
            regional_sts: account.regional_sts,
            region: settings.aws_default_region.as_deref(),
            volume: &of.token_volume_name,
            mount_path: &of.token_mount_path,
        };
        return patch(review, settings, &injection, &token, reasons);
    }
    let account = Account::for_web_identity(review, facts, settings, &mut reasons);
    let Some((role, source)) = &account.role else {
        reasons.push(match facts.annotations {
            None => Reason::UnknownServiceAccount(name),
            Some(_) => Reason::NoRole { account: name, annotation: settings.annotation("role-arn") },
        });
        return Ok(Mutation::none(reasons));
    };
    reasons.push(Reason::WebIdentity { account: name, role: shown(role), source: *source });
    account.check_role(&mut reasons);
    let expiration = pod_expiration(review, settings, &account, &mut reasons);
    let token = Token { audience: &account.audience, path: WEB_IDENTITY_TOKEN, expiration };
    let file = token_file(review, &settings.token_mount_path, token.path);
    let injection = Injection {
        method: Method::WebIdentity,
        values: [role, &file],
        regional_sts: account.regional_sts,
        region: settings.aws_default_region.as_deref(),
        volume: WEB_IDENTITY_VOLUME,
        mount_path: &settings.token_mount_path,
    };
    patch(review, settings, &injection, &token, reasons)
}

/// The token to be projected.
struct Token<'a> {
    audience: &'a str,
    path: &'a str,
    /// In seconds.
    expiration: i64,
}

impl Token<'_> {
    fn volume(&self, name: &str) -> Value {
        let mut projection = Map::new();
        // An empty audience is left out, as Go's `omitempty` has it.
        if !self.audience.is_empty() {
            projection.insert("audience".into(), self.audience.into());
        }
        projection.insert("expirationSeconds".into(), self.expiration.into());
        projection.insert("path".into(), self.path.into());
        json!({ "name": name, "projected": { "sources": [{ "serviceAccountToken": projection }] } })
    }
}

fn pod_expiration(review: &Review, settings: &Settings, account: &Account, reasons: &mut Vec<Reason>) -> i64 {
    let key = settings.annotation("token-expiration");
    expiration(&key, review.annotation(&key), account.token_expiration, reasons)
}

fn token_file(review: &Review, mount_path: &str, token: &str) -> String {
    let file = path::join(mount_path, token);
    let selects = |key| {
        let selector = review.pod.get("spec").and_then(|spec| spec.get("nodeSelector"));
        selector.and_then(|selector| selector.get(key)).is_some_and(|os| os == "windows")
    };
    match selects("beta.kubernetes.io/os") || selects("kubernetes.io/os") {
        true => path::windows(&file),
        false => file,
    }
}

/// Source: `getPodSpecPatch`, order included.
fn patch(
    review: &Review,
    settings: &Settings,
    injection: &Injection<'_>,
    token: &Token<'_>,
    mut reasons: Vec<Reason>,
) -> Result<Mutation, ReviewError> {
    let empty = Map::new();
    let spec = review.pod.get("spec").and_then(Value::as_object).unwrap_or(&empty);
    let skipped = skipped(review, settings, spec, &mut reasons);
    let mut operations = Vec::new();
    if injection.method == Method::ContainerCredentials {
        operations.push(label(review));
    }
    let volumes = list(spec, "volumes", "request.object.spec")?;
    let volume = token.volume(injection.volume);
    if volumes.iter().any(|own| own.as_object().is_some_and(|own| name_of(own) == injection.volume)) {
        reasons.push(Reason::OwnVolume(shown(injection.volume)));
    } else if spec.get("volumes").is_some_and(Value::is_array) {
        operations.push(json!({ "op": "add", "path": "/spec/volumes/0", "value": volume }));
    } else {
        operations.push(json!({ "op": "add", "path": "/spec/volumes", "value": [volume] }));
    }
    let mut about = Vec::new();
    let init = containers(spec, "initContainers", injection, &skipped, &mut about)?;
    let main = containers(spec, "containers", injection, &skipped, &mut about)?;
    if about.len() > MAX_REASONS {
        about.truncate(MAX_REASONS);
        about.push(Reason::MoreContainers);
    }
    reasons.append(&mut about);
    operations.push(json!({ "op": "add", "path": "/spec/containers", "value": main }));
    if !init.is_empty() {
        operations.push(json!({ "op": "add", "path": "/spec/initContainers", "value": init }));
    }
    Ok(Mutation { patch: operations, reasons, method: Some(injection.method) })
}

fn label(review: &Review) -> Value {
    if review.metadata("labels").is_some() {
        let path = format!("/metadata/labels/{}", POD_IDENTITY_LABEL.replace('/', "~1"));
        return json!({ "op": "add", "path": path, "value": "enabled" });
    }
    let labels = json!({ POD_IDENTITY_LABEL: "enabled" });
    match review.pod.get("metadata").is_some_and(Value::is_object) {
        true => json!({ "op": "add", "path": "/metadata/labels", "value": labels }),
        false => json!({ "op": "add", "path": "/metadata", "value": { "labels": labels } }),
    }
}

/// The containers that the pod wants left alone.
fn skipped(
    review: &Review,
    settings: &Settings,
    spec: &Map<String, Value>,
    reasons: &mut Vec<Reason>,
) -> BTreeSet<String> {
    let key = settings.annotation("skip-containers");
    let Some(value) = review.annotation(&key) else { return BTreeSet::new() };
    let Some(names) = skip::names(value) else {
        let used = String::from("no container is skipped");
        reasons.push(Reason::Unreadable { annotation: key, value: shown(value), used });
        return BTreeSet::new();
    };
    let names: BTreeSet<String> = names.into_iter().collect();
    let all =
        ["containers", "initContainers"].iter().filter_map(|field| spec.get(*field)?.as_array()).flatten();
    let there: BTreeSet<&str> = all.filter_map(Value::as_object).map(name_of).collect();
    let absent = names.iter().filter(|name| !there.contains(name.as_str())).take(MAX_REASONS);
    reasons.extend(absent.map(|name| Reason::NoSuchContainer(shown(name))));
    names
}

/// A list of containers with what each of them gets.
fn containers(
    spec: &Map<String, Value>,
    field: &str,
    injection: &Injection<'_>,
    skipped: &BTreeSet<String>,
    reasons: &mut Vec<Reason>,
) -> Result<Vec<Value>, ReviewError> {
    let path = "request.object.spec";
    let mut injected = list(spec, field, path)?.to_vec();
    for (index, container) in injected.iter_mut().enumerate() {
        let path = format!("{path}.{field}[{index}]");
        let Value::Object(container) = container else {
            return Err(ReviewError::field(path, "an object"));
        };
        if skipped.contains(name_of(container)) {
            reasons.push(Reason::Skipped(shown(name_of(container))));
        } else {
            reasons.append(&mut injection.add_to(container, &path)?);
        }
        complete(container);
    }
    Ok(injected)
}
