//! AWS identities for pods.

pub mod agent;
