//! What the process is put together from.

use std::future::Future;
use std::pin::Pin;

use ringwall_server::Drained;

use crate::error::Failure;

/// What a part waits for before it can do its work; `/readyz` tells it. `None` if it can.
pub(super) type Waits = Option<String>;

/// Something that goes on.
pub(super) type Doing<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A service whose listener listens and whose metrics are known, and that does not serve yet.
pub(super) trait Prepared: Send {
    /// Opens what it needs, and serves.
    fn start(self: Box<Self>) -> Doing<'static, Result<Box<dyn Part>, Failure>>;
}

/// A service that the process runs, beside others.
pub(super) trait Part: Send {
    /// What it waits for, looked at now.
    fn waits_for(&self) -> Doing<'_, Waits>;

    /// Looks whether certificates, or other files that it reads, have changed.
    fn look(&mut self) -> Doing<'_, ()>;

    /// Looks at once at what it looks at from time to time, as somebody asked for it.
    fn reload(&self) {}

    /// Takes no more requests and answers those in hand; `None` if it broke down.
    fn drain(&mut self) -> Doing<'_, Option<Drained>>;

    /// Ends what stands behind it.
    fn close(self: Box<Self>) -> Doing<'static, ()>;
}
