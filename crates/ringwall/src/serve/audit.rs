//! The audit webhook and the other sources of logs, as a part of the process.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use prometheus_client::registry::Registry;
use ringwall_audit::{Audit, ClusterSettings, Outside, Settings as Watching};
use ringwall_awsclient::Clock;
use ringwall_detect::output::Scope;
use ringwall_model::Secret;
use ringwall_server::{Drained, Limits, Metrics, live};
use ringwall_sigma::Origin;
use ringwall_stream::{Login, Settings as Nats, Tls};

use super::listener::{Bound, Callers, Listener};
use super::outside;
use super::part::{Doing, Part, Prepared, Waits};
use crate::commands::client_name;
use crate::config::{Settings, TlsMode};
use crate::error::Failure;

/// Largest batch of an apiserver, in bytes: 20 events of 3 MiB, as docs/detection/audit-policy.md has them, and somewhat more.
///
/// In batch mode nothing but the number of events and the size of each limits a batch: `--audit-webhook-truncate-max-batch-size` is
/// for events that come to the backend together, and they come one by one. Source: Kubernetes v1.37,
/// `staging/src/k8s.io/apiserver/pkg/server/options/audit.go`, where truncation stands before the buffer. A batch that is refused is
/// given up by the apiserver, so that whoever makes it too long would hide what else is in it.
const MAX_BATCH: usize = 64 << 20;

/// Bytes of a password or of credentials at most.
const MAX_SECRET: u64 = 64 << 10;

/// The service, and its listener.
pub(super) struct Prepare {
    bound: Bound,
    audit: Arc<Audit>,
}

struct Watched {
    listener: Listener,
    audit: Arc<Audit>,
}

/// Listens, and takes up what was kept; neither AWS nor an apiserver has to be there.
pub(super) async fn prepare(settings: &Settings, registry: &mut Registry) -> Result<Prepare, Failure> {
    let metrics = Metrics::register(registry, "audit");
    let limits = settings.limits();
    let limits = live(Limits { max_body_bytes: limits.max_body_bytes.max(MAX_BATCH), ..limits });
    let bound = Listener::bind(settings, settings.audit_listen.value, Callers::Apiservers, &limits, metrics)?;
    let configured = configured(settings)?;
    let asks = |cluster: &ClusterSettings| !cluster.log_groups.is_empty() || !cluster.objects.is_empty();
    let in_s3 = configured.lake.as_ref().is_some_and(|place| place.starts_with("s3://"));
    let asks_aws = in_s3 || configured.clusters.iter().any(asks);
    let aws = asks_aws.then(|| outside::aws(settings)).transpose()?;
    let clock = Clock::system();
    let now = Arc::new(move || clock.now().saturating_mul(1000));
    let audit = Arc::new(Audit::start(&configured, Outside { aws, now }, registry).await?);
    Ok(Prepare { bound, audit })
}

fn configured(settings: &Settings) -> Result<Watching, Failure> {
    Ok(Watching {
        folder: settings.audit_folder.value.clone(),
        clusters: clusters(settings)?,
        scope: Scope {
            account: settings.audit_account.value.as_ref().map(|account| account.0.clone()),
            region: Some(settings.region.value.0.clone()),
            ..Scope::default()
        },
        queue_bytes: settings.audit_queue_bytes.value.0 as u64,
        lists: settings.audit_lists.value.written(),
        filters: settings.audit_suppress.value.0.clone(),
        rules: settings.audit_rules.value.0.iter().map(|path| origin(path)).collect(),
        sinks: settings.audit_sinks.value.clone(),
        lake: settings.audit_lake.value.as_ref().map(|place| place.0.clone()),
        lake_days: settings.audit_lake_days.value.as_ref().map_or(0, |days| days.get()),
        stream: nats(settings)?.map(Arc::new),
        ask_every: settings.audit_ask_every.value.0,
        publish_every: settings.audit_publish_every.value.0,
    })
}

