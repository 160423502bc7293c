//! Values: how each is sealed and opened.

use data_encoding::BASE64;
use ringwall_model::Secret;

use super::SERVICE;
use super::rows::{Kind, Tier, Value, Version};
use crate::call::Call;
use crate::enveloped::{Binding, Enveloped};
use crate::error::{ACCESS_DENIED, ApiError, INTERNAL, Result};
use crate::kms::internal;
use crate::sealed::Purpose;

/// Source: AWS, *Systems Manager User Guide*, "AWS KMS encryption for Parameter Store SecureString parameters", encryption
/// context.
fn context(arn: &str) -> [(String, String); 1] {
    [("PARAMETER_ARN".to_owned(), arn.to_owned())]
}

fn binding(context: &[(String, String)]) -> Binding<'_> {
    Binding { service: SERVICE, purpose: "ssm/secure-string", context }
}

fn place(arn: &str, version: i64) -> String {
    format!("{arn}:{version}")
}

/// Seals a value for a version of a parameter.
///
/// # Errors
///
/// `AccessDenied` if KMS refuses; `InvalidKeyId` if the key cannot be used.
pub(crate) async fn seal(
    call: &Call<'_>,
    arn: &str,
    (version, kind, tier): (i64, Kind, Tier),
    key: Option<&str>,
    plaintext: &Secret,
) -> Result<Value> {
    let context = context(arn);
    let key = key.filter(|key| *key != DEFAULT_KEY);
    match (kind, tier) {
        (Kind::String | Kind::StringList, _) => {
            let sealed = call.shared.seal(Purpose::Parameter, &place(arn, version), plaintext.expose())?;
            Ok(Value::Plain(sealed))
        }
        (Kind::SecureString, Tier::Standard) => {
            let sealed = internal::encrypt(call, key, SERVICE, &context, plaintext).await.map_err(of_kms)?;
            Ok(Value::Direct(BASE64.encode(&sealed.blob)))
        }
        (Kind::SecureString, Tier::Advanced) => {
            let sealed = Enveloped::seal(call, key, binding(&context), plaintext.expose()).await;
            sealed.map(|(sealed, _)| Value::Enveloped(sealed)).map_err(of_kms)
        }
    }
}

/// The key that AWS manages.
pub(crate) const DEFAULT_KEY: &str = "alias/aws/ssm";

/// The value of a version; of a `SecureString` it is the ciphertext unless it is to be decrypted.
///
/// # Errors
///
/// As [`seal`].
pub(crate) async fn open(call: &Call<'_>, arn: &str, version: &Version, decrypt: bool) -> Result<Secret> {
    let context = context(arn);
    match &version.value {
        Value::Plain(sealed) => {
            sealed.open(&call.shared.keyring, Purpose::Parameter, &place(arn, version.number))
        }
        Value::Direct(text) if !decrypt => Ok(Secret::from(text.clone())),
        Value::Enveloped(sealed) if !decrypt => Ok(Secret::from(sealed.sealed().to_owned())),
        Value::Direct(text) => {
            let blob = BASE64.decode(text.as_bytes()).map_err(|error| ApiError::internal(&error))?;
            internal::decrypt(call, SERVICE, &blob, &context).await.map_err(of_kms)
        }
        Value::Enveloped(sealed) => sealed.open(call, binding(&context)).await.map_err(of_kms),
    }
}

/// KMS's refusal in the service's words.
///
/// Source: AWS, *Systems Manager User Guide*, "Troubleshooting Parameter Store", `InvalidKeyId`: the key is not enabled, not
/// there, or not in the Region.
fn of_kms(error: ApiError) -> ApiError {
    match &*error.code {
        INTERNAL | ACCESS_DENIED => error,
        _ => ApiError::new("InvalidKeyId", error.message),
    }
}
