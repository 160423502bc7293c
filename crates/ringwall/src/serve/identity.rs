//! The pod webhook, as a part of the process.

use std::sync::Arc;

use prometheus_client::registry::Registry;
use ringwall_identity::webhook::{self, AssociationSettings, OnLookupFailure, Webhook};
use ringwall_server::{Limits, Live, Metrics};

use super::answers::{Answers, Prepare};
use super::listener::{Callers, Listener};
use super::outside;
use super::part::Waits;
use crate::config::{Lookup, Settings, TlsMode};
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
    webhook::Settings {
        mutate: settings.pods(),
        // Without TLS it listens on this machine alone, as the settings were checked, and nobody can show a certificate.
        client_names: match settings.tls_mode.value {
            TlsMode::Off => Vec::new(),
            TlsMode::Own | TlsMode::Files => outside::client_names(settings),
        },
        lookup: match settings.identity_lookup.value {
            Lookup::Unknown => webhook::Lookup::Unknown,
            Lookup::Always => webhook::Lookup::Always,
        },
        lookup_grace_period: settings
            .identity_lookup_grace_period
            .value
            .map(|time| time.0)
            .unwrap_or_default(),
        on_lookup_failure: match settings.identity_refuse_unknown.value.0 {
            true => OnLookupFailure::Deny,
            false => OnLookupFailure::Admit,
        },
        config_map_namespace: settings
            .identity_config_map_namespace
            .value
            .as_ref()
            .map(|namespace| namespace.0.clone()),
        container_credentials_config: settings.identity_credentials_config.value.clone(),
        associations: settings.identity_associations.value.0.then(|| AssociationSettings {
            cluster: outside::cluster_name(settings).to_owned(),
            every: settings.identity_associations_every.value.0,
        }),
    }
}

impl Answers for Webhook {
    fn waits_for(&self) -> Waits {
        self.waits_for()
    }
}
