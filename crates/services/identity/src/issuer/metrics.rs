//! What a publisher counts.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::rotation::{KeyReport, Phase};

/// Counters and gauges; clones count together.
#[derive(Clone, Debug, Default)]
pub(super) struct Metrics {
    looks: Family<Outcome, Counter>,
    keys: Family<InPhase, Gauge>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InPhase {
    phase: &'static str,
}

impl Metrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let registry = registry.sub_registry_with_prefix("ringwall_issuer");
        registry.register(
            "looks",
            "Questions to the source of keys by what came of them: published or failed",
            metrics.looks.clone(),
        );
        registry.register("keys", "Published keys: new, current or leaving", metrics.keys.clone());
        metrics
    }

    pub(super) fn published(&self, keys: &[KeyReport]) {
        self.looks.get_or_create(&Outcome { outcome: "published" }).inc();
        let of = |key: &KeyReport| match key.phase {
            Phase::New => "new",
            Phase::Current => "current",
            Phase::Leaving(_) => "leaving",
        };
        for phase in ["new", "current", "leaving"] {
            let count = keys.iter().filter(|key| of(key) == phase).count();
            self.keys.get_or_create(&InPhase { phase }).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    pub(super) fn failed(&self) {
        self.looks.get_or_create(&Outcome { outcome: "failed" }).inc();
    }
}
