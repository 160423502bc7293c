//! What is counted.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::VerifyError;
use super::gate::Held;

/// Upper bounds, in seconds, of the time that STS takes: from one that is near to the timeout.
const BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];

/// Counters of a [`Verifier`](super::Verifier). Labels are of closed sets: no word of a token is among them.
#[derive(Clone, Debug)]
pub(super) struct Metrics {
    verified: Family<Result, Counter>,
    asked: Family<Outcome, Counter>,
    pub(super) took: Histogram,
    held: Family<Reason, Counter>,
    pub(super) circuit_open: Gauge,
    pub(super) in_flight: Gauge,
    pub(super) kept: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Result {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

impl Metrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let registry = registry.sub_registry_with_prefix("ringwall_authn");
        let metrics = Self {
            verified: Family::default(),
            asked: Family::default(),
            took: Histogram::new(BUCKETS),
            held: Family::default(),
            circuit_open: Gauge::default(),
            in_flight: Gauge::default(),
            kept: Gauge::default(),
        };
        registry.register("token_verifications", "Tokens verified, by result", metrics.verified.clone());
        registry.register("sts_calls", "Questions sent to STS, by outcome", metrics.asked.clone());
        registry.register_with_unit(
            "sts_call_duration",
            "Time from a question to STS to its answer",
            Unit::Seconds,
            metrics.took.clone(),
        );
        registry.register(
            "sts_calls_held",
            "Questions that were not sent to STS, by what held them",
            metrics.held.clone(),
        );
        registry.register(
            "sts_circuit_open",
            "1 while STS is taken not to answer and is asked now and then only",
            metrics.circuit_open.clone(),
        );
        registry.register("sts_calls_in_flight", "Questions waiting for STS", metrics.in_flight.clone());
        registry.register("token_cache_entries", "Verified tokens that are kept", metrics.kept.clone());
        metrics
    }

    pub(super) fn verified(&self, result: &'static str) {
        self.verified.get_or_create(&Result { result }).inc();
    }

    pub(super) fn asked(&self, outcome: &'static str) {
        self.asked.get_or_create(&Outcome { outcome }).inc();
    }

    pub(super) fn held(&self, held: Held) {
        let reason = match held {
            Held::Rate(_) => "rate",
            Held::Key(_) => "access_key",
            Held::Pause(_) => "sts",
            Held::InFlight => "in_flight",
            Held::Circuit(_) => "circuit",
        };
        self.held.get_or_create(&Reason { reason }).inc();
    }
}

/// What a failure is counted as.
pub(super) fn label(error: &VerifyError) -> &'static str {
    match error {
        VerifyError::Token(_) => "malformed",
        VerifyError::Denied { .. } => "denied",
        VerifyError::Throttled { .. } => "throttled",
        VerifyError::Unavailable { .. } => "unavailable",
    }
}
