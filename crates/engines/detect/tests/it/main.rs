//! The detection engine from outside: events in, findings out.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy lets unit tests panic, but not the helpers of integration tests"
)]

#[path = "../../../../../fuzz/baseline.rs"]
mod baseline;
mod cases;
mod cloudtrail;
mod corpus;
#[path = "../../src/baseline/tests/days.rs"]
mod days;
#[path = "../../../../../fuzz/detect.rs"]
mod detect;
mod documents;
mod filters;
#[path = "../../../../../fuzz/filters.rs"]
mod finding_filters;
mod hostile;
mod output;
mod pages;
mod sequences;
mod soak;
#[path = "../../../../../fuzz/state.rs"]
mod state;
mod stopped;
mod story;
mod timeline;
#[path = "../../../../../fuzz/trail.rs"]
mod trail;
mod unusual;

/// As in the program that is shipped: what memory is given back is the allocator's doing.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
