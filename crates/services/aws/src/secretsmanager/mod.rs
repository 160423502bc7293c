//! AWS Secrets Manager: secrets by name, in versions, each sealed under a key of KMS.
//!
//! A version's value is sealed under a data key of its own ([`crate::enveloped`]), bound to the secret's ARN and the
//! version's id. Reading it takes the caller's own `kms:Decrypt` through the service, so that a key's policy can refuse what
//! the secret's policy allows. Everything but the values is in the secret's one record, and all that a call changes is
//! committed at once.

mod access;
mod batch;
mod change;
mod create;
mod delete;
mod describe;
mod internal;
mod list;
mod password;
mod policies;
mod public;
mod read;
mod rotation;
pub(crate) mod rows;
mod schedule;
mod stages;
mod tags;
mod value;
mod write;

use serde_json::Value;

use crate::error::ApiError;
use crate::handler::{Handler, handlers};

pub(crate) use self::delete::sweep;
pub(crate) use self::internal::{is_there, value_of};

/// The service's signing name.
const SERVICE: &str = "secretsmanager";

/// The operation's handler.
pub(crate) fn find(operation: &str) -> Option<Handler> {
    handlers!(operation, {
        "BatchGetSecretValue" => batch::batch_get_secret_value,
        "CancelRotateSecret" => rotation::cancel_rotate_secret,
        "CreateSecret" => create::create_secret,
        "DeleteResourcePolicy" => policies::delete_resource_policy,
        "DeleteSecret" => delete::delete_secret,
        "DescribeSecret" => describe::describe_secret,
        "GetRandomPassword" => password::get_random_password,
        "GetResourcePolicy" => policies::get_resource_policy,
        "GetSecretValue" => read::get_secret_value,
        "ListSecretVersionIds" => stages::list_secret_version_ids,
        "ListSecrets" => list::list_secrets,
        "PutResourcePolicy" => policies::put_resource_policy,
        "PutSecretValue" => write::put_secret_value,
        "RestoreSecret" => delete::restore_secret,
        "RotateSecret" => rotation::rotate_secret,
        "TagResource" => tags::tag_resource,
        "UntagResource" => tags::untag_resource,
        "UpdateSecret" => write::update_secret,
        "UpdateSecretVersionStage" => stages::update_secret_version_stage,
        "ValidateResourcePolicy" => policies::validate_resource_policy,
    })
}

/// A time of the API, of milliseconds since 1970.
fn seconds(milliseconds: i64) -> Value {
    Value::from(milliseconds as f64 / 1000.0)
}

fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::new("ResourceNotFoundException", message)
}

fn no_secret() -> ApiError {
    not_found("Secrets Manager can't find the specified secret.")
}

fn parameter(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterException", message)
}

fn request(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidRequestException", message)
}

fn limit(message: impl Into<String>) -> ApiError {
    ApiError::new("LimitExceededException", message)
}
