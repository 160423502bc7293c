//! What the service counts.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// The counters; clones count together. Clusters, sources and sinks are named in the settings, so that the series have an end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics {
    pub(crate) batches: Family<Outcome, Counter>,
    pub(crate) events: Family<Outcome, Counter>,
    pub(crate) queue: Family<Cluster, Gauge>,
    pub(crate) findings: Family<Cluster, Gauge>,
    pub(crate) commits: Family<Outcome, Counter>,
    pub(crate) sent: Family<Delivery, Counter>,
    pub(crate) source_problems: Family<Source, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Cluster {
    pub(crate) cluster: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Outcome {
    pub(crate) cluster: String,
    pub(crate) outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Delivery {
    pub(crate) sink: String,
    pub(crate) outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Source {
    pub(crate) cluster: String,
    pub(crate) source: &'static str,
}

impl Metrics {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let registry = registry.sub_registry_with_prefix("ringwall_audit");
        registry.register(
            "batches",
            "Batches of the audit webhook: taken, full (answered 429), refused or failed",
            metrics.batches.clone(),
        );
        registry.register(
            "events",
            "Events and records: judged, repeated, not_decided, cut (their ends missing), other (no events) or unreadable",
            metrics.events.clone(),
        );
        registry.register_with_unit(
            "queue",
            "What waits to be looked at",
            Unit::Bytes,
            metrics.queue.clone(),
        );
        registry.register("findings", "Findings that are open", metrics.findings.clone());
        registry.register("commits", "State kept on disk: done or failed", metrics.commits.clone());
        registry.register("sent", "Findings by sink: sent, again, retried or refused", metrics.sent.clone());
        registry.register(
            "source_problems",
            "Looks at a source that failed: files, log_group or objects",
            metrics.source_problems.clone(),
        );
        metrics
    }

    pub(crate) fn batch(&self, cluster: &str, outcome: &'static str) {
        self.batches.get_or_create(&Outcome { cluster: cluster.to_owned(), outcome }).inc();
    }

    pub(crate) fn event(&self, cluster: &str, outcome: &'static str, count: u64) {
        if count > 0 {
            self.events.get_or_create(&Outcome { cluster: cluster.to_owned(), outcome }).inc_by(count);
        }
    }

    pub(crate) fn committed(&self, cluster: &str, outcome: &'static str) {
        self.commits.get_or_create(&Outcome { cluster: cluster.to_owned(), outcome }).inc();
    }
}
