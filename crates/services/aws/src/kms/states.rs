//! Whether a key may be used: on, off, and its end.

use ringwall_store::Change;
use serde::Deserialize;
use serde_json::json;

use super::access::{Allowed, Wish, allowed, not_pending};
use super::identifier::{Forms, invalid};
use super::rotation::ByKey;
use super::rows::{DAY, Key, State};
use super::{change, seconds};
use crate::authorize::Answer;
use crate::call::Call;
use crate::error::{ApiError, Result};

/// Days until a key is deleted: the fewest, the most, and those that count unless told otherwise.
///
/// Source: AWS, *KMS API Reference*, ScheduleKeyDeletion.
const WINDOW_DAYS: std::ops::RangeInclusive<i64> = 7..=30;
const DEFAULT_WINDOW_DAYS: i64 = 30;

/// Source: AWS, *KMS API Reference*, EnableKey.
pub(crate) async fn enable_key(call: &Call<'_>, input: ByKey) -> Result<Answer> {
    switch(call, &input.key_id, "EnableKey", State::Enabled).await
}

/// Source: AWS, *KMS API Reference*, DisableKey.
pub(crate) async fn disable_key(call: &Call<'_>, input: ByKey) -> Result<Answer> {
    switch(call, &input.key_id, "DisableKey", State::Disabled).await
}

async fn switch(call: &Call<'_>, key: &str, action: &'static str, state: State) -> Result<Answer> {
    let key = allowed(call, key, Forms::Own, &Wish::new(action)).await?;
    let arn = key.arn.clone();
    let changed = change(call, key, |key| {
        not_pending(&arn, key.state)?;
        Ok(with_state(key, state))
    })
    .await?;
    Ok(changed.permit.done())
}

fn with_state(key: &Key, state: State) -> Change<Key> {
    if key.state == state { Change::Keep } else { Change::Put(Key { state, ..key.clone() }) }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ScheduleKeyDeletion {
    key_id: String,
    pending_window_in_days: Option<i64>,
}

/// The key can be had back until its time has come; then its material is destroyed, and nothing that it sealed opens again.
///
/// Source: AWS, *KMS API Reference*, ScheduleKeyDeletion.
pub(crate) async fn schedule_key_deletion(call: &Call<'_>, input: ScheduleKeyDeletion) -> Result<Answer> {
    let days = input.pending_window_in_days.unwrap_or(DEFAULT_WINDOW_DAYS);
    if !WINDOW_DAYS.contains(&days) {
        return Err(invalid("PendingWindowInDays must be between 7 and 30 days (inclusive)"));
    }
    let wish =
        Wish::new("ScheduleKeyDeletion").with("kms:ScheduleKeyDeletionPendingWindowInDays", days.to_string());
    let key = allowed(call, &input.key_id, Forms::Own, &wish).await?;
    let arn = key.arn.clone();
    let due = call.now().saturating_add(days.saturating_mul(DAY));
    let changed = change(call, key, |key| {
        not_pending(&arn, key.state)?;
        Ok(with_state(key, State::PendingDeletion { due }))
    })
    .await?;
    let Allowed { permit, arn, row, .. } = &changed;
    Ok(permit.answer(json!({
        "KeyId": &**arn,
        "DeletionDate": seconds(due),
        "KeyState": row.value.state.name(),
        "PendingWindowInDays": days,
    })))
}

/// The key is disabled then, until somebody enables it.
///
/// Source: AWS, *KMS API Reference*, CancelKeyDeletion.
pub(crate) async fn cancel_key_deletion(call: &Call<'_>, input: ByKey) -> Result<Answer> {
    let key = allowed(call, &input.key_id, Forms::Own, &Wish::new("CancelKeyDeletion")).await?;
    let arn = key.arn.clone();
    let changed = change(call, key, |key| {
        if !matches!(key.state, State::PendingDeletion { .. }) {
            return Err(ApiError::new("KMSInvalidStateException", format!("{arn} is not pending deletion.")));
        }
        Ok(with_state(key, State::Disabled))
    })
    .await?;
    Ok(changed.permit.answer(json!({ "KeyId": &*changed.arn })))
}
