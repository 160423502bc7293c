//! A cluster's logs as they come: taken, kept, looked at, told.
//!
//! ```text
//! apiserver ──▶ webhook ─┐
//! files, CloudWatch, S3 ─┴─▶ queue ──▶ partition: detector ──▶ board ──▶ sinks
//! ```
//!
//! Each cluster has a queue and a partition of its own, with its account's CloudTrail in it. What a partition's detector knows is kept
//! together with how far it came in the queue: after a crash it goes on from there, reads again what came after, and comes to the
//! same findings under the same ids.
//!
//! # What holds
//!
//! - An apiserver has its answer once its events are on the disk, and never waits for anything else. A full queue says so (429).
//! - A cluster writes its own events alone: its certificate has to have its name.
//! - What can't be read costs itself alone, is counted, and is kept.
//! - A finding reaches each sink once or more often, under one id.

mod board;
pub mod control;
mod deliver;
mod deliver_shared;
mod desk;
mod error;
pub mod filters;
mod hold;
mod in_lake;
mod keep;
mod known;
mod lake_keeper;
pub mod lists;
mod metrics;
mod partition;
mod piece;
mod pull;
mod queue;
mod service;
mod settings;
mod shelf;
mod unread;
mod watcher;
mod webhook;

pub use error::Error;
pub use keep::KeepError;
pub use service::{Audit, Now, Outside};
pub use settings::{ClusterSettings, Settings};
pub use webhook::PATH;

use known::Known;
