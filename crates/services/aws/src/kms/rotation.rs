//! Rotation: new material for a key, while what the old one sealed still opens.

use ringwall_store::Change;
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{Allowed, Wish, allowed};
use super::identifier::{Forms, invalid};
use super::page::{Page, Paged};
use super::rows::{DAY, Key, Material, Rotated, Rotation, State};
use super::{change, material, seconds, unsupported};
use crate::authorize::Answer;
use crate::call::Call;
use crate::error::{ApiError, Result};

/// Days between automatic rotations unless told otherwise.
pub(crate) const DEFAULT_PERIOD_DAYS: i64 = 365;

/// Most rotations on demand in a key's life.
///
/// Source: AWS, *KMS API Reference*, RotateKeyOnDemand; *KMS Developer Guide*, "Resource quotas".
const MAX_ON_DEMAND: usize = 25;

/// Rotations in an answer unless told otherwise.
const PAGE: usize = 100;

impl Key {
    /// Whether its automatic rotation has to happen now. A key that cannot be used waits until it can.
    pub(crate) fn is_rotation_due(&self, now: i64) -> bool {
        self.state == State::Enabled && self.rotation.is_some_and(|rotation| rotation.next <= now)
    }

    /// With a new version. Its automatic rotation counts from now if this is one.
    pub(crate) fn rotated(&self, material: Material) -> Self {
        let mut key = self.clone();
        if material.by == Rotated::Automatic {
            key.rotation = self.rotation.map(|rotation| Rotation {
                next: material.created.saturating_add(rotation.period_days.saturating_mul(DAY)),
                ..rotation
            });
        }
        key.materials.push(material);
        key
    }
}

