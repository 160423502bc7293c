//! CreateSecret.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringwall_store::{Batch, Expect, Row};
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::access::{Found, SUFFIX, TAG_KEYS, check_name, pairs};
use super::change::{self, version_id};
use super::rows::{self, Secret};
use super::tags::{self, Tag};
use super::value::{self, Content};
use super::{parameter, request};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::id;
use crate::kms::internal;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateSecret {
    name: String,
    client_request_token: Option<String>,
    description: Option<String>,
    kms_key_id: Option<String>,
    secret_binary: Option<Zeroizing<String>>,
    secret_string: Option<Zeroizing<String>>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    add_replica_regions: Vec<Value>,
    #[serde(default)]
    force_overwrite_replica_secret: bool,
    #[serde(rename = "Type")]
    kind: Option<String>,
    #[serde(rename = "CrossAccountPrimaryARN")]
    cross_account_primary: Option<String>,
}

/// Source: AWS, *Secrets Manager API Reference*, CreateSecret: tags take `secretsmanager:TagResource` as well, and the same
/// request again is answered as the first time.
pub(crate) async fn create_secret(call: &Call<'_>, input: CreateSecret) -> Result<Answer> {
    check_name(&input.name)?;
    let (account, region, name) = (call.account(), call.region(), input.name.as_str());
    let suffix = id::mixed(SUFFIX)?;
    let arn = rows::arn(region, account, name, &suffix);
    let given: BTreeMap<String, String> = tags::read(&input.tags)?;
    let about = |action: &str| {
        Ask::new(action, arn.as_str())
            .named(name)
            .request_tags(pairs(&given))
            .resource_tags(Some(TAG_KEYS), pairs(&given))
    };
    let ask = about("secretsmanager:CreateSecret")
        .with("secretsmanager:Name", name)
        .with_some("secretsmanager:Description", input.description.as_deref());
    let ask = with_key(call, ask, account, input.kms_key_id.as_deref()).await?;
    let permit = call.authorize(&ask)?;
    if !given.is_empty() {
        call.authorize(&about("secretsmanager:TagResource"))?;
    }
    if !input.add_replica_regions.is_empty()
        || input.force_overwrite_replica_secret
        || input.cross_account_primary.is_some()
    {
        return Err(parameter("Replication of secrets to other Regions is not supported."));
    }
    if input.kind.as_deref().is_some_and(|kind| !kind.is_empty()) {
        return Err(parameter("Managed external secrets are not supported."));
    }
    tags::limit(&given)?;
    let id = version_id(input.client_request_token.as_deref())?;
    let content = Content::new(input.secret_string, input.secret_binary)?;
    let secret = Secret {
        suffix,
        created: call.now(),
        changed: call.now(),
        description: input.description,
        kms_key: input.kms_key_id.filter(|key| !key.is_empty()),
        tags: given,
        ..Secret::default()
    };
    let found = Found {
        permit,
        arn: arn.into(),
        row: Row {
            value: secret,
            revision: 0,
            place: call.shared.secretsmanager.secrets.place(account, region, name),
        }
        .into(),
    };
    call.note_resource(&found.arn, account, "AWS::SecretsManager::Secret");
    let found = file(call, found, &id, content.as_ref()).await?;
    let mut answer = json!({ "ARN": &*found.arn, "Name": found.name() });
    if let (Some(members), true) = (answer.as_object_mut(), content.is_some()) {
        members.insert("VersionId".to_owned(), id.into());
    }
    Ok(found.permit.answer(answer))
}

/// With the key of KMS that a request names.
pub(crate) async fn with_key(call: &Call<'_>, ask: Ask, account: &str, key: Option<&str>) -> Result<Ask> {
    let Some(key) = key else { return Ok(ask) };
    let full = value::key_of(call, account, Some(key));
    let arn = match &full {
        Some(full) => internal::key_arn(call, full).await?,
        None => internal::key_arn(call, "alias/aws/secretsmanager").await?,
    };
    Ok(ask.with("secretsmanager:KmsKeyId", key).with_some("secretsmanager:KmsKeyArn", arn))
}

/// Files a new secret, in the place of one whose time is over if there is such a one.
async fn file(call: &Call<'_>, found: Found, id: &str, content: Option<&Content>) -> Result<Found> {
    let (tables, place) = (&call.shared.secretsmanager, &found.row.place);
    let mut secret = found.secret().clone();
    // As good as always there is none of this name, and then nothing is asked of KMS in vain.
    if let Some(there) = tables.secrets.get(&place.account, &place.region, &place.name).await?
        && !there.value.is_gone(call.now())
    {
        return exists(call, found, there, id, content).await;
    }
    let mut batch = Batch::new();
    if let Some(content) = content {
        let (sealed, key) = value::seal(call, &found, secret.kms_key.as_deref(), id, content).await?;
        secret.add(id, change::new_version(call, content.form, key), &[], call.now())?;
        let name = rows::value_name(&place.name, &secret.suffix, id);
        tables.values.put(&mut batch, &place.account, &place.region, &name, &sealed, Expect::Absent);
    }
    let there = tables.secrets.get(&place.account, &place.region, &place.name).await?;
    let expect = match &there {
        None => Expect::Absent,
        Some(there) if there.value.is_gone(call.now()) => {
            for old in there.value.versions.keys() {
                let name = rows::value_name(&place.name, &there.value.suffix, old);
                tables.values.delete(&mut batch, &place.account, &place.region, &name, Expect::Any);
            }
            Expect::Revision(there.revision)
        }
        Some(_) => return Err(taken(&place.name)),
    };
    tables.secrets.put(&mut batch, &place.account, &place.region, &place.name, &secret, expect);
    if change::commit(call, batch).await?.is_some() { Ok(found) } else { Err(taken(&place.name)) }
}

/// A secret of the name is there already: it may be this very request that made it.
async fn exists(
    call: &Call<'_>,
    found: Found,
    there: Arc<Row<Secret>>,
    id: &str,
    content: Option<&Content>,
) -> Result<Found> {
    let name = found.name().to_owned();
    if there.value.due.is_some() {
        return Err(request(
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
        ));
    }
    let arn = rows::arn(call.region(), call.account(), &name, &there.value.suffix).into();
    let there = Found { arn, row: there, ..found };
    match (there.secret().versions.get(id), content) {
        (Some(version), Some(content)) => {
            change::same(call, &there, id, version, content).await?;
            Ok(there)
        }
        _ => Err(taken(&name)),
    }
}

fn taken(name: &str) -> ApiError {
    let message = format!("The operation failed because the secret {name} already exists.");
    ApiError::new("ResourceExistsException", message)
}
