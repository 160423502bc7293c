//! Events of the lake as the apiserver and CloudTrail wrote them, as far as the lake has kept them.
//!
//! What is not kept is not there: of bodies whatever is not named in the list of what is, and all of what may be secret.

use std::ops::ControlFlow;

use arrow_array::RecordBatch;
use futures_util::TryStreamExt as _;
use object_store::{ObjectMeta, ObjectStoreExt as _};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Map, Value, json};

use crate::error::LakeError;
use crate::layout;
use crate::limits::{MAX_FILE_BYTES, MAX_FILES};
use crate::location::Location;
use crate::row::Class;
use crate::value;
use crate::visible::Visible;

/// Rows that are made into texts at once.
const BATCH_ROWS: usize = 4096;

/// Columns that events are put together from.
const COLUMNS: [&str; 20] = [
    "who",
    "log",
    "event_id",
    "stage",
    "verb",
    "api_group",
    "resource",
    "subresource",
    "namespace",
    "name",
    "user_agent",
    "response_code",
    "metadata",
    "cloud",
    "status_code",
    "actor",
    "api",
    "src_endpoint",
    "http_request",
    "unmapped",
];

/// An event of the lake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recalled {
    /// Whether it is a record of CloudTrail.
    pub is_record: bool,
    /// Its JSON text.
    pub json: String,
    /// The file that it is in, as a path in the lake.
    pub file: String,
    /// Its row in the file, from 1.
    pub row: u64,
}

/// Hands over each event once, day by day, of a day in the order of the files' names and of a file by time, until `each` has enough.
/// Tells how many files could not be read, with the first reason: larger than the lake makes them, or no Parquet.
///
/// # Errors
///
/// The lake's files can't be listed.
pub async fn recall(
    location: &Location,
    each: &mut (dyn FnMut(Recalled) -> ControlFlow<()> + Send),
) -> Result<Vec<LakeError>, LakeError> {
    let folder = location.source(Class::Events);
    let store = Visible::of(location.store().clone());
    let mut files = Vec::new();
    let mut listed = object_store::ObjectStore::list(&store, Some(&folder));
    while let Some(file) = listed.try_next().await.map_err(|error| LakeError::file(&folder, &error))? {
        if files.len() >= MAX_FILES {
            return Err(LakeError::TooManyFiles { folder: folder.to_string() });
        }
        if file.location.as_ref().ends_with(".parquet") {
            files.push(file);
        }
    }
    files.sort_unstable_by(|one, other| {
        let key = |file: &ObjectMeta| (layout::day_of(&file.location), file.location.clone());
        key(one).cmp(&key(other))
    });
    let mut unread = Vec::new();
    for file in files {
        match events(&store, &file, each).await {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => break,
            Err(error) => unread.push(error),
        }
    }
    Ok(unread)
}

async fn events(
    store: &Visible,
    file: &ObjectMeta,
    each: &mut (dyn FnMut(Recalled) -> ControlFlow<()> + Send),
) -> Result<ControlFlow<()>, LakeError> {
    let wrong = |error: &dyn std::error::Error| LakeError::file(&file.location, error);
    // Twice what compaction makes at most: it stops at the first row beyond.
    if file.size > MAX_FILE_BYTES.saturating_mul(2) {
        let why = format!("it has {} bytes, more than the lake makes", file.size);
        return Err(LakeError::File { path: file.location.to_string(), why });
    }
    let bytes = store.get(&file.location).await.map_err(|error| wrong(&error))?;
    let bytes = bytes.bytes().await.map_err(|error| wrong(&error))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(|error| wrong(&error))?;
    let mask = ProjectionMask::columns(reader.parquet_schema(), COLUMNS);
    let batches = reader.with_projection(mask).with_batch_size(BATCH_ROWS).build();
    let mut row = 0_u64;
    for batch in batches.map_err(|error| wrong(&error))? {
        let batch = batch.map_err(|error| wrong(&error))?;
        for at in 0..batch.num_rows() {
            row = row.saturating_add(1);
            let Some((is_record, json)) = event(&batch, at) else { continue };
            let recalled = Recalled { is_record, json, file: file.location.to_string(), row };
            if each(recalled).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// A row as the log had it; `None` if it is of no log that is known.
fn event(batch: &RecordBatch, at: usize) -> Option<(bool, String)> {
    let row = value::row(batch, at);
    let unmapped =
        row.get("unmapped").and_then(Value::as_str).and_then(|text| serde_json::from_str(text).ok());
    let mut event: Map<String, Value> = unmapped.unwrap_or_default();
    let is_record = match row.get("log")?.as_str()? {
        "audit" => false,
        "cloudtrail" => true,
        _ => return None,
    };
    let members = if is_record { record(&row) } else { audit(&row, event.remove("extra")) };
    event.extend(members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), pruned(value)?))));
    Some((is_record, Value::Object(event).to_string()))
}

