//! The errors of IAM, in AWS's words.
//!
//! Source: AWS IAM API Reference, "Errors" of each operation.

use crate::error::ApiError;

pub(crate) fn no_such(message: String) -> ApiError {
    ApiError::new("NoSuchEntity", message)
}

pub(crate) fn exists(noun: &str, name: &str) -> ApiError {
    ApiError::new("EntityAlreadyExists", format!("{noun} with name {name} already exists."))
}

pub(crate) fn delete_conflict(what: &str) -> ApiError {
    ApiError::new("DeleteConflict", format!("Cannot delete entity, must {what} first."))
}

pub(crate) fn quota(name: &str, limit: usize) -> ApiError {
    ApiError::new("LimitExceeded", format!("Cannot exceed quota for {name}: {limit}"))
}

pub(crate) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidInput", message.into())
}

/// What the model let through and the operation cannot take.
pub(crate) fn validation(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationError", message.into()).status(400)
}

pub(crate) fn malformed(why: String) -> ApiError {
    ApiError::new("MalformedPolicyDocument", why)
}
