//! The pod webhook, as a part of the process.

use std::sync::Arc;

use prometheus_client::registry::Registry;
use ringwall_identity::mutate;
use ringwall_identity::webhook::{self, AssociationSettings, OnLookupFailure, Webhook};
use ringwall_server::{Limits, Live, Metrics};

use super::listener::{Callers, Listener};
use super::outside;
use super::part::Waits;
use super::webhook::{Answers, Prepare};
use crate::config::{Settings, TlsMode};
use crate::error::Failure;

/// Listens, and begins to watch service accounts; the apiserver does not have to be there.
pub(super) async fn prepare(
    settings: &Settings,
    limits: &Live<Limits>,
    registry: &mut Registry,
) -> Result<Prepare<Webhook>, Failure> {
    let metrics = Metrics::register(registry, "identity");
    let bound =
        Listener::bind(settings, settings.identity_listen.value, Callers::Apiservers, limits, metrics)?;
    let cluster = outside::cluster(settings).await?;
    let associations = settings.identity_associations.value.0;
    let aws = associations.then(|| outside::aws(settings)).transpose()?;
    let answers = Arc::new(webhook::start(configured(settings), &cluster, aws, registry)?);
    Ok(Prepare { service: "identity", bound, answers })
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

impl Answers for Webhook {
    fn waits_for(&self) -> Waits {
        self.waits_for()
    }
}
