//! The client against servers on loopback, which do as they are told.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "clippy lets unit tests panic, but not the helpers of integration tests"
)]

mod agents;
mod cached;
mod calls;
mod cluster_token;
mod corpus;
mod load;
mod retries;
mod roles;
mod server;
mod transport;
