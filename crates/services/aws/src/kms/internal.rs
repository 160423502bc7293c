//! What other services ask of KMS in their callers' name.
//!
//! The caller's own policies decide, and the key's: both see through which service the call comes (`kms:ViaService`). Each
//! call has a record of its own, as on AWS.
//!
//! Source: AWS, *KMS Developer Guide*, "How AWS services use AWS KMS"; IAM User Guide, *Forward access sessions*.

use std::collections::BTreeMap;
use std::sync::Arc;

use data_encoding::BASE64;
use ringwall_envelope::EncryptionContext;
use ringwall_model::Secret;
use serde_json::{Map, Value, json};

use super::access::Wish;
use super::cryptographic::{for_sealing, new_data_key, of_ciphertext};
use super::identifier::{Forms, Identifier};
use super::managed;
use super::material;
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::record::{self, Outcome};

/// A data key, and the same sealed under a key of KMS.
#[derive(Debug)]
pub(crate) struct DataKey {
    /// 256 bits.
    pub(crate) plaintext: Secret,
    /// What [`decrypt`] takes.
    pub(crate) blob: Vec<u8>,
    /// ARN of the key of KMS.
    pub(crate) key_arn: String,
}

/// What a service sealed.
#[derive(Debug)]
pub(crate) struct Sealed {
    /// What [`decrypt`] takes.
    pub(crate) blob: Vec<u8>,
    /// ARN of the key of KMS.
    pub(crate) key_arn: String,
}

/// A new data key of 256 bits for a service, under the key that the caller named, by any of a key's identifiers, or under
/// the one that AWS manages for the service in the caller's account. For a resource of another account the key has to be
/// named, by its ARN.
///
/// # Errors
///
/// KMS's own: `AccessDenied`, `NotFoundException`, `DisabledException`, `KMSInvalidStateException`.
pub(crate) async fn generate_data_key(
    by: &Call<'_>,
    key: Option<&str>,
    service: &'static str,
    context: &[(String, String)],
) -> Result<DataKey> {
    let call = by.forwarded(service, "kms", "GenerateDataKey");
    let name = default(&call, key, service).await?;
    let made = async {
        let context = read(context)?;
        let key = for_sealing(&call, &name, &Wish::cryptographic("GenerateDataKey", &context)).await?;
        let (plaintext, sealed) = new_data_key(&call, &key, &context)?;
        Ok(DataKey { plaintext, blob: sealed.blob, key_arn: key.arn.to_string() })
    };
    let made = made.await;
    let input = input(context, [("KeyId", json!(name)), ("KeySpec", json!("AES_256"))]);
    keep(&call, input, made).await
}

/// Seals at most 4,096 bytes for a service.
///
/// # Errors
///
/// As [`generate_data_key`]; `ValidationException` for more bytes.
pub(crate) async fn encrypt(
    by: &Call<'_>,
    key: Option<&str>,
    service: &'static str,
    context: &[(String, String)],
    plaintext: &Secret,
) -> Result<Sealed> {
    let call = by.forwarded(service, "kms", "Encrypt");
    let name = default(&call, key, service).await?;
    let made = async {
        if plaintext.len() > MAX_PLAINTEXT_BYTES {
            return Err(super::identifier::invalid("The plaintext is longer than 4096 bytes"));
        }
        let context = read(context)?;
        let key = for_sealing(&call, &name, &Wish::cryptographic("Encrypt", &context)).await?;
        let sealed = key.seal(call.shared, &context, plaintext.expose())?;
        Ok(Sealed { blob: sealed.blob, key_arn: key.arn.to_string() })
    };
    let made = made.await;
    keep(&call, input(context, [("KeyId", json!(name))]), made).await
}

/// Opens what [`encrypt`] sealed, or the data key of [`generate_data_key`].
///
/// # Errors
///
/// KMS's own: `AccessDenied`, `DisabledException`, `KMSInvalidStateException`, `InvalidCiphertextException`.
pub(crate) async fn decrypt(
    by: &Call<'_>,
    service: &'static str,
    blob: &[u8],
    context: &[(String, String)],
) -> Result<Secret> {
    let call = by.forwarded(service, "kms", "Decrypt");
    let opened = async {
        let context = read(context)?;
        let (key, blob) = of_ciphertext(&call, blob, None, Wish::cryptographic("Decrypt", &context)).await?;
        Ok(key.open(call.shared, &blob, &context)?.secret)
    };
    let opened = opened.await;
    keep(&call, input(context, [("CiphertextBlob", json!(BASE64.encode(blob)))]), opened).await
}

/// ARN of the key that an identifier means, if it is there: for condition keys such as `secretsmanager:KmsKeyArn`, never
/// for an answer.
///
/// # Errors
///
/// Those of the store alone.
pub(crate) async fn key_arn(by: &Call<'_>, key: &str) -> Result<Option<Arc<str>>> {
    match Identifier::parse(by, key, Forms::Any) {
        Ok(identifier) => {
            let sought = identifier.seek(by, Forms::Any).await?;
            Ok(sought.row.is_some().then_some(sought.arn))
        }
        Err(_) => Ok(None),
    }
}

/// Longest plaintext of Encrypt.
///
/// Source: AWS, *KMS API Reference*, Encrypt.
const MAX_PLAINTEXT_BYTES: usize = 4096;

/// The key that is named, or else the service's own.
async fn default(call: &Call<'_>, key: Option<&str>, service: &'static str) -> Result<String> {
    match key {
        // It may be named as well before anybody needed it.
        Some(name) => match managed::service(name) {
            Some(own) if own == service => managed::ensure(call, own).await,
            _ => Ok(name.to_owned()),
        },
        None => managed::ensure(call, service).await,
    }
}

fn read(context: &[(String, String)]) -> Result<EncryptionContext> {
    material::context(context.iter().cloned().collect::<BTreeMap<_, _>>())
}

/// The input as the record shows it.
fn input<const N: usize>(context: &[(String, String)], members: [(&str, Value); N]) -> Value {
    let pairs: Map<String, Value> =
        context.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let mut input: Map<String, Value> =
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    input.insert("EncryptionContext".to_owned(), pairs.into());
    input.into()
}

/// Writes the record of the inner call.
async fn keep<T>(call: &Call<'_>, input: Value, outcome: Result<T>) -> Result<T> {
    let operation =
        ringwall_protocol::service("kms").and_then(|service| service.operation(call.origin.operation));
    let operation = operation.ok_or_else(|| ApiError::internal(&"KMS has no such operation"))?;
    let error = outcome
        .as_ref()
        .err()
        .map(|error| (crate::endpoint::spoken(Some(operation.service()), error), error));
    let told = Outcome {
        input: Some(operation.redact_input(&input)),
        answer: None,
        error: error.as_ref().map(|(code, error)| (&**code, error.message.as_str())),
    };
    record::write(call, told, false).await?;
    outcome
}
