//! What the agent counts.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Upper bounds, in seconds, of the calls that are counted: from a neighbour's answer to the limit of a request.
const BUCKETS: [f64; 9] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// The counters of an agent.
#[derive(Clone, Debug)]
pub struct Metrics {
    answered: Family<From, Counter>,
    calls: Family<Call, Counter>,
    pub(super) call_duration: Histogram,
    pub(super) entries: Gauge,
    pub(super) reachable: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct From {
    from: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    reason: &'static str,
    code: &'static str,
}

impl Metrics {
    /// Registers the counters.
    pub fn register(registry: &mut Registry) -> Self {
        let registry =
            registry.sub_registry_with_prefix("ringwall").sub_registry_with_prefix("pod_identity_agent");
        let metrics = Self::default();
        registry.register(
            "answers",
            "Requests of pods with a valid token, by where the answer came from",
            metrics.answered.clone(),
        );
        registry.register(
            "calls",
            "Calls of AssumeRoleForPodIdentity, by why they were made and what code they ended with (ok if none)",
            metrics.calls.clone(),
        );
        registry.register_with_unit(
            "call_duration",
            "Time that a call took, with its retries",
            Unit::Seconds,
            metrics.call_duration.clone(),
        );
        registry.register("tokens", "Tokens whose credentials are kept", metrics.entries.clone());
        registry.register(
            "upstream_reachable",
            "1 if the latest call was answered, even by a refusal; 0 if it was not",
            metrics.reachable.clone(),
        );
        metrics
    }

    pub(super) fn answered(&self, from: &'static str) {
        self.answered.get_or_create(&From { from }).inc();
    }

    pub(super) fn called(&self, reason: &'static str, code: &'static str) {
        self.calls.get_or_create(&Call { reason, code }).inc();
    }
}

impl Default for Metrics {
    /// Counters that nobody reads.
    fn default() -> Self {
        let reachable = Gauge::default();
        // Nothing is known to the contrary before the first call.
        reachable.set(1);
        Self {
            answered: Family::default(),
            calls: Family::default(),
            call_duration: Histogram::new(BUCKETS),
            entries: Gauge::default(),
            reachable,
        }
    }
}
