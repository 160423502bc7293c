//! What the webhook counts.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// The counters; clones count together.
#[derive(Clone, Debug, Default)]
pub(super) struct Metrics {
    reviews: Family<Outcome, Counter>,
    lookups: Family<Outcome, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

impl Metrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let registry = registry.sub_registry_with_prefix("ringwall_pod_webhook");
        registry.register(
            "reviews",
            "Pods by what became of them: sts_web_identity, container_credentials, left_alone, denied or unread",
            metrics.reviews.clone(),
        );
        registry.register(
            "lookups",
            "Service accounts by how they were known: cached, read, missing, last_known or failed",
            metrics.lookups.clone(),
        );
        metrics
    }

    pub(super) fn review(&self, outcome: &'static str) {
        self.reviews.get_or_create(&Outcome { outcome }).inc();
    }

    pub(super) fn lookup(&self, outcome: &'static str) {
        self.lookups.get_or_create(&Outcome { outcome }).inc();
    }
}
