//! Tokens and issuers, over real TLS on loopback.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

mod cache;
mod certificates;
mod corpus;
mod documents;
mod server;
mod signer;
mod tokens;
