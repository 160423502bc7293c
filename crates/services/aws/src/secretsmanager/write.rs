//! PutSecretValue and UpdateSecret.

use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::access::{allowed, seek};
use super::change::{add_version, change, rekey, version_id};
use super::create::with_key;
use super::parameter;
use super::rows::Secret;
use super::value::Content;
use crate::authorize::Answer;
use crate::call::Call;
use crate::error::Result;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PutSecretValue {
    secret_id: String,
    client_request_token: Option<String>,
    secret_binary: Option<Zeroizing<String>>,
    secret_string: Option<Zeroizing<String>>,
    #[serde(default)]
    version_stages: Vec<String>,
    rotation_token: Option<Zeroizing<String>>,
}

/// Source: AWS, *Secrets Manager API Reference*, PutSecretValue.
pub(crate) async fn put_secret_value(call: &Call<'_>, input: PutSecretValue) -> Result<Answer> {
    let found = allowed(call, &input.secret_id, "secretsmanager:PutSecretValue").await?;
    if input.rotation_token.is_some() {
        return Err(parameter("RotationToken is for rotation functions, which are not run here."));
    }
    let content = Content::new(input.secret_string, input.secret_binary)?;
    let content =
        content.ok_or_else(|| parameter("You must provide either SecretString or SecretBinary."))?;
    let id = version_id(input.client_request_token.as_deref())?;
    let found = add_version(call, found, &id, &content, &input.version_stages, |_| ()).await?;
    let stages = found.secret().versions.get(&id).map(|version| version.stages.clone()).unwrap_or_default();
    let mut answer = json!({ "ARN": &*found.arn, "Name": found.name(), "VersionId": id });
    if let (false, Some(members)) = (stages.is_empty(), answer.as_object_mut()) {
        members.insert("VersionStages".to_owned(), json!(stages));
    }
    Ok(found.permit.answer(answer))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateSecret {
    secret_id: String,
    client_request_token: Option<String>,
    description: Option<String>,
    kms_key_id: Option<String>,
    secret_binary: Option<Zeroizing<String>>,
    secret_string: Option<Zeroizing<String>>,
    #[serde(rename = "Type")]
    kind: Option<String>,
}

/// With another key, the versions that have AWS's labels are sealed under it; the value that comes along is under it anyway.
///
/// Source: AWS, *Secrets Manager API Reference*, UpdateSecret.
pub(crate) async fn update_secret(call: &Call<'_>, input: UpdateSecret) -> Result<Answer> {
    let sought = seek(call, &input.secret_id).await?;
    let ask = sought
        .ask(call, "secretsmanager:UpdateSecret")
        .with_some("secretsmanager:Description", input.description.as_deref());
    let ask = with_key(call, ask, sought.account(), input.kms_key_id.as_deref()).await?;
    let mut found = sought.allowed(call, &ask)?;
    if input.kind.is_some() {
        return Err(parameter("Managed external secrets are not supported."));
    }
    found.usable()?;
    let content = Content::new(input.secret_string, input.secret_binary)?;
    let id = version_id(input.client_request_token.as_deref())?;
    let (key, now) = (input.kms_key_id, call.now());
    let edit = |secret: &mut Secret| {
        if let Some(description) = &input.description {
            secret.description = Some(description.clone());
        }
        if let Some(key) = &key {
            secret.kms_key = Some(key.clone()).filter(|key| !key.is_empty());
        }
        secret.changed = now;
    };
    if let Some(content) = &content {
        found = add_version(call, found, &id, content, &[], edit).await?;
    }
    found = match &key {
        Some(key) => rekey(call, found, Some(key.as_str()), edit).await?,
        None if content.is_some() => found,
        None => {
            change(call, found, |secret| {
                super::access::usable(secret)?;
                edit(secret);
                Ok(())
            })
            .await?
        }
    };
    let mut answer = json!({ "ARN": &*found.arn, "Name": found.name() });
    if let (true, Some(members)) = (content.is_some(), answer.as_object_mut()) {
        members.insert("VersionId".to_owned(), id.into());
    }
    Ok(found.permit.answer(answer))
}
