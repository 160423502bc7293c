//! The pod webhook, as a part of the process.

use std::sync::Arc;

use prometheus_client::registry::Registry;
use ringwall_identity::mutate;
use ringwall_identity::webhook::{self, AssociationSettings, OnLookupFailure, Webhook};
use ringwall_server::{Drained, Limits, Live, Metrics};

use super::listener::{Bound, Clients, Listener};
use super::outside;
use super::part::{Doing, Part, Prepared, Waits};
use crate::config::{Settings, TlsMode};
use crate::error::Failure;

/// The webhook's listener, and the webhook.
pub(super) struct Prepare {
    bound: Bound,
    webhook: Arc<Webhook>,
}

struct Pods {
    listener: Listener,
    webhook: Arc<Webhook>,
}

impl Prepare {
    /// Listens, and begins to watch service accounts; the apiserver does not have to be there.
    pub(super) async fn bind(
        settings: &Settings,
        limits: &Live<Limits>,
        registry: &mut Registry,
    ) -> Result<Self, Failure> {
        let metrics = Metrics::register(registry, "identity");
        let bound = Listener::bind(settings, settings.identity_listen.value, Some(Clients), limits, metrics)?;
        let cluster = outside::cluster(settings).await?;
        let associations = settings.identity_associations.value.0;
        let aws = associations.then(|| outside::aws(settings)).transpose()?;
        let webhook = Arc::new(webhook::start(configured(settings), &cluster, aws, registry)?);
        Ok(Self { bound, webhook })
    }
}

fn configured(settings: &Settings) -> webhook::Settings {
    let text = |text: &crate::config::Text| text.0.clone();
    webhook::Settings {
        mutate: mutate::Settings {
            annotation_prefix: text(&settings.identity_annotation_prefix.value),
            token_audience: text(&settings.identity_token_audience.value),
            aws_default_region: settings
                .identity_default_region
                .value
                .as_ref()
                .map(|region| region.0.clone()),
            ..mutate::Settings::default()
        },
        // Without TLS it listens on this machine alone, as the settings were checked, and nobody can show a certificate.
        client_names: match settings.tls_mode.value {
            TlsMode::Off => Vec::new(),
            TlsMode::Own | TlsMode::Files => outside::client_names(settings),
        },
        on_lookup_failure: match settings.identity_refuse_unknown.value.0 {
            true => OnLookupFailure::Deny,
            false => OnLookupFailure::Admit,
        },
        config_map_namespace: settings.identity_config_map_namespace.value.as_ref().map(text),
        container_credentials_config: settings.identity_credentials_config.value.clone(),
        associations: (settings.identity_associations.value.0)
            .then(|| AssociationSettings::of(outside::cluster_name(settings))),
        ..webhook::Settings::default()
    }
}

impl Prepared for Prepare {
    fn start(self: Box<Self>) -> Doing<'static, Result<Box<dyn Part>, Failure>> {
        Box::pin(async move {
            let listener = self.bound.serve("identity", Arc::clone(&self.webhook));
            Ok(Box::new(Pods { listener, webhook: self.webhook }) as Box<dyn Part>)
        })
    }
}

impl Part for Pods {
    fn waits_for(&self) -> Doing<'_, Waits> {
        Box::pin(async { self.webhook.waits_for() })
    }

    fn look(&mut self) -> Doing<'_, ()> {
        Box::pin(self.listener.look())
    }

    fn drain(&mut self) -> Doing<'_, Option<Drained>> {
        Box::pin(self.listener.drain())
    }

    fn close(self: Box<Self>) -> Doing<'static, ()> {
        Box::pin(async {})
    }
}
