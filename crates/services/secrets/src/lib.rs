//! The Secrets Store CSI provider.

mod extract;
pub mod objects;
