//! The documents of the cluster's issuer, as a part of the process.

use std::sync::Arc;

use prometheus_client::registry::Registry;
use ringwall_awsclient::Clock;
use ringwall_identity::issuer::{self, KeySource, Publisher, Served};
use ringwall_server::{Handler, Limits, Live, Metrics, Request, Response};
use tokio::task::JoinSet;

use super::answers::{Answers, Prepare};
use super::listener::{Callers, Listener};
use super::outside;
use super::part::Waits;
use crate::config::Settings;
use crate::error::Failure;

/// The documents, and what keeps them up to date for as long as this lives.
pub(super) struct Issuer {
    served: Served,
    _publishing: JoinSet<()>,
}

/// Listens, takes up what was published before, and begins to look for keys; the apiserver does not have to be there.
pub(super) async fn prepare(
    settings: &Settings,
    limits: &Live<Limits>,
    registry: &mut Registry,
) -> Result<Prepare<Issuer>, Failure> {
    let metrics = Metrics::register(registry, "issuer");
    // Whoever gets a token has to be able to check it.
    let bound = Listener::bind(settings, settings.issuer_listen.value, Callers::Anybody, limits, metrics)?;
    let source = match settings.issuer_key_files.value.0.as_slice() {
        [] => KeySource::Cluster(outside::cluster(settings).await?),
        files => KeySource::Files(files.to_vec()),
    };
    let publisher = Publisher::new(configured(settings, source), || Clock::system().now()).counted(registry);
    publisher.recall().await?;
    let served = publisher.served();
    let mut publishing = JoinSet::new();
    publishing.spawn(publisher.run());
    Ok(Prepare { service: "issuer", bound, answers: Arc::new(Issuer { served, _publishing: publishing }) })
}

fn configured(settings: &Settings, source: KeySource) -> issuer::Settings {
    issuer::Settings {
        issuer: settings.issuer_url.value.as_ref().map(|url| url.0.clone()),
        max_age: settings.issuer_max_age.value.get(),
        retire_after: settings.issuer_retire_after.value.get(),
        every: settings.issuer_every.value.0,
        ..issuer::Settings::new(source, settings.issuer_state.value.clone())
    }
}

impl Handler for Issuer {
    async fn handle(&self, request: Request) -> Response {
        self.served.handle(request).await
    }
}

impl Answers for Issuer {
    fn waits_for(&self) -> Waits {
        self.served.waits_for().map(str::to_owned)
    }

    fn reload(&self) {
        self.served.look();
    }
}
