use std::io::{self, BufWriter};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use ringwall_kms::rotate::{self, Failure as Failed, Outcome, Progress, RotateError, Settings, Source};
use ringwall_kubernetes::{Cluster, Source as ClusterSource};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::{etcd, exit, failure, registry, scope, unread};
use crate::cli::{Format, KmsRotate};
use crate::commands::asynchronously;
use crate::error::{self, Exit, Failure};
use crate::render::{kms_json, kms_text};
use crate::session::remark;

/// Failures told while it runs; the rest is told at the end.
const FAILURES_SHOWN: usize = 20;

/// Seals anew, and says what came of it.
pub(super) fn run(args: &KmsRotate) -> Result<Exit, Failure> {
    // A key of a client certificate is read.
    ringwall_server::harden()?;
    let source = match &args.state {
        Some(path) => Source::State(path.clone()),
        None => Source::Etcd(etcd(&args.etcd.etcd, &args.etcd.access)?),
    };
    let bar = Bar::new();
    let result = asynchronously(async { Ok(until_stopped(args, &source, &bar).await) })?;
    bar.bar.finish_and_clear();
    let outcome = match result {
        Ok(outcome) => outcome,
        Err(RotateError::Etcd(error)) => return Ok(unread(&error)),
        Err(error) => {
            let status = match &error {
                RotateError::NotInUse { .. } => Exit::No,
                _ => Exit::Misuse,
            };
            error::print(&failure(&error, error.hint()));
            return Ok(status);
        }
    };
    match args.output.format {
        Format::Json => kms_json::print_outcome(&mut BufWriter::new(io::stdout().lock()), &outcome)?,
        Format::Text => kms_text::print_outcome(&mut BufWriter::new(anstream::stdout().lock()), &outcome)?,
    }
    if outcome.interrupted {
        remark("it was stopped before it was done; the same command goes on")?;
    }
    Ok(status(&outcome))
}

/// What came of it, as an exit status.
fn status(outcome: &Outcome) -> Exit {
    match &outcome.report {
        _ if outcome.interrupted => Exit::No,
        Some(report) => exit(report.verdict()),
        None if outcome.failures.is_empty() => Exit::Incomplete,
        None => Exit::No,
    }
}

/// Runs until it is done or a signal comes: then what was begun is finished. A second signal ends it at once, which loses
/// nothing.
async fn until_stopped(args: &KmsRotate, source: &Source, bar: &Bar) -> Result<Outcome, RotateError> {
    let (stop, stopped) = watch::channel(false);
    let signals = async {
        for _ in 0..2 {
            signalled().await;
            let _ = stop.send(true);
        }
    };
    tokio::select! {
        result = work(args, source, bar, stopped) => result,
        () = signals => Ok(Outcome { interrupted: true, ..Outcome::default() }),
    }
}

async fn work(
    args: &KmsRotate,
    source: &Source,
    bar: &Bar,
    stop: watch::Receiver<bool>,
) -> Result<Outcome, RotateError> {
    let key = match &args.socket {
        Some(socket) => Some(rotate::current_key(socket).await?),
        None => args.to_key.clone(),
    };
    let cluster = if args.in_cluster {
        ClusterSource::InCluster
    } else {
        ClusterSource::Kubeconfig { path: args.kubeconfig.clone(), context: args.context.clone() }
    };
    let cluster = Cluster::connect(&cluster).await?;
    let settings = Settings {
        scope: scope(&args.objects),
        registry: registry(&args.etcd.access),
        provider: args.provider.clone(),
        key,
        concurrency: args.concurrency.into(),
        per_second: args.rate,
        wait: Duration::from_secs(args.wait),
        poll: rotate::POLL,
        patience: rotate::PATIENCE,
    };
    rotate::rotate(&cluster, source, &settings, bar, stop).await
}

/// Waits for SIGINT or SIGTERM; for ever, if they can't be had.
async fn signalled() {
    match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
        (Ok(mut interrupt), Ok(mut terminate)) => {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        }
        _ => std::future::pending().await,
    }
}

/// The progress bar, on standard error if that is a terminal; else only what has to be known.
struct Bar {
    bar: ProgressBar,
    failures: AtomicUsize,
    waits: AtomicBool,
}

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::new(0).with_style(
            ProgressStyle::with_template("sealing anew {bar:30} {pos} of {len} {msg}")
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        Self { bar, failures: AtomicUsize::new(0), waits: AtomicBool::new(false) }
    }

    fn tell(&self, text: &str) {
        // That standard error is closed is no reason to stop.
        self.bar.suspend(|| drop(remark(text)));
    }
}

impl Progress for Bar {
    fn counted(&self, pending: u64, _total: Option<u64>) {
        self.bar.inc_length(pending);
    }

    fn waiting(&self, under: Option<&str>) {
        if !self.waits.swap(true, Ordering::Relaxed) {
            let under = under.map(|key| format!("; it writes under `{key}`")).unwrap_or_default();
            self.tell(&format!("waiting for kube-apiserver to take the key up{under}"));
        }
        self.bar.set_message("(waiting for the key)");
    }

    fn advanced(&self, objects: u64) {
        self.bar.set_message("");
        self.bar.inc(objects);
    }

    fn failed(&self, failed: &Failed) {
        match self.failures.fetch_add(1, Ordering::Relaxed) {
            shown if shown < FAILURES_SHOWN => {
                self.tell(&format!("{} could not be written: {}", failed.object, failed.message));
            }
            FAILURES_SHOWN => self.tell("… and more, which are told at the end"),
            _ => {}
        }
    }
}
