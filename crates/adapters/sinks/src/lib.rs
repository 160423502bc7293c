//! Where findings go, and what is done about them.
//!
//! ```no_run
//! use ringwall_sinks::{Notice, Parts, Sink, SinkSettings};
//!
//! # async fn example(batch: &[Notice]) -> Result<(), Box<dyn std::error::Error>> {
//! let settings = SinkSettings::read("/etc/ringwall/sinks.toml".as_ref())?;
//! for settings in &settings {
//!     let sink = Sink::new(settings, &Parts::new("/var/lib/ringwall/sinks".into()))?;
//!     sink.deliver(batch).await?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Whoever calls this has a durable queue of notices and a cursor for each sink. He delivers in the queue's order, one batch of a sink
//! at a time, moves the cursor when [`Sink::deliver`] returns, and tries again after [`Backoff::delay`] when it fails.
//!
//! What holds of every sink: nothing is lost and nothing overtakes another; what is delivered twice, since the cursor did not come
//! as far, is known again by its id (and in a file it stands once). A notice that the receiver refuses for what it is, and would
//! refuse for ever, does not stop those behind it: it is set aside in a file, with the reason, and counted.

#[cfg(test)]
extern crate self as ringwall_sinks;

mod alertmanager;
mod backoff;
mod counters;
mod eventbridge;
mod failure;
mod file;
mod filter;
#[cfg(test)]
mod fixture;
mod format;
mod kept;
mod notice;
mod otlp;
mod post;
mod quarantine;
mod settings;
mod signature;
mod sink;
mod webhook;

pub use ringwall_awsclient::{Clock, Environment};

pub use self::backoff::Backoff;
pub use self::counters::Counted;
pub(crate) use self::failure::Fault;
pub use self::failure::{Again, Failure, SettingsError};
pub use self::format::Format;
pub use self::notice::{Notice, What};
pub use self::settings::{
    AlertmanagerSettings, EventBridgeSettings, FileSettings, OtlpSettings, QuarantineSettings, SinkKind,
    SinkSettings, WebhookSettings,
};
pub use self::sink::{Parts, Sink};

/// Half of SHA-256 over texts, each behind its length so that none runs into the next: 32 hexadecimal digits.
fn digest(texts: &[&str]) -> String {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for text in texts {
        context.update(&(text.len() as u64).to_be_bytes());
        context.update(text.as_bytes());
    }
    let digest = context.finish();
    data_encoding::HEXLOWER.encode(digest.as_ref().get(..16).unwrap_or_default())
}