/// How NATS is reached, if replicas are to share the work.
fn nats(settings: &Settings) -> Result<Option<Nats>, Failure> {
    if settings.audit_nats_servers.value.0.is_empty() {
        return Ok(None);
    }
    let secret = |path: &PathBuf| {
        let failed = |source| Failure::Read { path: path.display().to_string(), source };
        let mut text = ringwall_files::read(path, MAX_SECRET).map_err(failed)?;
        text.truncate(text.trim_ascii_end().len());
        Ok::<_, Failure>(Secret::new(text))
    };
    let (user, password) = (&settings.audit_nats_user.value, &settings.audit_nats_password_file.value);
    let (creds, nkey) = (&settings.audit_nats_credentials_file.value, &settings.audit_nats_nkey_file.value);
    let login = match (user, password, creds, nkey) {
        (None, None, None, None) => Login::None,
        (Some(name), Some(file), None, None) => Login::User { name: name.0.clone(), password: secret(file)? },
        (None, None, Some(file), None) => Login::Credentials(secret(file)?),
        (None, None, None, Some(file)) => Login::Nkey(secret(file)?),
        _ => {
            let hint = "set audit.nats.user and audit.nats.password-file, or audit.nats.credentials-file, or audit.nats.nkey-file";
            return Err(Failure::misuse_hint("who is to log in to NATS is not clear", hint));
        }
    };
    let certificate =
        settings.audit_nats_certificate.value.clone().zip(settings.audit_nats_key.value.clone());
    let authorities = settings.audit_nats_ca_file.value.clone();
    let servers = &settings.audit_nats_servers.value.0;
    let is_tls =
        authorities.is_some() || certificate.is_some() || servers.iter().any(|of| of.starts_with("tls:"));
    let tls = is_tls.then_some(Tls { authorities, certificate });
    Ok(Some(Nats {
        login,
        tls,
        replicas: settings.audit_nats_copies.value.get(),
        event_bytes: settings.audit_nats_event_bytes.value.0 as u64,
        state_bytes: settings.audit_nats_state_bytes.value.0 as u64,
        finding_bytes: settings.audit_nats_finding_bytes.value.0 as u64,
        ttl: settings.audit_nats_silence.value.0,
        ..Nats::new(servers.clone())
    }))
}

/// Rules that say themselves whether they are only tried.
fn origin(path: &Path) -> Origin {
    Origin { path: path.to_owned(), is_dry_run: false }
}

/// Each cluster with its sources.
fn clusters(settings: &Settings) -> Result<Vec<ClusterSettings>, Failure> {
    let named = match settings.audit_clusters.value.0.as_slice() {
        [] => vec![outside::cluster_name(settings).to_owned()],
        names => names.to_vec(),
    };
    let is_alone = settings.audit_clusters.value.0.is_empty();
    let client_names = |name: &str| match settings.tls_mode.value {
        // It listens on this machine alone, as the settings were checked, and nobody can show a certificate.
        TlsMode::Off => Vec::new(),
        TlsMode::Own | TlsMode::Files if is_alone => outside::client_names(settings),
        TlsMode::Own | TlsMode::Files => vec![client_name(name)],
    };
    let mut clusters: Vec<ClusterSettings> = named
        .into_iter()
        .map(|name| ClusterSettings { client_names: client_names(&name), name, ..ClusterSettings::default() })
        .collect();
    for (of, path) in &settings.audit_files.value.0 {
        of_cluster(&mut clusters, of.as_deref(), "audit.files")?.files.push(path.clone());
    }
    for source in &settings.audit_log_groups.value.0 {
        let (of, group) = split(source);
        of_cluster(&mut clusters, of, "audit.log-groups")?.log_groups.push(group.to_owned());
    }
    for source in &settings.audit_objects.value.0 {
        let (of, objects) = split(source);
        of_cluster(&mut clusters, of, "audit.objects")?.objects.push(objects.to_owned());
    }
    Ok(clusters)
}

/// `[CLUSTER=]SOURCE`.
fn split(source: &str) -> (Option<&str>, &str) {
    match source.split_once('=') {
        Some((name, source)) if ClusterSettings::is_name(name) => (Some(name), source),
        _ => (None, source),
    }
}

fn of_cluster<'c>(
    clusters: &'c mut [ClusterSettings],
    of: Option<&str>,
    setting: &str,
) -> Result<&'c mut ClusterSettings, Failure> {
    let found = match of {
        None => clusters.first_mut(),
        Some(of) => clusters.iter_mut().find(|cluster| cluster.name == of),
    };
    found.ok_or_else(|| {
        let of = of.unwrap_or_default();
        Failure::misuse_hint(
            format!("`{setting}` has `{of}`, which is none of the clusters"),
            "name it in audit.clusters",
        )
    })
}

impl Prepared for Prepare {
    fn start(self: Box<Self>) -> Doing<'static, Result<Box<dyn Part>, Failure>> {
        Box::pin(async move {
            let Self { bound, audit } = *self;
            let listener = bound.serve("audit", Arc::clone(&audit));
            Ok(Box::new(Watched { listener, audit }) as Box<dyn Part>)
        })
    }
}

impl Part for Watched {
    fn waits_for(&self) -> Doing<'_, Waits> {
        Box::pin(async { None })
    }

    fn look(&mut self) -> Doing<'_, ()> {
        Box::pin(async {
            self.listener.look().await;
            self.audit.look();
        })
    }

    fn reload(&self) {
        self.audit.look();
    }

    fn drain(&mut self) -> Doing<'_, Option<Drained>> {
        Box::pin(self.listener.drain())
    }

    fn close(self: Box<Self>) -> Doing<'static, ()> {
        Box::pin(async move {
            self.audit.stop().await;
        })
    }
}
