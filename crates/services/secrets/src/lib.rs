//! The Secrets Store CSI provider.
