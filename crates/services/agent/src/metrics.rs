//! What the agent counts.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Upper bounds, in seconds, of the times that are counted: from one rule on an idle node to a full table on a busy one.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// The counters of an agent.
#[derive(Clone, Debug)]
pub struct Metrics {
    applied: Family<Outcome, Counter>,
    cni: Family<Order, Counter>,
    denied: Family<Direction, Counter>,
    hits: Family<Rule, Counter>,
    pub(crate) computing: Histogram,
    pub(crate) applying: Histogram,
    pub(crate) enforcing: Histogram,
    pub(crate) adding: Histogram,
    pub(crate) pods: Gauge,
    pub(crate) policies: Gauge,
    pub(crate) not_evaluated: Gauge,
    pub(crate) out_of_date: Gauge,
    pub(crate) drift: Counter,
    pub(crate) last_success: Gauge<f64, AtomicU64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    how: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Order {
    command: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Direction {
    direction: &'static str,
}

/// A rule of a policy as it is told apart in metrics.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EncodeLabelSet)]
pub(crate) struct Rule {
    /// `allowed` or `denied`.
    pub(crate) verdict: &'static str,
    /// Seen from the pod that is judged.
    pub(crate) direction: &'static str,
    /// The policy; of what is denied all that isolate.
    pub(crate) policy: String,
    /// The rule's place, counted from 0; empty if it is no rule's.
    pub(crate) rule: String,
}

impl Metrics {
    /// Registers the counters.
    pub fn register(registry: &mut Registry) -> Self {
        let registry =
            registry.sub_registry_with_prefix("ringwall").sub_registry_with_prefix("network_agent");
        let metrics = Self::default();
        let Self { applied, cni, denied, computing, applying, enforcing, adding, .. } = metrics.clone();
        registry.register(
            "applies",
            "Times that rules were put into the kernel: by a change (update) or all of them (replace), and how it ended",
            applied,
        );
        registry.register("cni_orders", "What the CNI plugin asked, and how it ended", cni);
        registry.register(
            "denied_packets",
            "Packets that were denied, seen from the pod that is judged",
            denied,
        );
        registry.register(
            "rule_hits",
            "Packets that rules of policies let through, and that they or what isolates denied",
            metrics.hits.clone(),
        );
        let times = [
            ("computing", "Time that it took to work rules out", computing),
            ("applying", "Time that it took to put rules into the kernel", applying),
            ("enforcing", "Time from the news of a change to its rules in the kernel", enforcing),
            ("adding", "Time that the CNI plugin waited for a pod's rules", adding),
        ];
        for (name, help, histogram) in times {
            registry.register_with_unit(name, help, Unit::Seconds, histogram);
        }
        let gauges = [
            ("pods", "Pods of this node that are judged", &metrics.pods),
            ("policies", "Policies of the cluster", &metrics.policies),
            (
                "not_evaluated",
                "Parts of policies that could not be evaluated, and deny",
                &metrics.not_evaluated,
            ),
            (
                "watches_out_of_date",
                "Kinds of objects of which the apiserver tells nothing now",
                &metrics.out_of_date,
            ),
        ];
        for (name, help, gauge) in gauges {
            registry.register(name, help, gauge.clone());
        }
        registry.register(
            "drift",
            "Times that the kernel had other rules than it should, and they were put right",
            metrics.drift.clone(),
        );
        registry.register_with_unit(
            "last_success_timestamp",
            "When rules were last put in, or found to be right",
            Unit::Seconds,
            metrics.last_success.clone(),
        );
        metrics
    }

    pub(crate) fn applied(&self, how: &'static str, worked: bool) {
        self.applied.get_or_create(&Outcome { how, outcome: outcome(worked) }).inc();
    }

    pub(crate) fn ordered(&self, command: &'static str, worked: bool) {
        self.cni.get_or_create(&Order { command, outcome: outcome(worked) }).inc();
    }

    pub(crate) fn denied(&self, direction: &'static str, packets: u64) {
        self.denied.get_or_create(&Direction { direction }).inc_by(packets);
    }

    pub(crate) fn hit(&self, rule: &Rule, packets: u64) {
        self.hits.get_or_create(rule).inc_by(packets);
    }

    /// A rule that is no more has no series.
    pub(crate) fn forget(&self, rule: &Rule) {
        self.hits.remove(rule);
    }
}

fn outcome(worked: bool) -> &'static str {
    if worked { "ok" } else { "failed" }
}

impl Default for Metrics {
    /// Counters that nobody reads.
    fn default() -> Self {
        Self {
            applied: Family::default(),
            cni: Family::default(),
            denied: Family::default(),
            hits: Family::default(),
            computing: Histogram::new(BUCKETS),
            applying: Histogram::new(BUCKETS),
            enforcing: Histogram::new(BUCKETS),
            adding: Histogram::new(BUCKETS),
            pods: Gauge::default(),
            policies: Gauge::default(),
            not_evaluated: Gauge::default(),
            out_of_date: Gauge::default(),
            drift: Counter::default(),
            last_success: Gauge::default(),
        }
    }
}
