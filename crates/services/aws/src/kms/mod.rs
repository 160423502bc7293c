//! AWS KMS: symmetric keys that never leave, and who may use them.
//!
//! A key's material is sealed under the installation's keys and kept open in memory as long as its row is. Encrypt, Decrypt
//! and data keys read what is in memory and write nothing. A ciphertext names its key and the version of its material, so
//! that Decrypt finds both, and what an earlier version sealed opens after a rotation.
//!
//! Who may use a key is decided by its policy, the caller's own policies, and grants: a grant is one more Allow on both
//! sides, so that whatever denies still denies.

mod access;
mod aliases;
mod cryptographic;
mod grants;
mod identifier;
pub(crate) mod internal;
mod keys;
mod managed;
mod material;
mod page;
mod policies;
mod principal;
mod rotation;
pub(crate) mod rows;
mod states;
mod sweep;
mod tags;
#[cfg(test)]
mod tests;

use ringwall_store::{Batch, Change, Expect, StoreError};
use serde_json::Value;

use self::access::Allowed;
use self::rows::Key;
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::handler::{Handler, handlers};

pub use self::sweep::Swept;
pub(crate) use self::sweep::sweep;

/// The one `KeySpec` and `EncryptionAlgorithm`.
const SYMMETRIC_DEFAULT: &str = "SYMMETRIC_DEFAULT";

/// The one `KeyUsage`.
const ENCRYPT_DECRYPT: &str = "ENCRYPT_DECRYPT";

/// The one `Origin`.
const AWS_KMS: &str = "AWS_KMS";

/// The operation's handler.
pub(crate) fn find(operation: &str) -> Option<Handler> {
    handlers!(operation, {
        "CancelKeyDeletion" => states::cancel_key_deletion,
        "CreateAlias" => aliases::create_alias,
        "CreateGrant" => grants::create_grant,
        "CreateKey" => keys::create_key,
        "Decrypt" => cryptographic::decrypt,
        "DeleteAlias" => aliases::delete_alias,
        "DescribeKey" => keys::describe_key,
        "DisableKey" => states::disable_key,
        "DisableKeyRotation" => rotation::disable_key_rotation,
        "EnableKey" => states::enable_key,
        "EnableKeyRotation" => rotation::enable_key_rotation,
        "Encrypt" => cryptographic::encrypt,
        "GenerateDataKey" => cryptographic::generate_data_key,
        "GenerateDataKeyWithoutPlaintext" => cryptographic::generate_data_key_without_plaintext,
        "GenerateRandom" => cryptographic::generate_random,
        "GetKeyPolicy" => policies::get_key_policy,
        "GetKeyRotationStatus" => rotation::get_key_rotation_status,
        "ListAliases" => aliases::list_aliases,
        "ListGrants" => grants::list_grants,
        "ListKeyPolicies" => policies::list_key_policies,
        "ListKeyRotations" => rotation::list_key_rotations,
        "ListKeys" => keys::list_keys,
        "ListResourceTags" => tags::list_resource_tags,
        "ListRetirableGrants" => grants::list_retirable_grants,
        "PutKeyPolicy" => policies::put_key_policy,
        "ReEncrypt" => cryptographic::re_encrypt,
        "RetireGrant" => grants::retire_grant,
        "RevokeGrant" => grants::revoke_grant,
        "RotateKeyOnDemand" => rotation::rotate_key_on_demand,
        "ScheduleKeyDeletion" => states::schedule_key_deletion,
        "TagResource" => tags::tag_resource,
        "UntagResource" => tags::untag_resource,
        "UpdateAlias" => aliases::update_alias,
        "UpdateKeyDescription" => keys::update_key_description,
    })
}

/// Changes a key that the caller may change, by what it says now.
async fn change(
    call: &Call<'_>,
    key: Allowed,
    mut to: impl FnMut(&Key) -> Result<Change<Key>>,
) -> Result<Allowed> {
    let gone = || identifier::not_found(format!("Key '{}' does not exist", key.arn));
    let changed = call
        .shared
        .kms
        .keys
        .update(&key.row.place, |key| match key.filter(|key| !key.is_gone(call.now())) {
            None => Err(gone()),
            Some(key) => to(key),
        })
        .await?;
    let row = changed.ok_or_else(gone)?;
    Ok(Allowed { row, ..key })
}

/// How often a change of several records is tried again that met another one.
const MAX_TRIES: usize = 16;

/// Adds a key to a batch, which holds only if the key is still as it was read.
fn put_key(call: &Call<'_>, batch: &mut Batch, key: &Allowed, changed: &Key) {
    let expect = Expect::Revision(key.row.revision);
    call.shared.kms.keys.put(batch, &key.account, call.region(), key.id(), changed, expect);
}

/// Whether nobody came in between. Whoever did is known afterwards.
async fn commit(call: &Call<'_>, batch: Batch) -> Result<bool> {
    match call.shared.store.commit(batch).await {
        Ok(_) => Ok(true),
        Err(StoreError::Conflict(_)) => {
            call.shared.store.refresh().await?;
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

fn contended() -> ApiError {
    ApiError::internal(&"a key is changed by too many at the same time")
}

/// A time of the API, of milliseconds since 1970.
fn seconds(milliseconds: i64) -> Value {
    Value::from(milliseconds as f64 / 1000.0)
}

/// What is asked for is not there, and is not ignored.
fn unsupported(message: &str) -> ApiError {
    ApiError::new("UnsupportedOperationException", message)
}
