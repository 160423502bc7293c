//! What services call: AWS, or what stands in its place, and the cluster.

use ringwall_awsclient::http::{HttpClient, HttpSettings, Plain, Url};
use ringwall_awsclient::{Client, Environment, Load};
use ringwall_kubernetes::{Cluster, Source};

use crate::commands::client_name;
use crate::config::{Origin, Settings};
use crate::error::Failure;

/// The client of AWS's APIs.
pub(super) fn aws(settings: &Settings) -> Result<Client, Failure> {
    let endpoint = settings.aws_endpoint.value.as_ref().map(|url| url.0.parse::<Url>()).transpose()?;
    // What is set here goes before the environment; the default comes after it.
    let region = (settings.region.origin != Origin::Default).then(|| settings.region.value.0.clone());
    let environment = Environment::process();
    let region = region.or_else(|| ringwall_awsclient::region_of(&environment));
    let region = region.unwrap_or_else(|| settings.region.value.0.clone());
    let load = Load::new(&environment).endpoint(endpoint).region(Some(region)).plain(Plain::Loopback);
    Ok(load.roots(settings.aws_ca_file.value.clone()).client()?)
}

/// A client that signs nothing.
pub(super) fn http(settings: &Settings) -> Result<HttpClient, Failure> {
    Ok(HttpClient::new(&HttpSettings {
        roots: settings.aws_ca_file.value.clone(),
        plain: Plain::Loopback,
        ..HttpSettings::default()
    })?)
}

/// The cluster's apiserver, of which nothing is asked yet.
pub(super) async fn cluster(settings: &Settings) -> Result<Cluster, Failure> {
    let source = match &settings.cluster_kubeconfig.value {
        Some(path) => Source::Kubeconfig { path: Some(path.clone()), context: None },
        None => Source::InCluster,
    };
    Ok(Cluster::connect(&source).await?)
}

/// The cluster's name. The settings were checked: it is there.
pub(super) fn cluster_name(settings: &Settings) -> &str {
    settings.cluster_name.value.as_ref().map_or("", |name| name.0.as_str())
}

/// Names of the certificates that the cluster's apiserver may show.
pub(super) fn client_names(settings: &Settings) -> Vec<String> {
    match settings.webhook_client_names.value.0.as_slice() {
        [] => vec![client_name(cluster_name(settings))],
        names => names.to_vec(),
    }
}

/// Whether this runs in a pod that has a service account.
pub(super) fn is_in_cluster() -> bool {
    std::env::var_os("KUBERNETES_SERVICE_HOST").is_some()
}
