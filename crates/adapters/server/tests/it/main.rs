//! A real listener and real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

mod admin;
mod drain;
mod framing;
mod harness;
mod http2;
mod limits;
mod tls;
