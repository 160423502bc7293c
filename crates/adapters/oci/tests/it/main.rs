//! The registry's content on a real store and real files: uploads, manifests, collections under load, kills and traces.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly"
)]

mod archive;
mod child;
mod collection;
mod contention;
mod corpus;
mod crashes;
mod feed;
mod lab;
mod manifests;
mod repositories;
#[path = "../../../store/tests/it/server.rs"]
mod server;
mod traces;
mod uploads;
