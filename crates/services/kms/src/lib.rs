//! The KMS v2 plugin.

pub mod rotate;
pub mod stored;
pub mod verify;
