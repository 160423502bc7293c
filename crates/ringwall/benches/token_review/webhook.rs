//! Our webhook in a process of its own, put together as `ringwall serve` does.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::registry::Registry;
use ringwall_authn::sources::{Places, SourceKind};
use ringwall_authn::sts::{Settings, Verifier};
use ringwall_authn::token::{Hosts, Rules};
use ringwall_authn::{Authn, Parts};
use ringwall_awsclient::http::{HttpClient, HttpSettings};
use ringwall_awsclient::partition::Partition;
use ringwall_server::{Limits, Metrics, Server, Source, Tls, live};

use crate::servers::{AUTHORITY, CLUSTER, MAPPINGS};

/// One user signs all tokens here, and as fast as can be: what would hold that back is opened.
const OPEN: Settings = Settings {
    max_age: 900,
    capacity: 65_536,
    rate: u32::MAX,
    burst: u32::MAX,
    key_rate: u32::MAX,
    key_burst: u32::MAX,
    in_flight: 1024,
};

/// Serves until it is killed, with the files of the folder that it is started in.
pub(crate) fn serve() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let http = HttpSettings { roots: Some(AUTHORITY.into()), ..HttpSettings::default() };
        let partition = Partition::named("aws").unwrap();
        let rules = Rules::new(CLUSTER, Hosts::Aws { partition, region: None }).unwrap();
        let mut registry = Registry::default();
        let verifier = Verifier::new(rules, OPEN, Arc::new(HttpClient::new(&http).unwrap()), &mut registry);
        let mut settings = ringwall_authn::Settings::new(CLUSTER);
        settings.sources = vec![SourceKind::File.into()];
        settings.places = Places { file: Some(MAPPINGS.into()), ..Places::default() };
        settings.allow_local = true;
        let now = Arc::new(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            since.as_secs().try_into().unwrap()
        });
        let parts = Parts { verifier: Arc::new(verifier), cluster: None, aws: None, instances: None, now };
        let webhook = Authn::start(settings, parts, &mut registry).unwrap();
        let metrics = Metrics::register(&mut registry, "webhooks");
        let tls =
            Tls::open(Source::Own { folder: "webhook".into(), names: Vec::new() }, None, metrics.clone())
                .unwrap();
        let address = ([127, 0, 0, 1], 0).into();
        let server = Server::bind(address, Some(Arc::new(tls)), live(Limits::default()), metrics).unwrap();
        while webhook.waits_for().is_some() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        println!("{}", server.address());
        let _ = server.serve(webhook, std::future::pending()).await;
    });
}
