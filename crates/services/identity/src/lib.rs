//! AWS identities for pods.
