//! The signals that a server answers to.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::ServerError;

/// The signals of a long-running process.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// SIGTERM or SIGINT: drain and end.
    Stop,
    /// SIGHUP: read configuration and certificates again.
    Reload,
}

impl Signals {
    /// Takes the signals over from their defaults.
    ///
    /// # Errors
    ///
    /// [`ServerError::Signal`].
    pub fn listen() -> Result<Self, ServerError> {
        let listen = |kind| signal(kind).map_err(ServerError::Signal);
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }

    /// The next one.
    pub async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Stop,
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.hang_up.recv() => Asked::Reload,
        }
    }
}
