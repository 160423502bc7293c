//! Sinks against receivers that answer what a test wants, and real ones.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

#[path = "../../src/fixture.rs"]
mod fixture;
mod receiver;
mod webhook;
