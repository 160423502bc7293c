//! DeleteSecret, RestoreSecret, and what happens when the time is over.

use ringwall_store::{Batch, Expect, Row, StoreError};
use serde::Deserialize;
use serde_json::json;

use super::access::{Found, allowed, seek};
use super::change::{change, commit, contended, delete_value};
use super::read::DAY;
use super::rows::{self, Secret};
use super::{parameter, request, seconds};
use crate::authorize::Answer;
use crate::call::Call;
use crate::error::Result;
use crate::shared::Shared;

/// How long a secret can be restored, in days.
///
/// Source: AWS, *Secrets Manager API Reference*, DeleteSecret, `RecoveryWindowInDays`.
const WINDOW: std::ops::RangeInclusive<i64> = 7..=30;

/// How long, unless the request tells.
const DEFAULT_WINDOW: i64 = 30;

/// Secrets that are read at once.
const PAGE: usize = 200;

/// How often a deletion is tried again that met a change.
const MAX_TRIES: usize = 16;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteSecret {
    secret_id: String,
    recovery_window_in_days: Option<i64>,
    force_delete_without_recovery: Option<bool>,
}

/// Source: AWS, *Secrets Manager API Reference*, DeleteSecret: what is deleted by force need not be there.
pub(crate) async fn delete_secret(call: &Call<'_>, input: DeleteSecret) -> Result<Answer> {
    let sought = seek(call, &input.secret_id).await?;
    let window = input.recovery_window_in_days;
    let force = input.force_delete_without_recovery;
    let ask = sought
        .ask(call, "secretsmanager:DeleteSecret")
        .with_some("secretsmanager:RecoveryWindowInDays", window.map(|days| days.to_string()))
        .with_some(
            "secretsmanager:ForceDeleteWithoutRecovery",
            force.map(|force| if force { "true" } else { "false" }),
        );
    let force = force.unwrap_or_default();
    if force && !sought.is_there() {
        let permit = call.authorize(&ask)?;
        check(window, force)?;
        return Ok(permit.answer(json!({ "Name": input.secret_id, "DeletionDate": seconds(call.now()) })));
    }
    let found = sought.allowed(call, &ask)?;
    check(window, force)?;
    let (found, due) = if force {
        (delete(call, found).await?, call.now())
    } else {
        let days = window.unwrap_or(DEFAULT_WINDOW);
        let due = call.now().saturating_add(days.saturating_mul(DAY));
        let found = change(call, found, |secret| {
            if secret.due.is_some() {
                return Err(request(
                    "You tried to perform the operation on a secret that's currently marked deleted.",
                ));
            }
            secret.due = Some(due);
            Ok(())
        })
        .await?;
        (found, due)
    };
    let answer = json!({ "ARN": &*found.arn, "Name": found.name(), "DeletionDate": seconds(due) });
    Ok(found.permit.answer(answer))
}

fn check(window: Option<i64>, force: bool) -> Result<()> {
    match window {
        Some(_) if force => Err(parameter(
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
        )),
        Some(days) if !WINDOW.contains(&days) => {
            Err(parameter("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."))
        }
        _ => Ok(()),
    }
}

/// Deletes a secret with all its values.
async fn delete(call: &Call<'_>, mut found: Found) -> Result<Found> {
    for _ in 0..MAX_TRIES {
        let mut batch = Batch::new();
        let place = &found.row.place;
        let expect = Expect::Revision(found.row.revision);
        let secrets = &call.shared.secretsmanager.secrets;
        secrets.delete(&mut batch, &place.account, &place.region, &place.name, expect);
        for id in found.secret().versions.keys() {
            delete_value(call, &mut batch, &found, id);
        }
        if commit(call, batch).await?.is_some() {
            return Ok(found);
        }
        let now = secrets.get(&place.account, &place.region, &place.name).await?;
        match now.filter(|row| row.value.suffix == found.secret().suffix) {
            Some(row) => found = Found { row, ..found },
            None => return Ok(found),
        }
    }
    Err(contended())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RestoreSecret {
    secret_id: String,
}

/// Source: AWS, *Secrets Manager API Reference*, RestoreSecret.
pub(crate) async fn restore_secret(call: &Call<'_>, input: RestoreSecret) -> Result<Answer> {
    let found = allowed(call, &input.secret_id, "secretsmanager:RestoreSecret").await?;
    let found = change(call, found, |secret| {
        secret.due = None;
        Ok(())
    })
    .await?;
    Ok(found.permit.answer(json!({ "ARN": &*found.arn, "Name": found.name() })))
}

/// Deletes the secrets whose time is over, of all accounts, and tells how many there were. They count as deleted before
/// that already; this destroys their values.
pub(crate) async fn sweep(shared: &Shared) -> Result<usize> {
    let now = (shared.clock)();
    let (mut deleted, mut after) = (0, None);
    loop {
        let rows = shared.secretsmanager.secrets.scan_all(after.as_ref(), PAGE).await?;
        let full = rows.len() == PAGE;
        after = rows.last().map(|row| row.place.clone());
        for row in rows.iter().filter(|row| row.value.is_gone(now)) {
            deleted += usize::from(destroy(shared, row).await?);
        }
        if !full {
            return Ok(deleted);
        }
    }
}

async fn destroy(shared: &Shared, row: &Row<Secret>) -> Result<bool> {
    let (tables, place) = (&shared.secretsmanager, &row.place);
    let mut batch = Batch::new();
    let expect = Expect::Revision(row.revision);
    tables.secrets.delete(&mut batch, &place.account, &place.region, &place.name, expect);
    for id in row.value.versions.keys() {
        let name = rows::value_name(&place.name, &row.value.suffix, id);
        tables.values.delete(&mut batch, &place.account, &place.region, &name, Expect::Any);
    }
    match shared.store.commit(batch).await {
        Ok(_) => {
            let arn = rows::arn(&place.region, &place.account, &place.name, &row.value.suffix);
            tracing::info!(secret = arn, "a secret was deleted for good");
            Ok(true)
        }
        // Another replica came first, or somebody made a secret of the name.
        Err(StoreError::Conflict(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
