//! A listener of one of the services: its certificate, and how it ends.

use std::net::SocketAddr;
use std::sync::Arc;

use ringwall_server::{
    Drained, Handler, Limits, Live, Metrics, Server, Source, StreamHandler, Tls, authorities,
    client_verifier, own_authority,
};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::{Settings, TlsMode};
use crate::error::Failure;

/// Who gets a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callers {
    /// Whoever reaches the listener.
    Anybody,
    /// Who shows a certificate of the authority for apiservers. Without TLS, which is for this machine alone, nobody can
    /// show one, and everybody gets a connection.
    Apiservers,
}

/// A listener that listens, and answers nothing yet.
pub(super) struct Bound {
    server: Server,
    tls: Option<Arc<Tls>>,
}

/// A listener that serves.
pub(super) struct Listener {
    tls: Option<Arc<Tls>>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<Drained>,
}

impl Listener {
    /// Listens, with the certificate that the settings name.
    pub(super) fn bind(
        settings: &Settings,
        address: SocketAddr,
        callers: Callers,
        limits: &Live<Limits>,
        metrics: Metrics,
    ) -> Result<Bound, Failure> {
        let tls = tls(settings, callers, &metrics)?;
        let server = Server::bind(address, tls.clone(), Arc::clone(limits), metrics)?;
        Ok(Bound { server, tls })
    }

    /// Looks whether the certificate has changed or has to be renewed.
    pub(super) async fn look(&self) {
        if let Some(tls) = &self.tls {
            tls.refresh().await;
        }
    }

    /// Takes no more requests and answers those in hand; `None` if the listener broke down.
    pub(super) async fn drain(&mut self) -> Option<Drained> {
        let _ = self.stop.send(true);
        (&mut self.serving).await.ok()
    }
}

impl Bound {
    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Answers by the handler from now on.
    pub(super) fn serve<H: Handler>(self, service: &'static str, handler: Arc<H>) -> Listener {
        let (stop, stopped) = watch::channel(false);
        tracing::info!(service, address = %self.address(), tls = self.tls.is_some(), "listening");
        let serving = tokio::spawn(self.server.serve(handler, asked(stopped)));
        Listener { tls: self.tls, stop, serving }
    }

    /// Answers by a handler through which bodies pass.
    pub(super) fn serve_streams<H: StreamHandler>(self, service: &'static str, handler: Arc<H>) -> Listener {
        let (stop, stopped) = watch::channel(false);
        tracing::info!(service, address = %self.address(), tls = self.tls.is_some(), "listening");
        let serving = tokio::spawn(self.server.serve_streams(handler, asked(stopped)));
        Listener { tls: self.tls, stop, serving }
    }
}

/// Done when the sender says so, or is gone.
pub(crate) async fn asked(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

fn tls(settings: &Settings, callers: Callers, metrics: &Metrics) -> Result<Option<Arc<Tls>>, Failure> {
    let folder = settings.data_folder.value.join("tls");
    let source = match settings.tls_mode.value {
        TlsMode::Off => return Ok(None),
        TlsMode::Own => Source::Own { folder: folder.clone(), names: settings.tls_names.value.0.clone() },
        // Both are set: the settings were checked.
        TlsMode::Files => Source::Files {
            certificate: settings.tls_certificate.value.clone().unwrap_or_default(),
            key: settings.tls_key.value.clone().unwrap_or_default(),
        },
    };
    let verifier = match (callers, &settings.webhook_client_ca.value) {
        (Callers::Anybody, _) => None,
        (Callers::Apiservers, Some(path)) => Some(client_verifier(authorities(path)?, true)?),
        // With files there is a path: the settings were checked.
        (Callers::Apiservers, None) => Some(client_verifier([own_authority(&folder)?], true)?),
    };
    Ok(Some(Arc::new(Tls::open(source, verifier, metrics.clone())?)))
}
