//! The KMS v2 plugin.
