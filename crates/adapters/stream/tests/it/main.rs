//! The adapter against a real nats-server; `cargo xtask test` has one.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests fail loudly"
)]

mod corpus;
mod crash;
mod events;
mod findings;
mod leases;
mod login;
mod server;
mod traces;
mod workers;

use std::future::Future;
use std::time::Duration;

/// Waits until something holds: the servers and replicas of a test need some time, but never this much.
async fn eventually<Out: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> Out) {
    for _ in 0..600 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never held: {what}");
}
