//! What a listener counts, in Prometheus' terms.

use std::borrow::Cow;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::handler::{Labels, Refusal};

/// Upper bounds, in seconds, of the durations that are counted: from a cached decision to the limit of a request.
const BUCKETS: [f64; 13] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// The counters of one listener; clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    requests: Family<RequestLabels, Counter>,
    durations: Family<OperationLabels, Histogram>,
    refused: Family<ReasonLabels, Counter>,
    pub(crate) in_flight: Gauge,
    pub(crate) connections: Gauge,
    pub(crate) accepted: Counter,
    handshakes: Family<ReasonLabels, Counter>,
    /// A family so that plain HTTP has none.
    certificate_end: Family<NoLabels, Gauge>,
}

type NoLabels = [(&'static str, &'static str); 0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    service: Cow<'static, str>,
    operation: Cow<'static, str>,
    code: Cow<'static, str>,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    service: Cow<'static, str>,
    operation: Cow<'static, str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

impl Metrics {
    /// Registers the counters of the listener with this name, as `aws`.
    pub fn register(registry: &mut Registry, listener: &'static str) -> Self {
        let labels = std::iter::once((Cow::from("listener"), Cow::from(listener)));
        let registry = registry.sub_registry_with_prefix("ringwall").sub_registry_with_labels(labels);
        let metrics = Self::default();
        registry.register("requests", "Requests answered by a service", metrics.requests.clone());
        registry.register_with_unit(
            "request_duration",
            "Time from a request's head to its answer",
            Unit::Seconds,
            metrics.durations.clone(),
        );
        registry.register(
            "requests_refused",
            "Requests that the listener refused before or instead of a service",
            metrics.refused.clone(),
        );
        registry.register("requests_in_flight", "Requests in hand", metrics.in_flight.clone());
        registry.register("connections", "Open connections", metrics.connections.clone());
        registry.register("connections_accepted", "Connections accepted", metrics.accepted.clone());
        registry.register(
            "tls_handshakes_failed",
            "TLS handshakes that came to nothing",
            metrics.handshakes.clone(),
        );
        registry.register_with_unit(
            "tls_certificate_end_timestamp",
            "When the certificate in use ends, in seconds since 1970",
            Unit::Seconds,
            metrics.certificate_end.clone(),
        );
        metrics
    }

    pub(crate) fn answered(&self, labels: Labels, status: u16, took: Duration) {
        let Labels { service, operation, code } = labels;
        let about = OperationLabels { service: service.clone(), operation: operation.clone() };
        self.durations.get_or_create(&about).observe(took.as_secs_f64());
        self.requests.get_or_create(&RequestLabels { service, operation, code, status }).inc();
    }

    pub(crate) fn refused(&self, refusal: Refusal) {
        self.refused_for(refusal.name());
    }

    pub(crate) fn refused_for(&self, reason: &'static str) {
        self.refused.get_or_create(&ReasonLabels { reason }).inc();
    }

    pub(crate) fn certificate_ends(&self, since_1970: i64) {
        self.certificate_end.get_or_create(&[]).set(since_1970);
    }

    pub(crate) fn handshake_failed(&self, reason: &'static str) {
        self.handshakes.get_or_create(&ReasonLabels { reason }).inc();
    }
}

impl Default for Metrics {
    /// Counters that nobody reads.
    fn default() -> Self {
        Self {
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            refused: Family::default(),
            in_flight: Gauge::default(),
            connections: Gauge::default(),
            accepted: Counter::default(),
            handshakes: Family::default(),
            certificate_end: Family::default(),
        }
    }
}
