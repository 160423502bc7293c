//! A model file of botocore as values. A trait that is not listed here is an error, so that a new one is looked at
//! instead of lost.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Number;

#[derive(Deserialize)]
pub(super) struct Model {
    pub(super) metadata: Metadata,
    pub(super) operations: BTreeMap<String, serde_json::Value>,
    pub(super) shapes: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) api_version: String,
    pub(super) protocol: String,
    pub(super) endpoint_prefix: String,
    pub(super) signing_name: Option<String>,
    pub(super) json_version: Option<String>,
    pub(super) target_prefix: Option<String>,
    pub(super) xml_namespace: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Operation {
    #[serde(rename = "name")]
    _name: IgnoredAny,
    pub(super) http: Http,
    pub(super) input: Option<Reference>,
    pub(super) output: Option<Output>,
    #[serde(default)]
    pub(super) errors: Vec<Reference>,
    /// `none` for what is taken unsigned.
    pub(super) authtype: Option<String>,
    #[serde(rename = "auth")]
    _auth: Option<IgnoredAny>,
    #[serde(rename = "documentation")]
    _documentation: Option<IgnoredAny>,
    #[serde(rename = "idempotent")]
    _idempotent: Option<IgnoredAny>,
    #[serde(rename = "readonly")]
    _readonly: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Http {
    pub(super) method: String,
    pub(super) request_uri: String,
    pub(super) response_code: Option<u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Output {
    pub(super) shape: String,
    pub(super) result_wrapper: Option<String>,
}

/// One shape as a member, element, key or value of another.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Reference {
    pub(super) shape: String,
    pub(super) location: Option<String>,
    pub(super) location_name: Option<String>,
    #[serde(default)]
    pub(super) idempotency_token: bool,
    #[serde(rename = "documentation")]
    _documentation: Option<IgnoredAny>,
    #[serde(rename = "deprecated")]
    _deprecated: Option<IgnoredAny>,
    #[serde(rename = "deprecatedMessage")]
    _deprecated_message: Option<IgnoredAny>,
    #[serde(rename = "deprecatedSince")]
    _deprecated_since: Option<IgnoredAny>,
    #[serde(rename = "box")]
    _box: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Shape {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) required: Vec<String>,
    /// In the order of the model, which answers in XML follow.
    #[serde(default)]
    pub(super) members: serde_json::Map<String, serde_json::Value>,
    pub(super) member: Option<Reference>,
    pub(super) key: Option<Reference>,
    pub(super) value: Option<Reference>,
    pub(super) min: Option<Number>,
    pub(super) max: Option<Number>,
    pub(super) pattern: Option<String>,
    #[serde(rename = "enum")]
    pub(super) values: Option<Vec<String>>,
    #[serde(default)]
    pub(super) sensitive: bool,
    #[serde(default)]
    pub(super) union: bool,
    #[serde(default)]
    pub(super) exception: bool,
    #[serde(default)]
    pub(super) fault: bool,
    pub(super) error: Option<Error>,
    #[serde(rename = "documentation")]
    _documentation: Option<IgnoredAny>,
    #[serde(rename = "deprecated")]
    _deprecated: Option<IgnoredAny>,
    #[serde(rename = "deprecatedMessage")]
    _deprecated_message: Option<IgnoredAny>,
    #[serde(rename = "deprecatedSince")]
    _deprecated_since: Option<IgnoredAny>,
    #[serde(rename = "box")]
    _box: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Error {
    pub(super) code: Option<String>,
    pub(super) http_status_code: Option<u16>,
    /// Who is to blame follows from the status.
    #[serde(rename = "senderFault")]
    _sender_fault: Option<IgnoredAny>,
}

/// Reads the newest model of a service from botocore's folder of models.
pub(super) fn read(models: &Path, service: &str) -> Result<Model> {
    let folder = models.join(service);
    let versions = std::fs::read_dir(&folder)
        .with_context(|| format!("`{}` could not be read", folder.display()))?
        .collect::<Result<Vec<_>, _>>()?;
    // Versions are dates, so that the newest is the last.
    let newest = versions.iter().map(std::fs::DirEntry::path).max().context("there is no version of it")?;
    let file = newest.join("service-2.json.gz");
    let bytes = File::open(&file).with_context(|| format!("`{}` could not be read", file.display()))?;
    serde_json::from_reader(GzDecoder::new(bytes))
        .with_context(|| format!("`{}` is no model", file.display()))
}
