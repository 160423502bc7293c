//! Accepting connections on a socket, and the way to the end of it.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ringwall_server::lifetime::{OneMore, Phase};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::authority::Lenient;
use crate::connection::{self, Service};
use crate::{Limits, Listener, Metrics};

/// How long accepting pauses when the system has no more to give, as file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// How a listener ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Drained {
    /// Connections that were cut because they were still open when the time for that was over.
    pub connections: usize,
    /// Calls that were still in hand then.
    pub calls: usize,
}

impl Drained {
    /// Whether all came to their end by themselves.
    pub fn is_clean(self) -> bool {
        self.connections == 0 && self.calls == 0
    }
}

/// Who called, as the kernel says. It is among each request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The user's number.
    pub user: u32,
    /// The group's number.
    pub group: u32,
    /// The process's, if the kernel tells.
    pub process: Option<i32>,
}

/// What all connections of a listener share.
#[derive(Debug)]
pub(crate) struct Shared<S> {
    pub(crate) service: S,
    pub(crate) limits: Limits,
    pub(crate) metrics: Metrics,
    pub(crate) calls: AtomicUsize,
}

/// Serves a generated service, as `KeyManagementServiceServer`, until `stop` is done; then lets the calls in hand end
/// within [`Limits::drain`].
///
/// A caller that is neither root, nor our own user, nor listed in [`crate::Access::users`] loses the connection. A call
/// beyond a limit gets a status that says which.
pub async fn serve<S: Service>(
    listener: Listener,
    service: S,
    limits: Limits,
    metrics: Metrics,
    stop: impl Future<Output = ()> + Send,
) -> Drained {
    let most = limits.max_connections.clamp(1, Semaphore::MAX_PERMITS);
    let places = Arc::new(Semaphore::new(most));
    let shared = Arc::new(Shared { service, limits, metrics, calls: AtomicUsize::new(0) });
    let (phase, _) = watch::channel(Phase::Serving);
    let mut stop = pin!(stop);
    loop {
        let (stream, place) = tokio::select! {
            biased;
            () = stop.as_mut() => break,
            accepted = accept(&listener.listener, &places) => accepted,
        };
        let peer = match peer(&stream) {
            Ok(peer) if may(&peer, &listener.access.users) => peer,
            refused => {
                tracing::warn!(peer = ?refused, path = %listener.path().display(), "this user may not call");
                shared.metrics.refused("user");
                continue;
            }
        };
        let open = OneMore::of(&shared.metrics.connections);
        let serving = connection::serve(Arc::clone(&shared), Lenient::new(stream), peer, phase.subscribe());
        tokio::spawn(async move {
            serving.await;
            drop((place, open));
        });
    }
    drop(listener);
    phase.send_replace(Phase::Draining);
    let all = u32::try_from(most).unwrap_or(u32::MAX);
    // Whether it was in time is told by what is left.
    let _ = tokio::time::timeout(shared.limits.drain, places.acquire_many(all)).await;
    let connections = most.saturating_sub(places.available_permits());
    let drained = Drained { connections, calls: shared.calls.load(Ordering::SeqCst) };
    phase.send_replace(Phase::Cut);
    drained
}

/// Waits for a place and then for a connection.
async fn accept(listener: &UnixListener, places: &Arc<Semaphore>) -> (UnixStream, OwnedSemaphorePermit) {
    loop {
        // Fails only if it was closed, which nobody does.
        let Ok(place) = Arc::clone(places).acquire_owned().await else {
            return std::future::pending().await;
        };
        match listener.accept().await {
            Ok((stream, _)) => return (stream, place),
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn peer(stream: &UnixStream) -> io::Result<Peer> {
    let told = stream.peer_cred()?;
    Ok(Peer { user: told.uid(), group: told.gid(), process: told.pid() })
}

fn may(peer: &Peer, users: &[u32]) -> bool {
    peer.user == 0 || peer.user == rustix::process::geteuid().as_raw() || users.contains(&peer.user)
}