type Members = Vec<(&'static str, Value)>;

fn audit(row: &Map<String, Value>, extra: Option<Value>) -> Members {
    let at = |path: &str| value::at(row, path);
    let path = at("http_request.url.path");
    let uri = match (path.as_str(), at("http_request.url.query_string").as_str()) {
        (Some(path), Some(query)) if !query.is_empty() => Value::from(format!("{path}?{query}")),
        _ => path,
    };
    let groups: Vec<Value> = at("actor.user.groups")
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|group| group.get("name").cloned())
        .collect();
    let mut addresses = vec![address(row)];
    addresses.extend(at("src_endpoint.intermediate_ips").as_array().into_iter().flatten().cloned());
    addresses.retain(|address| !address.is_null());
    vec![
        ("kind", "Event".into()),
        ("apiVersion", at("metadata.log_version")),
        ("level", at("metadata.log_level")),
        ("auditID", at("event_id")),
        ("stage", at("stage")),
        ("requestURI", uri),
        ("verb", at("verb")),
        (
            "user",
            json!({"username": at("who"), "uid": at("actor.user.uid"), "groups": groups, "extra": extra}),
        ),
        ("sourceIPs", Value::Array(addresses)),
        ("userAgent", at("user_agent")),
        (
            "objectRef",
            json!({
                "resource": at("resource"),
                "namespace": at("namespace"),
                "name": at("name"),
                "apiGroup": at("api_group"),
                "apiVersion": at("api.version"),
                "subresource": at("subresource"),
            }),
        ),
        (
            "responseStatus",
            json!({
                "code": at("response_code"),
                "reason": at("api.response.error"),
                "message": at("api.response.message"),
            }),
        ),
        ("requestReceivedTimestamp", at("metadata.original_time")),
    ]
}

fn record(row: &Map<String, Value>) -> Members {
    let at = |path: &str| value::at(row, path);
    let who = at("who");
    let arn = who.as_str().filter(|who| who.starts_with("arn:")).map_or(Value::Null, Value::from);
    let mfa = at("actor.session.is_mfa").as_bool().map_or(Value::Null, |is_mfa| is_mfa.to_string().into());
    vec![
        (
            "userIdentity",
            json!({
                "type": at("actor.user.type"),
                "arn": arn,
                "userName": if at("actor.user.name") == who { Value::Null } else { at("actor.user.name") },
                "principalId": at("actor.user.uid"),
                "accountId": at("actor.user.account.uid"),
                "accessKeyId": at("actor.user.credential_uid"),
                "identityProvider": at("actor.idp.name"),
                "invokedBy": at("actor.invoked_by"),
                "sessionContext": {
                    "sessionIssuer": {"arn": at("actor.session.issuer")},
                    "attributes": {"mfaAuthenticated": mfa},
                },
            }),
        ),
        ("eventTime", at("metadata.original_time")),
        ("eventSource", at("api_group")),
        ("eventName", at("verb")),
        ("awsRegion", at("cloud.region")),
        ("sourceIPAddress", address(row)),
        ("userAgent", at("user_agent")),
        ("errorCode", at("status_code")),
        ("requestID", at("api.request.uid")),
        ("eventID", at("event_id")),
        ("recipientAccountId", at("cloud.account.uid")),
    ]
}

/// The client's address, or the service that called.
fn address(row: &Map<String, Value>) -> Value {
    match value::at(row, "src_endpoint.ip") {
        Value::Null => value::at(row, "src_endpoint.svc_name"),
        address => address,
    }
}

/// Without what is not there: logs leave it out, and rules ask whether it is.
fn pruned(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::Array(items) if items.is_empty() => None,
        Value::Object(members) => {
            let members: Map<String, Value> =
                members.into_iter().filter_map(|(name, value)| Some((name, pruned(value)?))).collect();
            (!members.is_empty()).then_some(Value::Object(members))
        }
        value => Some(value),
    }
}
