use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::objects::Kind;

/// Upper bounds, in seconds, of the durations that are counted: from a volume of kept values to the limit of a call.
const BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

/// Where a value came from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum From {
    Read,
    Kept,
}

/// What the provider counts; clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    mounts: Family<ResultLabels, Counter>,
    durations: Histogram,
    values: Family<ValueLabels, Counter>,
    failovers: Counter,
    pub(crate) synced: Family<ResultLabels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ResultLabels {
    pub(crate) result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ValueLabels {
    service: &'static str,
    from: &'static str,
}

impl Metrics {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let registry = registry.sub_registry_with_prefix("ringwall_secrets");
        let metrics = Self {
            mounts: Family::default(),
            durations: Histogram::new(BUCKETS),
            values: Family::default(),
            failovers: Counter::default(),
            synced: Family::default(),
        };
        registry.register("mounts", "Volumes asked for, by what came of it", metrics.mounts.clone());
        registry.register_with_unit(
            "mount_duration",
            "Time from a Mount to its answer",
            Unit::Seconds,
            metrics.durations.clone(),
        );
        registry.register(
            "values",
            "Values of secrets and parameters, by service and whether they were read or had not changed",
            metrics.values.clone(),
        );
        registry.register("failovers", "Values taken from the failover region", metrics.failovers.clone());
        registry.register(
            "syncs",
            "SecretProviderClasses brought in step with their Secrets, by what came of it",
            metrics.synced.clone(),
        );
        metrics
    }

    pub(crate) fn mounted(&self, result: &'static str, took: Duration) {
        self.durations.observe(took.as_secs_f64());
        self.mounts.get_or_create(&ResultLabels { result }).inc();
    }

    pub(crate) fn value(&self, kind: Kind, from: From) {
        let from = match from {
            From::Read => "read",
            From::Kept => "kept",
        };
        self.values.get_or_create(&ValueLabels { service: kind.as_str(), from }).inc();
    }

    pub(crate) fn failed_over(&self) {
        self.failovers.inc();
    }
}
