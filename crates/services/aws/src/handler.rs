//! How operations are called.

use std::future::Future;
use std::pin::Pin;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::authorize::Answer;
use crate::call::Call;
use crate::error::{ApiError, Result};

/// A call on its way.
pub(crate) type Pending<'a> = Pin<Box<dyn Future<Output = Result<Answer>> + Send + 'a>>;

/// What answers an operation. The input was read and checked by the API's model.
pub(crate) type Handler = for<'a> fn(&'a Call<'a>, Value) -> Pending<'a>;

/// The handler of an operation by its name, out of `name => function` pairs. Each function takes the call and its own
/// input.
macro_rules! handlers {
    ($operation:expr, { $($name:literal => $function:path),+ $(,)? }) => {{
        let handler: Option<$crate::handler::Handler> = match $operation {
            $($name => {
                fn call<'a>(
                    call: &'a $crate::call::Call<'a>,
                    input: serde_json::Value,
                ) -> $crate::handler::Pending<'a> {
                    Box::pin(async move { $function(call, $crate::handler::read(input)?).await })
                }
                Some(call)
            })+
            _ => None,
        };
        handler
    }};
}
pub(crate) use handlers;

/// An input as its operation knows it.
///
/// # Errors
///
/// The model let something through that the operation cannot take: a fault of this side, and never an answer.
pub(crate) fn read<T: DeserializeOwned>(input: Value) -> Result<T> {
    serde_json::from_value(input).map_err(|error| ApiError::internal(&error))
}
