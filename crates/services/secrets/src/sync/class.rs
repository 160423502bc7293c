//! A SecretProviderClass, as far as sync reads it.

use std::collections::BTreeMap;

use ringwall_kubernetes::{DynamicObject, Kind};
use serde::Deserialize;
use serde_json::Value;

use super::SyncError;
use crate::request::Parameters;

/// The label that says that a class wants it: `"true"`.
pub const LABEL: &str = "secrets.ringwall.dev/sync";

/// The annotation of a class that names the service account, of its namespace, in whose name it is read.
pub const SERVICE_ACCOUNT_ANNOTATION: &str = "secrets.ringwall.dev/service-account";

/// The annotation of a service account that names the classes that may be read in its name, with commas in between.
pub const CLASSES_ANNOTATION: &str = "secrets.ringwall.dev/sync-classes";

/// Most Secrets of a class, and most keys of all of them: each key is a file at most, and of those there are as many.
const MAX_SECRETS: usize = 100;
const MAX_KEYS: usize = crate::objects::MAX_FILES;

/// Longest name of an object. Source: Kubernetes, *Object Names and IDs*.
const MAX_NAME: usize = 253;

/// Types of Secrets to which the cluster gives a meaning beyond what their writer may do: a token of any service account is
/// put into the one, and the other lets machines into the cluster.
const REFUSED_TYPES: [&str; 2] = ["kubernetes.io/service-account-token", "bootstrap.kubernetes.io/token"];

/// Whose a label or annotation of a Secret would be, were it copied from a class.
const RESERVED: &str = "secrets.ringwall.dev/";

pub(crate) fn kind() -> Kind {
    Kind::new("secrets-store.csi.x-k8s.io", "v1", "secretproviderclasses")
}

#[derive(Debug)]
pub(crate) struct Class {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) service_account: String,
    pub(crate) parameters: Parameters,
    pub(crate) secrets: Vec<Wanted>,
}

/// A Secret that a class wants.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) secret_type: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
    /// The file of each key.
    pub(crate) keys: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Spec {
    provider: String,
    parameters: BTreeMap<String, String>,
    secret_objects: Vec<SecretObject>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct SecretObject {
    secret_name: String,
    #[serde(rename = "type")]
    secret_type: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    data: Vec<Data>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Data {
    object_name: String,
    key: String,
}

impl Class {
    /// Reads a class; none if it is of another provider.
    pub(crate) fn read(object: &DynamicObject, provider: &str) -> Result<Option<Self>, SyncError> {
        let wrong = |why: String| SyncError::Class(why);
        let spec = object.data.get("spec").cloned().unwrap_or(Value::Null);
        let spec: Spec = serde_json::from_value(spec)
            .map_err(|_| wrong("its spec is not that of a SecretProviderClass".into()))?;
        if spec.provider != provider {
            return Ok(None);
        }
        let metadata = &object.metadata;
        let service_account = metadata
            .annotations
            .as_ref()
            .and_then(|annotations| annotations.get(SERVICE_ACCOUNT_ANNOTATION))
            .filter(|name| !name.is_empty())
            .ok_or_else(|| wrong(format!("it has no annotation `{SERVICE_ACCOUNT_ANNOTATION}`")))?;
        if spec.secret_objects.is_empty() {
            return Err(wrong("it has no secretObjects".into()));
        }
        if spec.secret_objects.len() > MAX_SECRETS {
            return Err(wrong(format!("it has more than {MAX_SECRETS} secretObjects")));
        }
        let mut secrets: Vec<Wanted> = Vec::new();
        for object in spec.secret_objects {
            let wanted = object.read().map_err(wrong)?;
            if secrets.iter().any(|other| other.name == wanted.name) {
                return Err(wrong(format!("two of its secretObjects are `{}`", wanted.name)));
            }
            secrets.push(wanted);
        }
        if secrets.iter().map(|wanted| wanted.keys.len()).sum::<usize>() > MAX_KEYS {
            return Err(wrong(format!("its secretObjects have more than {MAX_KEYS} keys")));
        }
        let parameters = Parameters::read(&spec.parameters)?;
        if parameters.use_pod_identity {
            // Its tokens have to be a pod's, and here is none.
            return Err(wrong(
                "it has usePodIdentity, which takes a pod; without one roles come by IRSA alone".into(),
            ));
        }
        Ok(Some(Self {
            namespace: metadata.namespace.clone().unwrap_or_default(),
            name: metadata.name.clone().unwrap_or_default(),
            uid: metadata.uid.clone().unwrap_or_default(),
            service_account: service_account.clone(),
            parameters,
            secrets,
        }))
    }
}

impl SecretObject {
    /// Source: Secrets Store CSI driver, `pkg/util/secretutil/secret.go`: name, type and data have to be there, and names are
    /// taken without the spaces around them.
    fn read(self) -> Result<Wanted, String> {
        let Self { secret_name, secret_type, labels, annotations, data } = self;
        let name = secret_name.trim().to_owned();
        let is_name =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
        if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(is_name) {
            return Err(format!("the secretName `{}` is no name of a Secret", name.escape_debug()));
        }
        let secret_type = secret_type.trim().to_owned();
        if secret_type.is_empty() {
            return Err(format!("the secretObject `{name}` has no type; `Opaque` is the usual one"));
        }
        if REFUSED_TYPES.contains(&secret_type.as_str()) {
            return Err(format!(
                "the secretObject `{name}` is of the type `{secret_type}`, which is not synced"
            ));
        }
        if labels.keys().chain(annotations.keys()).any(|key| key.starts_with(RESERVED)) {
            return Err(format!(
                "the secretObject `{name}` has labels or annotations that begin with `{RESERVED}`"
            ));
        }
        if data.is_empty() {
            return Err(format!("the secretObject `{name}` has no data"));
        }
        let mut keys = BTreeMap::new();
        for Data { object_name, key } in data {
            let (file, key) = (object_name.trim(), key.trim());
            let is_key = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
            if file.is_empty() {
                return Err(format!("the secretObject `{name}` has data without objectName"));
            }
            if key.is_empty() || key.len() > MAX_NAME || !key.bytes().all(is_key) {
                return Err(format!(
                    "the secretObject `{name}` has the key `{}`, which is none",
                    key.escape_debug()
                ));
            }
            if keys.insert(key.to_owned(), file.to_owned()).is_some() {
                return Err(format!("the secretObject `{name}` has the key `{key}` twice"));
            }
        }
        Ok(Wanted { name, secret_type, labels, annotations, keys })
    }
}
