//! AWS IAM: who there is, and what they may do.

pub(crate) mod managed;
pub(crate) mod rows;
