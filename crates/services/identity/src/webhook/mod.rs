//! The pod webhook: answers an apiserver's AdmissionReviews with what [`crate::mutate`] decides.
//!
//! # No pod without its credentials
//!
//! A pod is injected when it is created or never, so a webhook that does not know the pod's service account yet costs the pod
//! its credentials for good. What holds here:
//!
//! - A service account that the watched cache does not have, and any while the cache isn't up to date, is read from the
//!   apiserver, within the time that the apiserver gives the webhook. The read is a quorum read that begins after the review
//!   came in, so that it sees whatever was acknowledged before the pod was created. Reviews that wait at the same time share
//!   one.
//! - One that the cache has counts as the cache has it, which follows the apiserver within milliseconds. A role that was
//!   annotated in that time is missed, unless [`Lookup::Always`] has every service account read anew.
//! - If it can't be read in time, the pod is refused ([`OnLookupFailure::Deny`]), so that whoever creates it tries again; or
//!   let through without credentials ([`OnLookupFailure::Admit`]).

mod accounts;
mod answer;
mod associations;
mod clock;
mod config_map;
mod flights;
mod handler;
mod members;
mod metrics;
mod settings;
mod tasks;

use std::sync::Arc;

use prometheus_client::registry::Registry;
use ringwall_awsclient::Client;
use ringwall_kubernetes::Cluster;

pub use self::handler::Webhook;
pub use self::settings::{AssociationSettings, Lookup, OnLookupFailure, Settings, SettingsError};

use self::accounts::ClusterAccounts;
use self::config_map::ConfigMapSource;
use self::members::Members;
use self::metrics::Metrics;
use self::tasks::Tasks;

/// Begins to watch what the settings name, and gives the handler that answers. Neither the apiserver nor AWS has to be there.
///
/// `aws` is asked for the associations of [`Settings::associations`]. It has to be called within a Tokio runtime; what it
/// begins ends when the handler is dropped.
///
/// # Errors
///
/// The settings contradict themselves.
pub fn start(
    settings: Settings,
    cluster: &Cluster,
    aws: Option<Client>,
    registry: &mut Registry,
) -> Result<Webhook, SettingsError> {
    settings.check(aws.is_some())?;
    let mut tasks = Tasks::default();
    let members = Members::start(&settings, aws, &mut tasks);
    let config_map = settings
        .config_map_namespace
        .as_deref()
        .map(|namespace| ConfigMapSource::start(cluster, namespace, &mut tasks));
    let accounts = Arc::new(ClusterAccounts::start(cluster));
    Ok(Webhook::new(settings, accounts, config_map, members, Metrics::register(registry), tasks))
}
