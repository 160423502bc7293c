//! Secrets of Secrets Manager.

use std::sync::Arc;

use data_encoding::BASE64;
use ringwall_awsclient::{CallError, Client, ErrorKind};
use ringwall_model::Secret;
use serde_json::{Value, json};

use super::kept::Key;
use super::{Fetch, Fetched, MAX_VALUE, Region};
use crate::error::MountError;
use crate::metrics::From as Origin;
use crate::objects::{Kind, Object, Reference};

/// The stage that a request without version and stage means.
const CURRENT: &str = "AWSCURRENT";

impl Fetch<'_> {
    /// A secret's value: that which is kept, if it is of the version that the region has, else read.
    pub(super) async fn secret(&self, region: &Region, object: &Object) -> Result<Fetched, MountError> {
        let client = region.client()?;
        let reference = if region.is_failover { &object.failover } else { &object.primary };
        let failed = |source| MountError::Call {
            region: region.name.clone(),
            object: reference.name.clone(),
            kind: Kind::Secret,
            source: Box::new(source),
        };
        let key =
            Key { owner: Arc::clone(self.owner), region: region.name.clone(), reference: reference.clone() };
        if let Some(kept) = self.kept.get(&key).await {
            match is_current(client, reference, &kept.version).await {
                Ok(true) => {
                    self.metrics.value(Kind::Secret, Origin::Kept);
                    return Ok(kept);
                }
                Ok(false) => {}
                // A role that may read the value need not be allowed to ask about it.
                Err(error) if error.kind == ErrorKind::Denied => {}
                Err(error) => return Err(failed(error)),
            }
        }
        match read(client, reference, &region.name).await {
            Ok(fetched) => {
                self.metrics.value(Kind::Secret, Origin::Read);
                self.kept.put(key, &fetched).await;
                Ok(fetched)
            }
            Err(error) => {
                self.kept.forget(&key).await;
                Err(match error {
                    ReadError::Call(error) => failed(error),
                    ReadError::Mount(error) => error,
                })
            }
        }
    }
}

/// Whether a version is what a reference means now.
///
/// Source: AWS, *Secrets Manager API Reference*, DescribeSecret: `VersionIdsToStages` has the versions with stages alone; a
/// version never changes its value. A secret that is about to be deleted has no value.
async fn is_current(client: &Client, reference: &Reference, version: &str) -> Result<bool, CallError> {
    let body = json!({ "SecretId": reference.name });
    let answer = client.json("secretsmanager", "secretsmanager.DescribeSecret", &body).await?;
    if answer.get("DeletedDate").is_some_and(|date| !date.is_null()) {
        return Ok(false);
    }
    let label = match (&reference.label, &reference.version) {
        (None, Some(pinned)) => return Ok(pinned == version),
        (label, _) => label.as_deref().unwrap_or(CURRENT),
    };
    let stages = answer.get("VersionIdsToStages").and_then(|versions| versions.get(version));
    Ok(stages.and_then(Value::as_array).is_some_and(|stages| stages.iter().any(|stage| stage == label)))
}

enum ReadError {
    Call(CallError),
    Mount(MountError),
}

async fn read(client: &Client, reference: &Reference, region: &str) -> Result<Fetched, ReadError> {
    let mut body = json!({ "SecretId": reference.name });
    if let Some(fields) = body.as_object_mut() {
        fields.extend(reference.version.iter().map(|id| ("VersionId".to_owned(), Value::from(id.as_str()))));
        fields.extend(
            reference.label.iter().map(|stage| ("VersionStage".to_owned(), Value::from(stage.as_str()))),
        );
    }
    let mut answer = client
        .json("secretsmanager", "secretsmanager.GetSecretValue", &body)
        .await
        .map_err(ReadError::Call)?;
    let mut text = |key: &str| match answer.get_mut(key).map(Value::take) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let lacks = |what| {
        ReadError::Mount(MountError::Answer {
            region: region.to_owned(),
            object: reference.name.clone(),
            what,
        })
    };
    let version = text("VersionId").ok_or_else(|| lacks("VersionId"))?;
    let value = match text("SecretString").map(Secret::from) {
        Some(value) => value,
        None => {
            let encoded = text("SecretBinary")
                .map(Secret::from)
                .ok_or_else(|| lacks("SecretString or SecretBinary"))?;
            Secret::new(BASE64.decode(encoded.expose()).map_err(|_| lacks("SecretBinary in base64"))?)
        }
    };
    if value.len() > MAX_VALUE {
        let (bytes, max) = (value.len(), MAX_VALUE);
        return Err(ReadError::Mount(MountError::TooLong { object: reference.name.clone(), bytes, max }));
    }
    Ok(Fetched { value: Arc::new(value), version })
}
