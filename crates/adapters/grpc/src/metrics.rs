//! What a listener counts, in Prometheus' terms.

use std::borrow::Cow;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Upper bounds, in seconds, of the durations that are counted: from a local decryption to the limit of a call.
const BUCKETS: [f64; 13] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.05, 0.1, 0.5, 1.0, 3.0, 10.0, 30.0];

/// The counters of one listener; clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    calls: Family<CallLabels, Counter>,
    durations: Family<MethodLabels, Histogram>,
    refused: Family<ReasonLabels, Counter>,
    pub(crate) in_flight: Gauge,
    pub(crate) connections: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    method: Cow<'static, str>,
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MethodLabels {
    method: Cow<'static, str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

impl Metrics {
    /// Registers the counters of the listener with this name, as `kms`.
    pub fn register(registry: &mut Registry, listener: &'static str) -> Self {
        let labels = std::iter::once((Cow::from("listener"), Cow::from(listener)));
        let registry = registry.sub_registry_with_prefix("ringwall_grpc").sub_registry_with_labels(labels);
        let metrics = Self::default();
        registry.register("calls", "Calls answered, by method and gRPC status", metrics.calls.clone());
        registry.register_with_unit(
            "call_duration",
            "Time from a call's headers to its answer",
            Unit::Seconds,
            metrics.durations.clone(),
        );
        registry.register(
            "refused",
            "Connections and calls that the listener refused instead of the service",
            metrics.refused.clone(),
        );
        registry.register("calls_in_flight", "Calls in hand", metrics.in_flight.clone());
        registry.register("connections", "Open connections", metrics.connections.clone());
        metrics
    }

    pub(crate) fn answered(&self, method: Cow<'static, str>, code: &'static str, took: Duration) {
        self.durations.get_or_create(&MethodLabels { method: method.clone() }).observe(took.as_secs_f64());
        self.calls.get_or_create(&CallLabels { method, code }).inc();
    }

    pub(crate) fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&ReasonLabels { reason }).inc();
    }
}

impl Default for Metrics {
    /// Counters that nobody reads.
    fn default() -> Self {
        Self {
            calls: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            refused: Family::default(),
            in_flight: Gauge::default(),
            connections: Gauge::default(),
        }
    }
}
