use std::borrow::Cow;

use serde_json::Value;

/// Why a call is refused: what its caller is told.
///
/// What went wrong inside is for the log alone and never part of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiError {
    /// The error's shape in the API's model, such as `NoSuchEntity`.
    pub code: Cow<'static, str>,
    /// What the caller is told.
    pub message: String,
    /// HTTP status if the model gives none for the code.
    pub status: Option<u16>,
    /// Further members of the error's shape.
    pub fields: Vec<(&'static str, Value)>,
}

/// The answer of a handler, or why there is none.
pub(crate) type Result<T> = std::result::Result<T, ApiError>;

/// The code of a refusal by policy, before it is written in the service's own words.
pub(crate) const ACCESS_DENIED: &str = "AccessDenied";

/// The code of a fault of this side.
pub(crate) const INTERNAL: &str = "InternalFailure";

impl ApiError {
    /// An error by its code in the model.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), status: None, fields: Vec::new() }
    }

    /// With an HTTP status, for codes that are in no model.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// With a further member of the error's shape.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// A fault of this side: the cause goes to the log, the caller learns that it was not his doing.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a call could not be served");
        Self::new(INTERNAL, "The request processing has failed because of an internal error.").status(500)
    }

    /// Whether it is a fault of this side, so that nothing was decided.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        self.code == INTERNAL
    }

    /// Whether a policy refused it.
    pub(crate) fn is_denial(&self) -> bool {
        self.code == ACCESS_DENIED
    }
}

impl From<ringwall_store::StoreError> for ApiError {
    fn from(error: ringwall_store::StoreError) -> Self {
        Self::internal(&error)
    }
}

impl From<ringwall_protocol::WireError> for ApiError {
    fn from(error: ringwall_protocol::WireError) -> Self {
        Self::new(error.code, error.message).status(error.status)
    }
}
