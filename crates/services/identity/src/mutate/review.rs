//! An AdmissionReview, as far as it counts here.

use serde_json::{Map, Value};

use super::reason::{Reason, shown};

/// Largest review that is read. An apiserver takes objects of 3 MiB at most (`MaxRequestBodyBytes`); a review holds the
/// object, at times the old one, and a little more.
pub const MAX_REVIEW_BYTES: usize = 8 * 1024 * 1024;

/// The versions that an apiserver may send; the answer is in the same one.
const VERSIONS: [&str; 2] = ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"];

/// Longest names. Source: Kubernetes, *Object Names and IDs*.
const MAX_NAMESPACE: usize = 63;
const MAX_NAME: usize = 253;

/// Longest uid that is answered: a UUID has 36 characters.
const MAX_UID: usize = 256;

/// What a pod's namespace is if nobody names one, which no apiserver lets happen.
const DEFAULT_NAMESPACE: &str = "default";

/// The service account of a pod that names none. Source: Kubernetes, *Managing Service Accounts*, "ServiceAccount admission
/// controller".
const DEFAULT_SERVICE_ACCOUNT: &str = "default";

/// Marks what the kubelet shows of a static pod. Source: Kubernetes, `kubernetes.io/config.mirror`.
const MIRROR_ANNOTATION: &str = "kubernetes.io/config.mirror";

/// The label that keeps the webhook away from a pod: its selector has it, and so the label holds without the selector too.
/// Source: amazon-eks-pod-identity-webhook v0.6.17, `deploy/mutatingwebhook.yaml`.
pub(super) const SKIP_LABEL: &str = "eks.amazonaws.com/skip-pod-identity-webhook";

/// A request to admit a pod.
#[derive(Clone, Debug)]
pub struct Review {
    /// `admission.k8s.io/v1` or `admission.k8s.io/v1beta1`.
    pub api_version: &'static str,
    /// The request's id, which the answer repeats.
    pub uid: String,
    /// The pod's namespace.
    pub namespace: String,
    /// Whether someone named the namespace.
    pub namespace_is_named: bool,
    /// The pod's service account; `default` if it names none.
    pub service_account: String,
    pub(super) pod: Map<String, Value>,
    about: About,
}

/// What the request is about.
#[derive(Clone, Debug, Default)]
struct About {
    kind: String,
    operation: String,
    subresource: String,
}

/// Why a review can't be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReviewError {
    /// It is larger than [`MAX_REVIEW_BYTES`].
    #[error("the review is larger than {MAX_REVIEW_BYTES} bytes")]
    TooLarge,
    /// It is no JSON.
    #[error("the review is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It is another kind of object, or of a version that isn't known.
    #[error("`{kind}` of `{version}` is no AdmissionReview of admission.k8s.io/v1 or v1beta1")]
    Kind {
        /// Its `kind`.
        kind: String,
        /// Its `apiVersion`.
        version: String,
    },
    /// A field is missing or of another type.
    #[error("`{path}` is not {expected}")]
    Field {
        /// Where, as `request.object`.
        path: String,
        /// `an object`, …
        expected: &'static str,
    },
}

impl ReviewError {
    pub(super) fn field(path: impl Into<String>, expected: &'static str) -> Self {
        Self::Field { path: path.into(), expected }
    }
}

