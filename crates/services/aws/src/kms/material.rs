//! Key material: made, opened when it is first needed, and what it seals.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use ringwall_envelope::{CiphertextBlob, EncryptionContext, Key as Material256, seal_with_context};
use ringwall_model::Secret;

use super::access::Allowed;
use super::identifier::invalid;
use super::rows::{Key, Material, Memo, Rotated};
use crate::error::{ApiError, Result};
use crate::id;
use crate::sealed::Purpose;
use crate::shared::Shared;

/// A ciphertext, and the version that made it.
#[derive(Debug)]
pub(crate) struct Ciphertext {
    pub(crate) blob: Vec<u8>,
    /// `KeyMaterialId`.
    pub(crate) material: String,
}

/// What a ciphertext held, and the version that it was made with.
#[derive(Debug)]
pub(crate) struct Plaintext {
    pub(crate) secret: Secret,
    /// `KeyMaterialId`.
    pub(crate) material: String,
}

/// A new version of a key's material. It is written only sealed.
pub(crate) fn generate(shared: &Shared, arn: &str, by: Rotated, now: i64) -> Result<Material> {
    let key = Material256::generate(&*shared.random).map_err(|error| ApiError::internal(&error))?;
    let id = HEXLOWER.encode(&id::random::<32>()?);
    let sealed = shared.seal(Purpose::KeyMaterial, &place(arn, &id), key.secret().expose())?;
    Ok(Material { id, created: now, by, sealed, open: Memo::default() })
}

fn place(arn: &str, id: &str) -> String {
    format!("{arn}/{id}")
}

impl Material {
    /// The key itself. It is kept open as long as its row is in memory.
    fn opened(&self, shared: &Shared, arn: &str) -> Result<&Material256> {
        if let Some(key) = self.open.0.get() {
            return Ok(key);
        }
        let secret = self.sealed.open(&shared.keyring, Purpose::KeyMaterial, &place(arn, &self.id))?;
        let key = Material256::new(secret).map_err(|error| ApiError::internal(&error))?;
        Ok(self.open.0.get_or_init(|| key))
    }
}

/// Seals under the newest version of a key.
pub(crate) fn seal(
    shared: &Shared,
    arn: &str,
    key: &Key,
    context: &EncryptionContext,
    plaintext: &[u8],
) -> Result<Ciphertext> {
    let (version, material) = key.current().ok_or_else(|| ApiError::internal(&"a key has no material"))?;
    let opened = material.opened(shared, arn)?;
    let blob = seal_with_context(opened, arn, version, context, plaintext, &*shared.random);
    let blob = blob.map_err(|error| ApiError::internal(&error))?;
    Ok(Ciphertext { blob, material: material.id.clone() })
}

/// Opens with the version that a ciphertext names, of the key that it names.
///
/// # Errors
///
/// `InvalidCiphertextException`, which tells no more: changed, or another encryption context.
pub(crate) fn open(
    shared: &Shared,
    arn: &str,
    key: &Key,
    blob: &CiphertextBlob<'_>,
    context: &EncryptionContext,
) -> Result<Plaintext> {
    let material =
        key.version(blob.version()).filter(|_| blob.key() == arn).ok_or_else(invalid_ciphertext)?;
    let secret = blob.open(material.opened(shared, arn)?, context).map_err(|_| invalid_ciphertext())?;
    Ok(Plaintext { secret, material: material.id.clone() })
}

impl Allowed {
    /// Seals under the newest version.
    pub(crate) fn seal(
        &self,
        shared: &Shared,
        context: &EncryptionContext,
        plaintext: &[u8],
    ) -> Result<Ciphertext> {
        seal(shared, &self.arn, self.key(), context, plaintext)
    }

    /// Opens a ciphertext of this key.
    pub(crate) fn open(
        &self,
        shared: &Shared,
        blob: &CiphertextBlob<'_>,
        context: &EncryptionContext,
    ) -> Result<Plaintext> {
        open(shared, &self.arn, self.key(), blob, context)
    }
}

pub(crate) fn invalid_ciphertext() -> ApiError {
    ApiError::new("InvalidCiphertextException", "")
}

/// An encryption context within its bounds.
pub(crate) fn context(pairs: BTreeMap<String, String>) -> Result<EncryptionContext> {
    EncryptionContext::new(pairs).map_err(|error| invalid(error.to_string()))
}
