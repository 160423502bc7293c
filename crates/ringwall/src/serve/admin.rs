//! The admin listener of a process, whatever it serves.

use std::net::SocketAddr;
use std::sync::Arc;

use prometheus_client::registry::Registry;
use ringwall_server::{Admin, Drained, Limits, Metrics, Ready, Server, live};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::listener::asked;
use crate::error::Failure;

/// Connections that it takes at once where one service runs: some probes and a Prometheus or two.
pub(crate) const OF_ONE_SERVICE: usize = 16;

/// Those where several may run.
pub(super) const OF_ALL_SERVICES: usize = 64;

/// An admin listener that listens, and answers nothing yet.
pub(crate) struct AdminBound(Server);

/// An admin listener that serves.
pub(crate) struct AdminListener {
    stop: watch::Sender<bool>,
    serving: JoinHandle<Drained>,
}

impl AdminBound {
    /// Listens, for so many connections at once.
    pub(crate) fn bind(
        address: SocketAddr,
        max_connections: usize,
        registry: &mut Registry,
    ) -> Result<Self, Failure> {
        let limits = live(Limits { max_connections, ..Limits::default() });
        Ok(Self(Server::bind(address, None, limits, Metrics::register(registry, "admin"))?))
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// Answers from now on, by a registry that has all metrics.
    pub(crate) fn serve(self, registry: Registry, ready: Ready) -> AdminListener {
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(self.0.serve(Arc::new(Admin::new(registry, ready)), asked(stopped)));
        AdminListener { stop, serving }
    }
}

impl AdminListener {
    /// Ends it.
    pub(crate) async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.serving.await;
    }
}
