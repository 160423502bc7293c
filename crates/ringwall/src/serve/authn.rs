//! The token webhook and the authorization webhook, as a part of the process.

use std::path::Path;
use std::sync::Arc;

use prometheus_client::registry::Registry;
use ringwall_authn::sources::{Places, Source, SourceKind, SourceRules, access_entries};
use ringwall_authn::sts::{self, Verifier};
use ringwall_authn::token::{Hosts, Rules};
use ringwall_authn::{Authn, Parts, Settings as Webhooks};
use ringwall_awsclient::Clock;
use ringwall_awsclient::partition::Partition;
use ringwall_model::Secret;
use ringwall_rbac::entry::RolePaths;
use ringwall_server::{Limits, Live, Metrics};

use super::answers::{Answers, Prepare};
use super::listener::{Callers, Listener};
use super::outside;
use super::part::Waits;
use crate::config::{Settings, TlsMode};
use crate::error::Failure;

/// Bytes of a file of keys at most; a key has 32.
const MAX_KEY_FILE: u64 = 4096;

/// Listens, and begins to load the mappings; neither AWS nor the apiserver has to be there.
pub(super) async fn prepare(
    settings: &Settings,
    limits: &Live<Limits>,
    registry: &mut Registry,
) -> Result<Prepare<Authn>, Failure> {
    let metrics = Metrics::register(registry, "authn");
    let bound = Listener::bind(settings, settings.authn_listen.value, Callers::Apiservers, limits, metrics)?;
    let kinds: Vec<SourceKind> =
        settings.authn_sources.value.0.iter().map(|name| name.parse()).collect::<Result<_, _>>()?;
    let in_cluster = [SourceKind::AwsAuth, SourceKind::IdentityMappings].iter().any(|it| kinds.contains(it));
    // An aws-auth in a file may be all there is.
    let cluster =
        match in_cluster && (settings.cluster_kubeconfig.value.is_some() || outside::is_in_cluster()) {
            true => Some(outside::cluster(settings).await?),
            false => None,
        };
    let aws = outside::aws(settings)?;
    let clock = Clock::system();
    let parts = Parts {
        verifier: Arc::new(verifier(settings, registry)?),
        cluster,
        instances: Some(Arc::new(aws.clone())),
        aws: Some(aws),
        now: Arc::new(move || clock.now()),
    };
    let answers = Authn::start(webhooks(settings, &kinds)?, parts, registry)?;
    Ok(Prepare { service: "authn", bound, answers })
}

fn verifier(settings: &Settings, registry: &mut Registry) -> Result<Verifier, Failure> {
    let hosts = match &settings.aws_endpoint.value {
        Some(url) => Hosts::Endpoint(url.0.parse()?),
        None => {
            let name = &settings.authn_partition.value.0;
            let partition = Partition::named(name).ok_or_else(|| {
                Failure::misuse_hint(
                    format!("`{name}` is no partition of AWS"),
                    "as aws, aws-cn or aws-us-gov",
                )
            })?;
            Hosts::Aws { partition, region: Some(settings.region.value.0.clone()) }
        }
    };
    let rules = Rules::new(outside::cluster_name(settings), hosts)?;
    let seconds = settings.authn_remember.value.0.as_secs();
    let amount = |amount: usize| u32::try_from(amount).unwrap_or(u32::MAX);
    let asked = sts::Settings {
        max_age: i64::try_from(seconds).unwrap_or(i64::MAX),
        rate: amount(settings.authn_sts_rate.value.get()),
        burst: amount(settings.authn_sts_burst.value.get()),
        ..sts::Settings::default()
    };
    Ok(Verifier::new(rules, asked, Arc::new(outside::http(settings)?), registry))
}

fn webhooks(settings: &Settings, kinds: &[SourceKind]) -> Result<Webhooks, Failure> {
    let name = outside::cluster_name(settings);
    let keys = settings.authn_pass_keys.value.0.iter().map(|path| key(path)).collect::<Result<_, _>>()?;
    let role_paths = match settings.authn_role_paths.value.0.as_str() {
        "known" => RolePaths::Known,
        "by-name" => RolePaths::ByName,
        other => {
            let message = format!("`authn.role-paths` is `{other}`");
            return Err(Failure::misuse_hint(message, "it has to be known or by-name"));
        }
    };
    let source =
        |kind: SourceKind| Source { kind, rules: SourceRules { role_paths, ..SourceRules::of(kind) } };
    Ok(Webhooks {
        sources: kinds.iter().copied().map(source).collect(),
        places: Places {
            file: settings.authn_file.value.clone(),
            aws_auth_file: settings.authn_aws_auth_file.value.clone(),
            access_entries: access_entries::Settings {
                cluster: name.to_owned(),
                copy: Some(settings.authn_entries_copy.value.clone()),
                ..access_entries::Settings::default()
            },
        },
        client_names: outside::client_names(settings),
        // Without TLS it listens on this machine alone, as the settings were checked.
        allow_local: settings.tls_mode.value == TlsMode::Off,
        scrubbed_accounts: settings.authn_scrubbed_accounts.value.0.clone(),
        pass_keys: keys,
        oldest: settings.authn_oldest.value.as_ref().map(|oldest| oldest.0),
        ..Webhooks::new(name)
    })
}

fn key(path: &Path) -> Result<Secret, Failure> {
    let failed = |source| Failure::Read { path: path.display().to_string(), source };
    ringwall_files::read(path, MAX_KEY_FILE).map(Secret::new).map_err(failed)
}

impl Answers for Authn {
    fn waits_for(&self) -> Waits {
        self.waits_for().map(str::to_owned)
    }

    fn reload(&self) {
        self.reload();
    }
}
