//! What is counted.

use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::sources::{Slot, Told};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabels {
    result: &'static str,
}

/// Counters of the webhooks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics {
    reviews: Family<ResultLabels, Counter>,
    accesses: Family<ResultLabels, Counter>,
}

impl Metrics {
    /// Registers them under `ringwall_authn`.
    pub(crate) fn register(registry: &mut Registry, slots: &[Arc<Slot>]) -> Self {
        let metrics = Self::default();
        let registry = registry.sub_registry_with_prefix("ringwall_authn");
        registry.register("token_reviews", "TokenReviews answered, by their result", metrics.reviews.clone());
        registry.register(
            "access_reviews",
            "SubjectAccessReviews answered, by their result",
            metrics.accesses.clone(),
        );
        registry.register_collector(Box::new(States(slots.to_vec())));
        metrics
    }

    pub(crate) fn review(&self, result: &'static str) {
        self.reviews.get_or_create(&ResultLabels { result }).inc();
    }

    pub(crate) fn access(&self, result: &'static str) {
        self.accesses.get_or_create(&ResultLabels { result }).inc();
    }
}

/// How the sources are, looked at when it is asked.
#[derive(Debug)]
struct States(Vec<Arc<Slot>>);

impl Collector for States {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let told: Vec<Told> = self.0.iter().map(|slot| slot.told()).collect();
        let mut all = |name: &str, help: &str, value: &dyn Fn(&Told) -> Option<i64>| {
            let gauge = ConstGauge::new(0_i64);
            let mut encoder = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            for told in &told {
                if let Some(value) = value(told) {
                    let labels = [("source", told.kind.name())];
                    ConstGauge::new(value).encode(encoder.encode_family(&labels)?)?;
                }
            }
            Ok::<(), std::fmt::Error>(())
        };
        all("source_mappings", "Mappings that a source has", &|told| {
            told.mappings.map(|count| i64::try_from(count).unwrap_or(i64::MAX))
        })?;
        all("source_age_seconds", "How long ago a source was known to be up to date", &|told| told.age)?;
        all("source_failing", "Whether a source can't be brought up to date", &|told| {
            Some(i64::from(told.problem.is_some()))
        })
    }
}
