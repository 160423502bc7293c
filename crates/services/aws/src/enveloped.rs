//! Values under envelope encryption: each under a data key of its own, which KMS sealed in the caller's name.
//!
//! Only the sealed data key and the sealed value are kept. Whoever wants the value needs KMS's Decrypt for the data key, so
//! that the key's policy decides as well. Both are bound to the same encryption context.
//!
//! Source: AWS, *Secrets Manager User Guide*, "Secret encryption and decryption"; *Systems Manager User Guide*, "AWS KMS
//! encryption for Parameter Store SecureString parameters" (advanced parameters).

use std::collections::BTreeMap;

use data_encoding::BASE64;
use ringwall_envelope::{Aad, EncryptionContext, Key};
use ringwall_model::Secret;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::kms::internal;

/// A sealed value beside its sealed data key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Enveloped {
    data_key: String,
    value: String,
}

/// Which service seals, and what the value is bound to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Binding<'a> {
    /// Such as `secretsmanager`.
    pub(crate) service: &'static str,
    /// What kind of value it is: one does not open as another.
    pub(crate) purpose: &'a str,
    /// The encryption context.
    pub(crate) context: &'a [(String, String)],
}

impl Binding<'_> {
    fn aad(&self) -> Result<Aad> {
        let pairs: BTreeMap<String, String> = self.context.iter().cloned().collect();
        let context = EncryptionContext::new(pairs).map_err(|error| ApiError::internal(&error))?;
        Ok(Aad::with_context(self.purpose, &context))
    }
}

impl Enveloped {
    /// Seals a value under a fresh data key of a key of KMS, and tells that key's ARN. Without a key it is the one that
    /// AWS manages for the service.
    ///
    /// # Errors
    ///
    /// KMS's own.
    pub(crate) async fn seal(
        call: &Call<'_>,
        key: Option<&str>,
        binding: Binding<'_>,
        plaintext: &[u8],
    ) -> Result<(Self, String)> {
        let data_key = internal::generate_data_key(call, key, binding.service, binding.context).await?;
        let own = Key::new(data_key.plaintext).map_err(|error| ApiError::internal(&error))?;
        let value = own
            .seal(&binding.aad()?, plaintext, &*call.shared.random)
            .map_err(|error| ApiError::internal(&error))?;
        let sealed = Self { data_key: BASE64.encode(&data_key.blob), value: BASE64.encode(&value) };
        Ok((sealed, data_key.key_arn))
    }

    /// Opens it.
    ///
    /// # Errors
    ///
    /// KMS's own.
    pub(crate) async fn open(&self, call: &Call<'_>, binding: Binding<'_>) -> Result<Secret> {
        let data_key = self.data_key(call, binding).await?;
        let own = Key::new(data_key).map_err(|error| ApiError::internal(&error))?;
        let value = BASE64.decode(self.value.as_bytes()).map_err(|error| ApiError::internal(&error))?;
        own.open(&binding.aad()?, &value).map_err(|error| ApiError::internal(&error))
    }

    /// The data key, opened by KMS.
    ///
    /// # Errors
    ///
    /// KMS's own.
    pub(crate) async fn data_key(&self, call: &Call<'_>, binding: Binding<'_>) -> Result<Secret> {
        let blob = BASE64.decode(self.data_key.as_bytes()).map_err(|error| ApiError::internal(&error))?;
        internal::decrypt(call, binding.service, &blob, binding.context).await
    }

    /// The same value, its data key sealed under another key of KMS, of which the ARN is told.
    ///
    /// # Errors
    ///
    /// KMS's own.
    pub(crate) async fn under(
        &self,
        call: &Call<'_>,
        key: Option<&str>,
        binding: Binding<'_>,
        data_key: &Secret,
    ) -> Result<(Self, String)> {
        let sealed = internal::encrypt(call, key, binding.service, binding.context, data_key).await?;
        let changed = Self { data_key: BASE64.encode(&sealed.blob), value: self.value.clone() };
        Ok((changed, sealed.key_arn))
    }

    /// The sealed value, as it is shown to whoever asks for no decryption.
    pub(crate) fn sealed(&self) -> &str {
        &self.value
    }
}
