//! Encrypt, Decrypt, ReEncrypt, data keys, random bytes.
//!
//! None of them writes to the store, but for a rotation that is due.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use ringwall_envelope::{CiphertextBlob, EncryptionContext, random_secret};
use ringwall_model::Secret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{Allowed, Wish, allowed, common};
use super::identifier::{Forms, Sought, invalid, seek};
use super::material::{self, Ciphertext, Plaintext};
use super::{SYMMETRIC_DEFAULT, grants, rotation, unsupported};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::sts::session::Exposed;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Encrypt {
    key_id: String,
    plaintext: Exposed,
    #[serde(default)]
    encryption_context: BTreeMap<String, String>,
    #[serde(default)]
    grant_tokens: Vec<String>,
    encryption_algorithm: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

/// Source: AWS, *KMS API Reference*, Encrypt.
pub(crate) async fn encrypt(call: &Call<'_>, input: Encrypt) -> Result<Answer> {
    algorithm(input.encryption_algorithm.as_deref())?;
    grants::check_tokens(&input.grant_tokens)?;
    let plaintext = Secret::new(bytes(input.plaintext.text())?);
    let context = material::context(input.encryption_context)?;
    let key = for_sealing(call, &input.key_id, &Wish::cryptographic("Encrypt", &context)).await?;
    dry(input.dry_run)?;
    let sealed = key.seal(call.shared, &context, plaintext.expose())?;
    note_material(call, &sealed.material);
    Ok(key.permit.answer(json!({
        "CiphertextBlob": BASE64.encode(&sealed.blob),
        "KeyId": &*key.arn,
        "EncryptionAlgorithm": SYMMETRIC_DEFAULT,
    })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Decrypt {
    ciphertext_blob: Option<String>,
    key_id: Option<String>,
    #[serde(default)]
    encryption_context: BTreeMap<String, String>,
    #[serde(default)]
    grant_tokens: Vec<String>,
    encryption_algorithm: Option<String>,
    recipient: Option<Value>,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    dry_run_modifiers: Vec<String>,
}

/// Source: AWS, *KMS API Reference*, Decrypt.
pub(crate) async fn decrypt(call: &Call<'_>, input: Decrypt) -> Result<Answer> {
    algorithm(input.encryption_algorithm.as_deref())?;
    no_recipient(input.recipient.as_ref())?;
    grants::check_tokens(&input.grant_tokens)?;
    let context = material::context(input.encryption_context)?;
    let wish = Wish::cryptographic("Decrypt", &context);
    let Some(blob) = &input.ciphertext_blob else {
        let key = without_ciphertext(input.dry_run, &input.dry_run_modifiers, input.key_id.as_deref())?;
        allowed(call, key, Forms::Any, &wish).await?.enabled()?;
        return Err(dry_run());
    };
    only_dry(input.dry_run, &input.dry_run_modifiers)?;
    let blob = bytes(blob)?;
    let (key, blob) = of_ciphertext(call, &blob, input.key_id.as_deref(), wish).await?;
    let Plaintext { secret, material } = key.open(call.shared, &blob, &context)?;
    dry(input.dry_run)?;
    note_material(call, &material);
    Ok(key.permit.answer(json!({
        "KeyId": &*key.arn,
        "Plaintext": BASE64.encode(secret.expose()),
        "EncryptionAlgorithm": SYMMETRIC_DEFAULT,
        "KeyMaterialId": material,
    })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ReEncrypt {
    ciphertext_blob: Option<String>,
    #[serde(default)]
    source_encryption_context: BTreeMap<String, String>,
    source_key_id: Option<String>,
    destination_key_id: String,
    #[serde(default)]
    destination_encryption_context: BTreeMap<String, String>,
    source_encryption_algorithm: Option<String>,
    destination_encryption_algorithm: Option<String>,
    #[serde(default)]
    grant_tokens: Vec<String>,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    dry_run_modifiers: Vec<String>,
}

/// From one key to another, or to another encryption context: both keys have to allow their side of it.
///
/// Source: AWS, *KMS API Reference*, ReEncrypt.
pub(crate) async fn re_encrypt(call: &Call<'_>, input: ReEncrypt) -> Result<Answer> {
    algorithm(input.source_encryption_algorithm.as_deref())?;
    algorithm(input.destination_encryption_algorithm.as_deref())?;
    grants::check_tokens(&input.grant_tokens)?;
    let source_context = material::context(input.source_encryption_context)?;
    let context = material::context(input.destination_encryption_context)?;
    let destination = seek(call, &input.destination_key_id, Forms::Any).await?;
    let from = Wish::cryptographic("ReEncryptFrom", &source_context);
    let to = Wish::cryptographic("ReEncryptTo", &context);
    let Some(blob) = &input.ciphertext_blob else {
        let source =
            without_ciphertext(input.dry_run, &input.dry_run_modifiers, input.source_key_id.as_deref())?;
        let source = seek(call, source, Forms::Any).await?;
        let same = if source.arn == destination.arn { "true" } else { "false" };
        source.allowed(call, &from.with(ON_SAME_KEY, same), |ask| ask).await?.enabled()?;
        destination.allowed(call, &to.with(ON_SAME_KEY, same), |ask| ask).await?.enabled()?;
        return Err(dry_run());
    };
    only_dry(input.dry_run, &input.dry_run_modifiers)?;
    let blob = bytes(blob)?;
    let parsed = CiphertextBlob::parse(&blob).map_err(|_| material::invalid_ciphertext())?;
    let same = if parsed.key() == &*destination.arn { "true" } else { "false" };
    let (source, parsed) =
        of_ciphertext(call, &blob, input.source_key_id.as_deref(), from.with(ON_SAME_KEY, same)).await?;
    let key = destination.allowed(call, &to.with(ON_SAME_KEY, same), |ask| ask).await?;
    key.enabled()?;
    let key = rotation::when_due(call, key).await?;
    let opened = source.open(call.shared, &parsed, &source_context)?;
    dry(input.dry_run)?;
    let sealed = key.seal(call.shared, &context, opened.secret.expose())?;
    Ok(key.permit.answer(json!({
        "CiphertextBlob": BASE64.encode(&sealed.blob),
        "SourceKeyId": &*source.arn,
        "KeyId": &*key.arn,
        "SourceEncryptionAlgorithm": SYMMETRIC_DEFAULT,
        "DestinationEncryptionAlgorithm": SYMMETRIC_DEFAULT,
        "SourceKeyMaterialId": opened.material,
        "DestinationKeyMaterialId": sealed.material,
    })))
}

const ON_SAME_KEY: &str = "kms:ReEncryptOnSameKey";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GenerateDataKey {
    key_id: String,
    #[serde(default)]
    encryption_context: BTreeMap<String, String>,
    number_of_bytes: Option<usize>,
    key_spec: Option<String>,
    #[serde(default)]
    grant_tokens: Vec<String>,
    recipient: Option<Value>,
    #[serde(default)]
    dry_run: bool,
}

/// Source: AWS, *KMS API Reference*, GenerateDataKey.
pub(crate) async fn generate_data_key(call: &Call<'_>, input: GenerateDataKey) -> Result<Answer> {
    data_key(call, input, "GenerateDataKey", true).await
}

/// Source: AWS, *KMS API Reference*, GenerateDataKeyWithoutPlaintext.
pub(crate) async fn generate_data_key_without_plaintext(
    call: &Call<'_>,
    input: GenerateDataKey,
) -> Result<Answer> {
    data_key(call, input, "GenerateDataKeyWithoutPlaintext", false).await
}

async fn data_key(
    call: &Call<'_>,
    input: GenerateDataKey,
    action: &'static str,
    shown: bool,
) -> Result<Answer> {
    no_recipient(input.recipient.as_ref())?;
    grants::check_tokens(&input.grant_tokens)?;
    let length = match (input.number_of_bytes, input.key_spec.as_deref()) {
        (Some(bytes), None) => bytes,
        (None, Some("AES_256")) => 32,
        (None, Some("AES_128")) => 16,
        _ => return Err(invalid("Please specify either number of bytes or key spec.")),
    };
    let context = material::context(input.encryption_context)?;
    let key = for_sealing(call, &input.key_id, &Wish::cryptographic(action, &context)).await?;
    dry(input.dry_run)?;
    let plaintext =
        random_secret(length, &*call.shared.random).map_err(|error| ApiError::internal(&error))?;
    let sealed = key.seal(call.shared, &context, plaintext.expose())?;
    note_material(call, &sealed.material);
    let mut answer = json!({
        "CiphertextBlob": BASE64.encode(&sealed.blob),
        "KeyId": &*key.arn,
        "KeyMaterialId": sealed.material,
    });
    if let Some(members) = answer.as_object_mut().filter(|_| shown) {
        members.insert("Plaintext".to_owned(), BASE64.encode(plaintext.expose()).into());
    }
    Ok(key.permit.answer(answer))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GenerateRandom {
    number_of_bytes: Option<usize>,
    custom_key_store_id: Option<String>,
    recipient: Option<Value>,
}

/// Source: AWS, *KMS API Reference*, GenerateRandom.
pub(crate) async fn generate_random(call: &Call<'_>, input: GenerateRandom) -> Result<Answer> {
    no_recipient(input.recipient.as_ref())?;
    let permit = call.authorize(&common(call, Ask::new("kms:GenerateRandom", "*")))?;
    if let Some(store) = input.custom_key_store_id {
        let message = format!("Custom key store {store} does not exist");
        return Err(ApiError::new("CustomKeyStoreNotFoundException", message));
    }
    let length = input.number_of_bytes.ok_or_else(|| invalid("NumberOfBytes is required"))?;
    let random = random_secret(length, &*call.shared.random).map_err(|error| ApiError::internal(&error))?;
    Ok(permit.answer(json!({ "Plaintext": BASE64.encode(random.expose()) })))
}

/// A key that may seal now, rotated if it was due.
pub(crate) async fn for_sealing(call: &Call<'_>, key: &str, wish: &Wish<'_>) -> Result<Allowed> {
    let key = allowed(call, key, Forms::Any, wish).await?;
    key.enabled()?;
    rotation::when_due(call, key).await
}

/// The key of a ciphertext: the one that it names, which has to be the one that the caller names, if it names one.
///
/// # Errors
///
/// `InvalidCiphertextException` for what is no ciphertext, `IncorrectKeyException` for one of another key.
pub(crate) async fn of_ciphertext<'b>(
    call: &Call<'_>,
    blob: &'b [u8],
    key: Option<&str>,
    mut wish: Wish<'_>,
) -> Result<(Allowed, CiphertextBlob<'b>)> {
    let parsed = CiphertextBlob::parse(blob).map_err(|_| material::invalid_ciphertext())?;
    let key = match key {
        Some(key) => allowed(call, key, Forms::Any, &wish).await?,
        None => {
            wish.by_ciphertext = true;
            named_by(call, parsed.key()).await?.allowed(call, &wish, |ask| ask).await?
        }
    };
    key.enabled()?;
    if parsed.key() != &*key.arn {
        let message = "The key ID in the request does not identify a CMK that can perform this operation.";
        return Err(ApiError::new("IncorrectKeyException", message));
    }
    Ok((key, parsed))
}

/// The key that a ciphertext names. Until it is opened, that is no more than its sender's claim.
async fn named_by(call: &Call<'_>, arn: &str) -> Result<Sought> {
    if !arn.starts_with("arn:") {
        return Err(material::invalid_ciphertext());
    }
    match seek(call, arn, Forms::Key).await {
        Ok(sought) => Ok(sought),
        // Of another region, or made up: there is no such key here, and nobody may use it.
        Err(error) if matches!(&*error.code, "NotFoundException" | "InvalidArnException") => {
            Ok(Sought { account: String::new(), arn: arn.into(), alias: None, row: None })
        }
        Err(error) => Err(error),
    }
}

fn note_material(call: &Call<'_>, id: &str) {
    call.note_more("keyMaterialId", id);
}

fn algorithm(asked: Option<&str>) -> Result<()> {
    match asked {
        None | Some(SYMMETRIC_DEFAULT) => Ok(()),
        Some(other) => {
            let message =
                format!("The algorithm {other} is incompatible with the key spec SYMMETRIC_DEFAULT.");
            Err(ApiError::new("InvalidKeyUsageException", message))
        }
    }
}

/// There are no Nitro enclaves here to answer to.
fn no_recipient(recipient: Option<&Value>) -> Result<()> {
    if recipient.is_some() { Err(unsupported("Recipient is not supported")) } else { Ok(()) }
}

/// What a dry run answers that would have succeeded.
pub(crate) fn dry_run() -> ApiError {
    let message = "The request would have succeeded, but the DryRun option is set.";
    ApiError::new("DryRunOperationException", message)
}

pub(crate) fn dry(dry: bool) -> Result<()> {
    if dry { Err(dry_run()) } else { Ok(()) }
}

/// Source: AWS, *KMS API Reference*, Decrypt, `DryRunModifiers`.
fn only_dry(dry: bool, modifiers: &[String]) -> Result<()> {
    if modifiers.is_empty() || dry {
        return Ok(());
    }
    Err(invalid("DryRunModifiers can only be used when DryRun is true"))
}

/// The key of a dry run without a ciphertext.
fn without_ciphertext<'k>(dry: bool, modifiers: &[String], key: Option<&'k str>) -> Result<&'k str> {
    if !dry || !modifiers.iter().any(|modifier| modifier == "IGNORE_CIPHERTEXT") {
        return Err(invalid("CiphertextBlob is required"));
    }
    key.ok_or_else(|| invalid("A key is required when IGNORE_CIPHERTEXT is used"))
}

/// A blob as the protocol carries it.
fn bytes(blob: &str) -> Result<Vec<u8>> {
    BASE64.decode(blob.as_bytes()).map_err(|error| ApiError::internal(&error))
}

/// A data key of 256 bits, beside the same under its key.
pub(crate) fn new_data_key(
    call: &Call<'_>,
    key: &Allowed,
    context: &EncryptionContext,
) -> Result<(Secret, Ciphertext)> {
    let plaintext = random_secret(32, &*call.shared.random).map_err(|error| ApiError::internal(&error))?;
    let sealed = key.seal(call.shared, context, plaintext.expose())?;
    Ok((plaintext, sealed))
}
