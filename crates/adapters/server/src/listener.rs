//! Accepting connections, and the way to the end of it.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

use crate::connection;
use crate::count::Count;
use crate::error::ServerError;
use crate::exchange::{Behind, Through, Whole};
use crate::handler::{Handler, StreamHandler};
use crate::lifetime::{OneMore, Phase};
use crate::limits::{BACKLOG, Limits};
use crate::metrics::Metrics;
use crate::tls::Tls;

/// How long accepting pauses when the system has no more to give, as file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a limit of connections is waited for before it is looked whether there is a new one.
const LIMIT_HOLDS: Duration = Duration::from_secs(1);

/// A value that can be replaced while a listener uses it.
pub type Live<T> = Arc<ArcSwap<T>>;

/// Makes a value replaceable.
pub fn live<T>(value: T) -> Live<T> {
    Arc::new(ArcSwap::from_pointee(value))
}

/// A listener, before it serves.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<Tls>>,
    limits: Live<Limits>,
    metrics: Metrics,
}

/// How a listener ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Drained {
    /// Connections that were cut because they were still open when the time for that was over.
    pub connections: usize,
    /// Requests that were still in hand then.
    pub requests: usize,
}

impl Drained {
    /// Whether all came to their end by themselves.
    pub fn is_clean(self) -> bool {
        self.connections == 0 && self.requests == 0
    }
}

/// What all connections of a listener share.
#[derive(Debug)]
pub(crate) struct Shared<B> {
    pub(crate) behind: B,
    pub(crate) tls: Option<Arc<Tls>>,
    pub(crate) limits: Live<Limits>,
    pub(crate) metrics: Metrics,
    pub(crate) requests: Count,
    pub(crate) buffered: Count,
}

impl Server {
    /// Listens on an address; port 0 takes a free one. Without `tls` it speaks plain HTTP.
    ///
    /// # Errors
    ///
    /// [`ServerError::Bind`].
    pub fn bind(
        address: SocketAddr,
        tls: Option<Arc<Tls>>,
        limits: Live<Limits>,
        metrics: Metrics,
    ) -> Result<Self, ServerError> {
        let listener = listen(address).map_err(|source| ServerError::Bind { address, source })?;
        let local = listener.local_addr().map_err(|source| ServerError::Bind { address, source })?;
        Ok(Self { listener, address: local, tls, limits, metrics })
    }

    /// The address, with the port that was taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is done, then lets the requests in hand end within [`Limits::drain`].
    pub async fn serve<H: Handler>(self, handler: Arc<H>, stop: impl Future<Output = ()> + Send) -> Drained {
        self.run(Whole(handler), stop).await
    }

    /// Serves as [`Server::serve`], with bodies that pass through.
    pub async fn serve_streams<H: StreamHandler>(
        self,
        handler: Arc<H>,
        stop: impl Future<Output = ()> + Send,
    ) -> Drained {
        self.run(Through(handler), stop).await
    }

    async fn run<B: Behind>(self, behind: B, stop: impl Future<Output = ()> + Send) -> Drained {
        let Self { listener, tls, limits, metrics, .. } = self;
        let (requests, buffered) = (Count::new(), Count::new());
        let shared = Arc::new(Shared { behind, tls, limits, metrics, requests, buffered });
        let connections = Count::new();
        let (phase, _) = watch::channel(Phase::Serving);
        let mut stop = pin!(stop);
        loop {
            let limit = shared.limits.load().max_connections;
            let accepted = tokio::select! {
                biased;
                () = stop.as_mut() => break,
                accepted = accept(&listener, &connections, limit) => accepted,
            };
            let Some((stream, peer)) = accepted else { continue };
            // Never refused: none but this loop takes, and it has waited for a place.
            let Some(place) = connections.take(1, usize::MAX) else { continue };
            shared.metrics.accepted.inc();
            let open = OneMore::of(&shared.metrics.connections);
            let serving = connection::serve(Arc::clone(&shared), stream, peer, phase.subscribe());
            tokio::spawn(async move {
                serving.await;
                drop((place, open));
            });
        }
        drop(listener);
        phase.send_replace(Phase::Draining);
        let limit = shared.limits.load().drain;
        let ended = async {
            connections.below(1).await;
            shared.requests.below(1).await;
        };
        // Whether it was in time is told by what is left.
        let _ = tokio::time::timeout(limit, ended).await;
        let drained = Drained { connections: connections.now(), requests: shared.requests.now() };
        phase.send_replace(Phase::Cut);
        drained
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restart must not wait for the old process's connections to be forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Waits for a place and then for a connection; `None` if that came to nothing.
async fn accept(
    listener: &TcpListener,
    connections: &Count,
    limit: usize,
) -> Option<(TcpStream, SocketAddr)> {
    if tokio::time::timeout(LIMIT_HOLDS, connections.below(limit.max(1))).await.is_err() {
        return None;
    }
    match listener.accept().await {
        Ok(accepted) => Some(accepted),
        // A client that has gone before it was looked at.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionRefused
                    | io::ErrorKind::Interrupted
            ) =>
        {
            None
        }
        Err(error) => {
            tracing::warn!(%error, "no connection can be accepted");
            tokio::time::sleep(PAUSE).await;
            None
        }
    }
}
