//! What the plugin counts, in Prometheus' terms. Calls are counted by the listener.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::BackendError;

/// Upper bounds, in seconds: from a keyring's file to a KMS at its time limit.
const BUCKETS: [f64; 10] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 3.0, 10.0];

#[derive(Debug, Clone)]
pub(super) struct Metrics {
    calls: Family<CallLabels, Counter>,
    durations: Family<OperationLabels, Histogram>,
    /// 1 if Status says `ok`.
    pub(super) usable: Gauge,
    proven: Gauge,
    changes: Counter,
    pub(super) keks: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    operation: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    operation: &'static str,
}

impl Metrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let registry = registry.sub_registry_with_prefix("ringwall_kms");
        let metrics = Self {
            calls: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            usable: Gauge::default(),
            proven: Gauge::default(),
            changes: Counter::default(),
            keks: Gauge::default(),
        };
        registry.register(
            "backend_calls",
            "What was asked of backends, by result: ok, user, throttled, corruption, unavailable, internal",
            metrics.calls.clone(),
        );
        registry.register_with_unit(
            "backend_call_duration",
            "Time until the backend answered",
            Unit::Seconds,
            metrics.durations.clone(),
        );
        registry.register("usable", "1 if the key that seals can be used", metrics.usable.clone());
        registry.register_with_unit(
            "proven_timestamp",
            "When the backend last sealed and opened, in seconds since 1970",
            Unit::Seconds,
            metrics.proven.clone(),
        );
        registry.register("key_changes", "How often another key id was announced", metrics.changes.clone());
        registry.register("local_keks", "Local KEKs in memory", metrics.keks.clone());
        metrics
    }

    pub(super) fn called<T>(
        &self,
        operation: &'static str,
        result: &Result<T, BackendError>,
        took: Duration,
    ) {
        let word = result.as_ref().map_or_else(|error| error.class.name(), |_| "ok");
        self.calls.get_or_create(&CallLabels { operation, result: word }).inc();
        self.durations.get_or_create(&OperationLabels { operation }).observe(took.as_secs_f64());
    }

    pub(super) fn proven(&self, changed: bool) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        self.proven.set(i64::try_from(now).unwrap_or(i64::MAX));
        if changed {
            self.changes.inc();
        }
    }
}
