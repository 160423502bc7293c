//! The token webhook.
