//! What other services ask of Secrets Manager in their callers' name. Each reading has a record of its own, as on AWS.
//!
//! Source: AWS IAM User Guide, *Forward access sessions*.

use ringwall_model::Secret;

use super::access::seek;
use super::read;
use crate::call::Call;
use crate::error::{ApiError, INTERNAL, Result};
use crate::record::{self, Outcome};

const OPERATION: &str = "GetSecretValue";

/// Whether there is a secret of the caller's own account by an ARN.
///
/// # Errors
///
/// Those of the store alone.
pub(crate) async fn is_there(by: &Call<'_>, arn: &str) -> Result<bool> {
    match seek(by, arn).await {
        Ok(sought) => Ok(sought.is_there() && sought.account() == by.account()),
        Err(error) if error.code == INTERNAL => Err(error),
        Err(_) => Ok(false),
    }
}

/// The current text of a secret, as far as the caller may read it; `None` if there is none.
///
/// # Errors
///
/// The service's own: `AccessDenied`, `DecryptionFailure`.
pub(crate) async fn value_of(by: &Call<'_>, service: &'static str, arn: &str) -> Result<Option<Secret>> {
    let call = by.forwarded(service, super::SERVICE, OPERATION);
    let outcome = read::get(&call, arn, None, None).await;
    let known = ringwall_protocol::service(super::SERVICE);
    let error = outcome.as_ref().err().map(|error| (crate::endpoint::spoken(known, error), error));
    let told = Outcome {
        input: Some(serde_json::json!({ "SecretId": arn })),
        answer: None,
        error: error.as_ref().map(|(code, error)| (&**code, error.message.as_str())),
    };
    record::write(&call, told, false).await?;
    match outcome {
        Ok((_, mut members)) => match members.remove("SecretString") {
            Some(serde_json::Value::String(text)) => Ok(Some(Secret::from(text))),
            _ => Ok(None),
        },
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_missing(error: &ApiError) -> bool {
    error.code == "ResourceNotFoundException"
}
