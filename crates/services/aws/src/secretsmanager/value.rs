//! Values: what may be one, how each is sealed, and which key of KMS seals it.

use data_encoding::BASE64;
use ringwall_model::Secret as Plaintext;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::access::Found;
use super::rows::{self, Form, Secret, Version};
use super::{SERVICE, parameter};
use crate::call::Call;
use crate::enveloped::{Binding, Enveloped};
use crate::error::{ACCESS_DENIED, ApiError, INTERNAL, Result};

/// Largest value, in bytes.
///
/// Source: AWS, *Secrets Manager User Guide*, "AWS Secrets Manager quotas": secret value, 65,536 bytes.
const MAX_VALUE_BYTES: usize = 65_536;

/// A value as a request gives it.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) form: Form,
    pub(crate) plaintext: Plaintext,
}

impl Content {
    /// Of `SecretString` and `SecretBinary`, of which there may be one.
    ///
    /// # Errors
    ///
    /// `InvalidParameterException`
    pub(crate) fn new(
        string: Option<Zeroizing<String>>,
        binary: Option<Zeroizing<String>>,
    ) -> Result<Option<Self>> {
        let content = match (string, binary) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                return Err(parameter(
                    "You can't specify both a binary secret value and a string secret value in the same secret.",
                ));
            }
            (Some(text), None) => {
                Self { form: Form::String, plaintext: Plaintext::new(text.as_bytes().to_vec()) }
            }
            (None, Some(blob)) => {
                let bytes = BASE64.decode(blob.as_bytes()).map_err(|_| parameter("Invalid SecretBinary."))?;
                Self { form: Form::Binary, plaintext: Plaintext::new(bytes) }
            }
        };
        if content.plaintext.is_empty() || content.plaintext.len() > MAX_VALUE_BYTES {
            return Err(parameter(format!("A secret value has 1 to {MAX_VALUE_BYTES} bytes.")));
        }
        Ok(Some(content))
    }

    /// Puts the value into an answer.
    pub(crate) fn answer(&self, members: &mut Map<String, Value>) -> Result<()> {
        let (name, value) = match self.form {
            Form::String => {
                let text = self.plaintext.expose_text();
                ("SecretString", text.ok_or_else(|| ApiError::internal(&"a text is none"))?.to_owned())
            }
            Form::Binary => ("SecretBinary", BASE64.encode(self.plaintext.expose())),
        };
        members.insert(name.to_owned(), value.into());
        Ok(())
    }
}

/// Source: AWS, *Secrets Manager User Guide*, "Secret encryption and decryption", encryption context.
fn context(arn: &str, version: &str) -> [(String, String); 2] {
    [("SecretARN".to_owned(), arn.to_owned()), ("SecretVersionId".to_owned(), version.to_owned())]
}

fn binding<'a>(form: Form, context: &'a [(String, String)]) -> Binding<'a> {
    let purpose = match form {
        Form::String => "secretsmanager/string",
        Form::Binary => "secretsmanager/binary",
    };
    Binding { service: SERVICE, purpose, context }
}

/// The key of KMS that a name means in a secret's account; `None` is the one that AWS manages for the caller's account.
///
/// Another account's caller must name the owner's keys in full, or would seal with keys of its own.
pub(crate) fn key_of(call: &Call<'_>, account: &str, name: Option<&str>) -> Option<String> {
    const MANAGED: &str = "alias/aws/secretsmanager";
    let arn = |rest: &str| format!("arn:aws:kms:{}:{account}:{rest}", call.region());
    let managed = arn(MANAGED);
    match name.filter(|name| !name.is_empty()).unwrap_or(MANAGED) {
        name if name == MANAGED || name == managed => (account != call.account()).then_some(managed),
        name if name.starts_with("arn:") => Some(name.to_owned()),
        name if name.starts_with("alias/") => Some(arn(name)),
        id => Some(arn(&format!("key/{id}"))),
    }
}

/// Seals a value for a version of a secret.
///
/// # Errors
///
/// `AccessDenied` if KMS refuses; `EncryptionFailure` if the key cannot be used.
pub(crate) async fn seal(
    call: &Call<'_>,
    found: &Found,
    key: Option<&str>,
    version: &str,
    content: &Content,
) -> Result<(Enveloped, String)> {
    let context = context(&found.arn, version);
    let key = key_of(call, found.account(), key);
    Enveloped::seal(call, key.as_deref(), binding(content.form, &context), content.plaintext.expose())
        .await
        .map_err(|error| of_kms(error, Direction::Encrypt))
}

/// The value of a version.
///
/// # Errors
///
/// `AccessDenied` if KMS refuses; `DecryptionFailure` if the key cannot be used.
pub(crate) async fn open(call: &Call<'_>, found: &Found, id: &str, version: &Version) -> Result<Content> {
    let context = context(&found.arn, id);
    let sealed = kept(call, found, id).await?;
    let opened = sealed.open(call, binding(version.form, &context)).await;
    let plaintext = opened.map_err(|error| of_kms(error, Direction::Decrypt))?;
    Ok(Content { form: version.form, plaintext })
}

/// The value of a version, its data key sealed under another key; `None` if the caller may not do that, or the old key is of
/// no use any more: the version stays as it is then.
///
/// Source: AWS, *Secrets Manager API Reference*, UpdateSecret, `KmsKeyId`: "If you don't have kms:Encrypt permission to the
/// new key, Secrets Manager does not re-encrypt existing secret versions with the new key".
pub(crate) async fn under(
    call: &Call<'_>,
    found: &Found,
    key: Option<&str>,
    id: &str,
    version: &Version,
) -> Result<Option<(Enveloped, String)>> {
    let context = context(&found.arn, id);
    let binding = binding(version.form, &context);
    let sealed = kept(call, found, id).await?;
    let data_key = match sealed.data_key(call, binding).await {
        Ok(data_key) => data_key,
        Err(error) if error.code == INTERNAL => return Err(error),
        Err(_) => return Ok(None),
    };
    let key = key_of(call, found.account(), key);
    match sealed.under(call, key.as_deref(), binding, &data_key).await {
        Ok(changed) => Ok(Some(changed)),
        Err(error) if error.is_denial() => Ok(None),
        Err(error) => Err(of_kms(error, Direction::Encrypt)),
    }
}

async fn kept(call: &Call<'_>, found: &Found, id: &str) -> Result<Enveloped> {
    let secret: &Secret = found.secret();
    let name = rows::value_name(found.name(), &secret.suffix, id);
    let row = call.shared.secretsmanager.values.get(found.account(), call.region(), &name).await?;
    row.map(|row| row.value.clone()).ok_or_else(|| ApiError::internal(&"a version has no value"))
}

/// What KMS was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Encrypt,
    Decrypt,
}

/// KMS's refusal in the service's words.
///
/// Source: AWS, *Secrets Manager API Reference*, GetSecretValue and CreateSecret, "Errors".
fn of_kms(error: ApiError, direction: Direction) -> ApiError {
    match &*error.code {
        INTERNAL => error,
        ACCESS_DENIED => {
            ApiError::new(ACCESS_DENIED, format!("Access to KMS is not allowed. {}", error.message))
        }
        _ if direction == Direction::Encrypt => ApiError::new(
            "EncryptionFailure",
            format!(
                "Secrets Manager can't encrypt the protected secret text using the provided KMS key. Check that the KMS key \
                 is available, enabled, and not in an invalid state. {}",
                error.message
            ),
        ),
        _ => ApiError::new(
            "DecryptionFailure",
            format!(
                "Secrets Manager can't decrypt the protected secret text using the provided KMS key. {}",
                error.message
            ),
        ),
    }
}
