//! GetSecretValue.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::access::{Found, seek};
use super::change::change;
use super::rows::Version;
use super::stages::CURRENT;
use super::value;
use super::{not_found, request, seconds};
use crate::authorize::Answer;
use crate::call::Call;
use crate::error::Result;

/// Milliseconds of a day.
pub(crate) const DAY: i64 = 24 * 60 * 60 * 1000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetSecretValue {
    secret_id: String,
    version_id: Option<String>,
    version_stage: Option<String>,
}

/// Source: AWS, *Secrets Manager API Reference*, GetSecretValue.
pub(crate) async fn get_secret_value(call: &Call<'_>, input: GetSecretValue) -> Result<Answer> {
    let GetSecretValue { secret_id, version_id, version_stage } = input;
    let (found, members) = get(call, &secret_id, version_id.as_deref(), version_stage.as_deref()).await?;
    Ok(found.permit.answer(members.into()))
}

/// The value of a secret's version, as the members of an answer, for a caller who may have it.
///
/// Of a request that names no version, `secretsmanager:VersionStage` is `AWSCURRENT`, which is what it gets.
pub(crate) async fn get(
    call: &Call<'_>,
    secret_id: &str,
    version_id: Option<&str>,
    version_stage: Option<&str>,
) -> Result<(Found, Map<String, Value>)> {
    let sought = seek(call, secret_id).await?;
    let stage = version_stage.or_else(|| version_id.is_none().then_some(CURRENT));
    let ask = sought
        .ask(call, "secretsmanager:GetSecretValue")
        .with_some("secretsmanager:VersionId", version_id)
        .with_some("secretsmanager:VersionStage", stage);
    let found = sought.allowed(call, &ask)?;
    found.usable()?;
    let (id, version) = pick(&found, version_id, stage)?;
    let content = value::open(call, &found, &id, &version).await?;
    let mut members = Map::new();
    members.insert("ARN".to_owned(), (*found.arn).into());
    members.insert("Name".to_owned(), found.name().into());
    members.insert("VersionId".to_owned(), id.as_str().into());
    members.insert("CreatedDate".to_owned(), seconds(version.created));
    if !version.stages.is_empty() {
        members.insert("VersionStages".to_owned(), json!(version.stages));
    }
    content.answer(&mut members)?;
    Ok((note_access(call, found, &id).await?, members))
}

fn pick(found: &Found, id: Option<&str>, stage: Option<&str>) -> Result<(String, Version)> {
    let secret = found.secret();
    let missing = |what: &str, which: &str| {
        not_found(format!("Secrets Manager can't find the specified secret value for {what}: {which}"))
    };
    let Some(id) = id else {
        let stage = stage.unwrap_or(CURRENT);
        let staged = secret.with_stage(stage).ok_or_else(|| missing("staging label", stage))?;
        return Ok((staged.0.clone(), staged.1.clone()));
    };
    let version = secret.versions.get(id).ok_or_else(|| missing("VersionId", id))?;
    if stage.is_some_and(|stage| !version.stages.contains(stage)) {
        return Err(request("You provided a VersionStage that is not associated to the provided VersionId."));
    }
    Ok((id.to_owned(), version.clone()))
}

/// Remembers the day of the access, once a day, so that reading does not write.
///
/// Source: AWS, *Secrets Manager API Reference*, DescribeSecret, `LastAccessedDate`: "The date that the secret was last
/// accessed", without a time.
async fn note_access(call: &Call<'_>, found: Found, id: &str) -> Result<Found> {
    let today = Some(call.now().div_euclid(DAY).saturating_mul(DAY));
    let version = found.secret().versions.get(id);
    if found.secret().accessed >= today && version.is_none_or(|version| version.accessed >= today) {
        return Ok(found);
    }
    change(call, found, |secret| {
        secret.accessed = secret.accessed.max(today);
        if let Some(version) = secret.versions.get_mut(id) {
            version.accessed = version.accessed.max(today);
        }
        Ok(())
    })
    .await
}
