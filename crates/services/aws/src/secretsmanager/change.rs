//! Changes of a secret that the caller may change.

use ringwall_store::{Batch, Change, Expect, Row, StoreError};

use super::access::Found;
use super::rows::{self, Form, Secret, Version};
use super::value::{self, Content};
use super::{no_secret, request};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::id;

/// How often a change of several records is tried again that met another one.
const MAX_TRIES: usize = 16;

/// Changes what a secret says, by what it says now.
pub(crate) async fn change(
    call: &Call<'_>,
    found: Found,
    mut to: impl FnMut(&mut Secret) -> Result<()>,
) -> Result<Found> {
    let suffix = found.secret().suffix.clone();
    let changed = call
        .shared
        .secretsmanager
        .secrets
        .update(&found.row.place, |secret| {
            let same = secret.filter(|secret| secret.suffix == suffix && !secret.is_gone(call.now()));
            let mut secret = same.ok_or_else(no_secret)?.clone();
            to(&mut secret)?;
            Ok::<_, ApiError>(if Some(&secret) == same { Change::Keep } else { Change::Put(secret) })
        })
        .await?;
    Ok(Found { row: changed.ok_or_else(no_secret)?, ..found })
}

/// Adds the secret to a batch, which holds only if it is still as it was read.
pub(crate) fn put(call: &Call<'_>, batch: &mut Batch, found: &Found, changed: &Secret) {
    let expect = Expect::Revision(found.row.revision);
    let place = &found.row.place;
    let secrets = &call.shared.secretsmanager.secrets;
    secrets.put(batch, &place.account, &place.region, &place.name, changed, expect);
}

/// Adds the deletion of a version's value.
pub(crate) fn delete_value(call: &Call<'_>, batch: &mut Batch, found: &Found, id: &str) {
    let name = rows::value_name(found.name(), &found.secret().suffix, id);
    let values = &call.shared.secretsmanager.values;
    values.delete(batch, found.account(), call.region(), &name, Expect::Any);
}

/// The revision of what was written; `None` if somebody came in between, of whom is known afterwards.
pub(crate) async fn commit(call: &Call<'_>, batch: Batch) -> Result<Option<i64>> {
    match call.shared.store.commit(batch).await {
        Ok(revision) => Ok(Some(revision)),
        Err(StoreError::Conflict(_)) => {
            call.shared.store.refresh().await?;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

impl Found {
    /// After it was changed.
    fn changed(self, secret: Secret, revision: i64) -> Self {
        let place = self.row.place.clone();
        Self { row: Row { value: secret, revision, place }.into(), ..self }
    }
}

/// The same secret as it is now, after somebody else changed it.
pub(crate) async fn again(call: &Call<'_>, found: Found) -> Result<Found> {
    let place = &found.row.place;
    let row = call.shared.secretsmanager.secrets.get(&place.account, &place.region, &place.name).await?;
    let suffix = &found.secret().suffix;
    let row = row.filter(|row| row.value.suffix == *suffix && !row.value.is_gone(call.now()));
    Ok(Found { row: row.ok_or_else(no_secret)?, ..found })
}

/// The id of a new version: the request's token.
///
/// Source: AWS, *Secrets Manager API Reference*, PutSecretValue, `ClientRequestToken`.
///
/// # Errors
///
/// `InvalidParameterException` for characters that no id of a record has.
pub(crate) fn version_id(token: Option<&str>) -> Result<String> {
    match token {
        None => id::uuid(),
        Some(token) if token.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(token.to_owned()),
        Some(_) => Err(super::parameter("A ClientRequestToken is of visible ASCII characters.")),
    }
}

/// Adds a version, with what else the request changes. The same request again changes nothing.
///
/// # Errors
///
/// `ResourceExistsException` if there is another version of this id.
pub(crate) async fn add_version(
    call: &Call<'_>,
    mut found: Found,
    id: &str,
    content: &Content,
    stages: &[String],
    edit: impl Fn(&mut Secret),
) -> Result<Found> {
    for _ in 0..MAX_TRIES {
        found.usable()?;
        if let Some(version) = found.secret().versions.get(id) {
            same(call, &found, id, version, content).await?;
            return Ok(found);
        }
        let mut secret = found.secret().clone();
        edit(&mut secret);
        let (sealed, key) = value::seal(call, &found, secret.kms_key.as_deref(), id, content).await?;
        let removed = secret.add(id, new_version(call, content.form, key), stages, call.now())?;
        let mut batch = Batch::new();
        put(call, &mut batch, &found, &secret);
        let name = rows::value_name(found.name(), &secret.suffix, id);
        let values = &call.shared.secretsmanager.values;
        values.put(&mut batch, found.account(), call.region(), &name, &sealed, Expect::Absent);
        for id in &removed {
            delete_value(call, &mut batch, &found, id);
        }
        if let Some(revision) = commit(call, batch).await? {
            return Ok(found.changed(secret, revision));
        }
        found = again(call, found).await?;
    }
    Err(contended())
}

pub(crate) fn new_version(call: &Call<'_>, form: Form, key: String) -> Version {
    Version { created: call.now(), accessed: None, form, key, stages: Default::default() }
}

/// Whether a version has the very value that a request brings again.
///
/// Source: AWS, *Secrets Manager API Reference*, PutSecretValue: "you can't modify an existing version; you can only create
/// new ones".
pub(crate) async fn same(
    call: &Call<'_>,
    found: &Found,
    id: &str,
    version: &Version,
    content: &Content,
) -> Result<()> {
    let kept = value::open(call, found, id, version).await?;
    if kept.form == content.form && kept.plaintext.expose() == content.plaintext.expose() {
        return Ok(());
    }
    let message = format!(
        "You can't use ClientRequestToken {id} because that value is already in use for a version of secret {}.",
        found.arn
    );
    Err(ApiError::new("ResourceExistsException", message))
}

/// Seals the versions with one of these stages under the secret's new key, where the caller may.
///
/// # Errors
///
/// `EncryptionFailure` if the new key cannot be used.
pub(crate) async fn rekey(
    call: &Call<'_>,
    mut found: Found,
    key: Option<&str>,
    edit: impl Fn(&mut Secret),
) -> Result<Found> {
    const STAGES: [&str; 3] = ["AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"];
    for _ in 0..MAX_TRIES {
        found.usable()?;
        let mut secret = found.secret().clone();
        edit(&mut secret);
        let mut batch = Batch::new();
        for (id, version) in &mut secret.versions {
            if !STAGES.iter().any(|stage| version.stages.contains(*stage)) {
                continue;
            }
            let Some((sealed, key)) = value::under(call, &found, key, id, version).await? else { continue };
            version.key = key;
            let name = rows::value_name(found.name(), &secret.suffix, id);
            let values = &call.shared.secretsmanager.values;
            values.put(&mut batch, found.account(), call.region(), &name, &sealed, Expect::Present);
        }
        put(call, &mut batch, &found, &secret);
        if let Some(revision) = commit(call, batch).await? {
            return Ok(found.changed(secret, revision));
        }
        found = again(call, found).await?;
    }
    Err(contended())
}

pub(crate) fn contended() -> ApiError {
    request("You tried to change the secret while it was changed by others. Try again.")
}
