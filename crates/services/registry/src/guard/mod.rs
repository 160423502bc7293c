//! The guard: an image that is not signed, not scanned or too vulnerable is neither pulled nor run.
//!
//! One file of rules ([`Configuration`]) says what is asked of which images, where. A rule only tells what it would refuse
//! until it is in `enforce`. The verdict itself is [`ringwall_registry::guard::judge`]'s, the same for a pull and for a pod.
//!
//! # What can't be told
//!
//! A registry that doesn't answer, a signature that can't be read, a scan that failed: each counts against the image, in
//! `enforce` as in `audit`.

mod answer;
mod configuration;
mod images;
mod judge;
mod review;
mod webhook;

pub use self::configuration::{Configuration, ConfigurationError, GuardRule};
pub use self::images::{Images, Known, ScanKnown};
pub use self::judge::{Judged, Subject, judge};
pub use self::review::{PodImages, ReviewError};
pub use self::webhook::Webhook;
