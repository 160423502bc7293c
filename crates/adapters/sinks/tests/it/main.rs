//! Sinks against receivers that answer what a test wants, and real ones.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "these are tests")]

mod alertmanager;
mod crash;
mod eventbridge;
#[path = "../../src/fixture.rs"]
mod fixture;
mod otlp;
mod process;
mod quarantine;
mod receiver;
mod webhook;
