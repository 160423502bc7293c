//! Keyrings in real files, and the plugin over a real socket.

#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod keyring;
mod socket;
mod source;
