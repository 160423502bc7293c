//! Parameter Store of AWS Systems Manager: parameters by name, in hierarchies and versions.
//!
//! A `SecureString` is sealed by a key of KMS in the caller's name, bound to the parameter's ARN: directly in the standard
//! tier, under a data key of its own in the advanced one. The other types are sealed under the installation's keys, as AWS
//! seals them under keys of its own, and take no permission of KMS. The newest version is in the parameter's record, each
//! earlier one in its own.

mod access;
mod delete;
mod describe;
mod filter;
mod labels;
mod path;
mod put;
mod read;
pub(crate) mod rows;
mod tags;
mod value;

use serde_json::Value;

use crate::error::ApiError;
use crate::handler::{Handler, handlers};

/// The service's signing name.
const SERVICE: &str = "ssm";

/// The operation's handler.
pub(crate) fn find(operation: &str) -> Option<Handler> {
    handlers!(operation, {
        "AddTagsToResource" => tags::add_tags_to_resource,
        "DeleteParameter" => delete::delete_parameter,
        "DeleteParameters" => delete::delete_parameters,
        "DescribeParameters" => describe::describe_parameters,
        "GetParameter" => read::get_parameter,
        "GetParameterHistory" => read::get_parameter_history,
        "GetParameters" => read::get_parameters,
        "GetParametersByPath" => path::get_parameters_by_path,
        "LabelParameterVersion" => labels::label_parameter_version,
        "ListTagsForResource" => tags::list_tags_for_resource,
        "PutParameter" => put::put_parameter,
        "RemoveTagsFromResource" => tags::remove_tags_from_resource,
        "UnlabelParameterVersion" => labels::unlabel_parameter_version,
    })
}

/// How often a change of several records is tried again that met another one.
const MAX_TRIES: usize = 16;

/// A time of the API, of milliseconds since 1970.
fn seconds(milliseconds: i64) -> Value {
    Value::from(milliseconds as f64 / 1000.0)
}

/// An input as no parameter can have it, in the words that the model has no shape for.
fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationException", message).status(400)
}

fn no_parameter(name: &str) -> ApiError {
    ApiError::new("ParameterNotFound", format!("Parameter {name} not found."))
}

fn contended() -> ApiError {
    ApiError::new(
        "TooManyUpdates",
        "There are concurrent updates for a resource that supports one update at a time.",
    )
}

fn bad_token() -> ApiError {
    ApiError::new("InvalidNextToken", "The specified token isn't valid.")
}