/// Rotates a key that is due, before it seals again.
pub(crate) async fn when_due(call: &Call<'_>, key: Allowed) -> Result<Allowed> {
    let now = call.now();
    if !key.key().is_rotation_due(now) {
        return Ok(key);
    }
    let new = material::generate(call.shared, &key.arn, Rotated::Automatic, now)?;
    change(call, key, |key| {
        // Somebody else may have come first.
        Ok(if key.is_rotation_due(now) { Change::Put(key.rotated(new.clone())) } else { Change::Keep })
    })
    .await
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct EnableKeyRotation {
    key_id: String,
    rotation_period_in_days: Option<i64>,
}

/// Another period counts from now; the same one leaves the next date as it is.
///
/// Source: AWS, *KMS API Reference*, EnableKeyRotation (90 to 2560 days, which the model checks).
pub(crate) async fn enable_key_rotation(call: &Call<'_>, input: EnableKeyRotation) -> Result<Answer> {
    let mut wish = Wish::new("EnableKeyRotation");
    if let Some(days) = input.rotation_period_in_days {
        wish = wish.with("kms:RotationPeriodInDays", days.to_string());
    }
    let key = allowed(call, &input.key_id, Forms::Own, &wish).await?;
    let (arn, now) = (key.arn.clone(), call.now());
    let changed = change(call, key, |key| {
        super::access::enabled(&arn, key.state)?;
        let period_days = input
            .rotation_period_in_days
            .or(key.rotation.map(|rotation| rotation.period_days))
            .unwrap_or(DEFAULT_PERIOD_DAYS);
        if key.rotation.is_some_and(|rotation| rotation.period_days == period_days) {
            return Ok(Change::Keep);
        }
        let next = now.saturating_add(period_days.saturating_mul(DAY));
        Ok(Change::Put(Key { rotation: Some(Rotation { period_days, next }), ..key.clone() }))
    })
    .await?;
    Ok(changed.permit.done())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ByKey {
    pub(crate) key_id: String,
}

/// Source: AWS, *KMS API Reference*, DisableKeyRotation.
pub(crate) async fn disable_key_rotation(call: &Call<'_>, input: ByKey) -> Result<Answer> {
    let key = allowed(call, &input.key_id, Forms::Own, &Wish::new("DisableKeyRotation")).await?;
    let arn = key.arn.clone();
    let changed = change(call, key, |key| {
        super::access::enabled(&arn, key.state)?;
        Ok(Change::Put(Key { rotation: None, ..key.clone() }))
    })
    .await?;
    Ok(changed.permit.done())
}

/// Source: AWS, *KMS API Reference*, GetKeyRotationStatus.
pub(crate) async fn get_key_rotation_status(call: &Call<'_>, input: ByKey) -> Result<Answer> {
    let key = allowed(call, &input.key_id, Forms::Key, &Wish::new("GetKeyRotationStatus")).await?;
    let key = when_due(call, key).await?;
    let rotation = key.key().rotation.filter(|_| !matches!(key.key().state, State::PendingDeletion { .. }));
    let mut answer = json!({ "KeyId": &*key.arn, "KeyRotationEnabled": rotation.is_some() });
    if let (Some(rotation), Some(members)) = (rotation, answer.as_object_mut()) {
        members.insert("RotationPeriodInDays".to_owned(), rotation.period_days.into());
        members.insert("NextRotationDate".to_owned(), seconds(rotation.next));
    }
    Ok(key.permit.answer(answer))
}

/// It does not move the next automatic rotation.
///
/// Source: AWS, *KMS API Reference*, RotateKeyOnDemand.
pub(crate) async fn rotate_key_on_demand(call: &Call<'_>, input: ByKey) -> Result<Answer> {
    let key = allowed(call, &input.key_id, Forms::Own, &Wish::new("RotateKeyOnDemand")).await?;
    let arn = key.arn.clone();
    let new = material::generate(call.shared, &arn, Rotated::OnDemand, call.now())?;
    let changed = change(call, key, |key| {
        super::access::enabled(&arn, key.state)?;
        let before = key.materials.iter().filter(|material| material.by == Rotated::OnDemand).count();
        if before >= MAX_ON_DEMAND {
            let message =
                format!("{arn} has been rotated on demand {MAX_ON_DEMAND} times, which is the limit.");
            return Err(ApiError::new("LimitExceededException", message));
        }
        Ok(Change::Put(key.rotated(new.clone())))
    })
    .await?;
    Ok(changed.permit.answer(json!({ "KeyId": changed.id() })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListKeyRotations {
    key_id: String,
    include_key_material: Option<String>,
    #[serde(flatten)]
    page: Page,
}

/// The rotations that happened, in their order; with all material the first one too.
///
/// Source: AWS, *KMS API Reference*, ListKeyRotations.
pub(crate) async fn list_key_rotations(call: &Call<'_>, input: ListKeyRotations) -> Result<Answer> {
    let key = allowed(call, &input.key_id, Forms::Own, &Wish::new("ListKeyRotations")).await?;
    let key = when_due(call, key).await?;
    let all = match input.include_key_material.as_deref() {
        None | Some("ROTATIONS_ONLY") => false,
        Some("ALL_KEY_MATERIAL") => true,
        Some(other) => return Err(unsupported(&format!("IncludeKeyMaterial {other} is not supported"))),
    };
    let after = match input.page.after()? {
        None => 0,
        Some(text) => text.parse().map_err(|_| invalid("Marker"))?,
    };
    let materials = &key.key().materials;
    let shown = materials.iter().enumerate().filter(|(_, material)| all || material.by != Rotated::Created);
    let entries = shown.skip_while(|(at, _)| *at < after).map(|(at, material)| {
        let current = at + 1 == materials.len();
        let mut entry = json!({
            "KeyId": key.id(),
            "KeyMaterialId": material.id,
            "KeyMaterialState": if current { "CURRENT" } else { "NON_CURRENT" },
        });
        let how = match material.by {
            Rotated::Created => None,
            Rotated::Automatic => Some("AUTOMATIC"),
            Rotated::OnDemand => Some("ON_DEMAND"),
        };
        if let (Some(how), Some(members)) = (how, entry.as_object_mut()) {
            members.insert("RotationType".to_owned(), how.into());
            members.insert("RotationDate".to_owned(), seconds(material.created));
        }
        ((at + 1).to_string(), entry)
    });
    let entries: Vec<(String, Value)> = entries.collect();
    Ok(key.permit.answer(Paged::of(entries, input.page.limit(PAGE)).answer("Rotations")))
}