impl Review {
    /// Reads a review in JSON.
    ///
    /// # Errors
    ///
    /// It is none, or its names could not be those of Kubernetes objects.
    pub fn parse(text: &[u8]) -> Result<Self, ReviewError> {
        if text.len() > MAX_REVIEW_BYTES {
            return Err(ReviewError::TooLarge);
        }
        let Value::Object(mut review) = serde_json::from_slice(text)? else {
            return Err(ReviewError::field("the review", "an object"));
        };
        let of = |field: &str| review.get(field).and_then(Value::as_str).unwrap_or_default();
        let (kind, version) = (of("kind"), of("apiVersion"));
        let api_version = VERSIONS.into_iter().find(|known| *known == version && kind == "AdmissionReview");
        let api_version =
            api_version.ok_or_else(|| ReviewError::Kind { kind: shown(kind), version: shown(version) })?;
        let Some(Value::Object(mut request)) = review.remove("request") else {
            return Err(ReviewError::field("request", "an object"));
        };
        let Some(Value::Object(pod)) = request.remove("object") else {
            return Err(ReviewError::field("request.object", "an object"));
        };
        let uid = text_of(&request, "uid", "request.uid")?;
        if uid.len() > MAX_UID {
            return Err(ReviewError::field("request.uid", "a uid"));
        }
        let kind = match request.get("kind") {
            Some(Value::Object(kind)) => text_of(kind, "kind", "request.kind.kind")?,
            _ => "",
        };
        let about = About {
            kind: kind.to_owned(),
            operation: text_of(&request, "operation", "request.operation")?.to_owned(),
            subresource: text_of(&request, "subResource", "request.subResource")?.to_owned(),
        };
        let namespace = match text_of(&request, "namespace", "request.namespace")? {
            "" => in_pod(&pod, "metadata", "namespace")?,
            named => named,
        };
        let namespace_is_named = !namespace.is_empty();
        let namespace = if namespace_is_named { namespace } else { DEFAULT_NAMESPACE };
        // `serviceAccount` is the older name of the field; an apiserver sets both.
        let service_account = match in_pod(&pod, "spec", "serviceAccountName")? {
            "" => in_pod(&pod, "spec", "serviceAccount")?,
            named => named,
        };
        let service_account =
            if service_account.is_empty() { DEFAULT_SERVICE_ACCOUNT } else { service_account };
        if !is_name(namespace, MAX_NAMESPACE) {
            return Err(ReviewError::field("request.namespace", "a namespace's name"));
        }
        if !is_name(service_account, MAX_NAME) {
            return Err(ReviewError::field(
                "request.object.spec.serviceAccountName",
                "a service account's name",
            ));
        }
        Ok(Self {
            api_version,
            uid: uid.to_owned(),
            namespace: namespace.to_owned(),
            namespace_is_named,
            service_account: service_account.to_owned(),
            about,
            pod,
        })
    }

    /// Why the pod is left alone whatever its service account says; `None` if it isn't.
    pub fn exempt(&self) -> Option<Reason> {
        let About { kind, operation, subresource } = &self.about;
        if !matches!(kind.as_str(), "" | "Pod") {
            return Some(Reason::NotAPod(shown(kind)));
        }
        if !matches!(operation.as_str(), "" | "CREATE") {
            return Some(Reason::NotCreated(shown(operation)));
        }
        if !subresource.is_empty() {
            return Some(Reason::Subresource(shown(subresource)));
        }
        if self.metadata("annotations").is_some_and(|annotations| annotations.contains_key(MIRROR_ANNOTATION))
        {
            return Some(Reason::MirrorPod);
        }
        if self.metadata("labels").is_some_and(|labels| labels.contains_key(SKIP_LABEL)) {
            return Some(Reason::SkipLabel);
        }
        (!self.pod.get("spec").is_some_and(Value::is_object)).then_some(Reason::NoSpec)
    }

    /// The pod's name, or what its name begins with, to be logged.
    pub fn pod_name(&self) -> String {
        let name = |field| in_pod(&self.pod, "metadata", field).ok().filter(|name| !name.is_empty());
        shown(name("name").or_else(|| name("generateName")).unwrap_or_default())
    }

    /// A map of the pod's metadata.
    pub(super) fn metadata(&self, field: &str) -> Option<&Map<String, Value>> {
        self.pod.get("metadata")?.get(field)?.as_object()
    }

    /// An annotation of the pod.
    pub(super) fn annotation(&self, key: &str) -> Option<&str> {
        self.metadata("annotations")?.get(key)?.as_str()
    }
}

/// The text of a field; empty if it is absent or null.
fn text_of<'a>(object: &'a Map<String, Value>, field: &str, path: &str) -> Result<&'a str, ReviewError> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(ReviewError::field(path, "a string")),
    }
}

fn in_pod<'a>(pod: &'a Map<String, Value>, part: &str, field: &str) -> Result<&'a str, ReviewError> {
    match pod.get(part) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::Object(object)) => text_of(object, field, &format!("request.object.{part}.{field}")),
        Some(_) => Err(ReviewError::field(format!("request.object.{part}"), "an object")),
    }
}

/// Whether a text could name an object: it becomes part of a path that is asked for.
fn is_name(name: &str, longest: usize) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = |byte: Option<u8>| byte.is_some_and(inner);
    name.len() <= longest
        && name.bytes().all(|byte| inner(byte) || byte == b'-' || byte == b'.')
        && ends(name.bytes().next())
        && ends(name.bytes().last())
}
