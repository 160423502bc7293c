//! Probes: real packets whose answers are seen.

mod client;
mod responder;
pub(crate) mod wire;

pub(crate) use client::{Probe, run};
pub(crate) use responder::{Endpoint, Responder};
