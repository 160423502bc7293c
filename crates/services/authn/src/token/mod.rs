//! A token, and all that can be told of it without asking STS.

mod error;

pub use error::TokenError;
