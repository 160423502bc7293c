//! What is dangerous and customary: the same actor does the same again and again.

use ringwall_model::Severity;

use super::hash::{mix, text};
use super::said::repository;
use super::sketch::{Decay, Sketch};
use super::{Baseline, Features, Judgement, Peers};
use crate::finding::Signal;

/// Days in which a count halves.
const HALF_LIFE: usize = 14;
/// `2^(-1/14)`.
const LEFT_OF_A_DAY: f64 = 0.951_695_153_010_619_6;
/// Cells of a row: for thousands of habits. 192 KiB.
pub(super) const BITS: u32 = 13;

/// From so many days on, decayed, something is a habit: three days in a row, or once a week for six weeks. Who has taken an
/// account over would have to be told of on three days first.
const CUSTOMARY: f32 = 2.0;

pub(super) fn sketch() -> Sketch<()> {
    Sketch::new(BITS, Decay::new(LEFT_OF_A_DAY, HALF_LIFE))
}

impl Baseline {
    /// Adds to a signal of an act how unusual that is, and quietens it if it is customary: the same actor did the same kind of
    /// thing, with the same images or role in the same namespace, on several earlier days. Its severity is one step lower then,
    /// and what was low is not told: `None`. What is critical stays as it is, and so does what comes of nobody or of a listed
    /// address.
    pub fn rank(&self, mut signal: Signal, features: &Features<'_>, judgement: &Judgement) -> Option<Signal> {
        if !judgement.learned {
            return Some(signal);
        }
        signal.details.terms.clone_from(&judgement.terms);
        let is_exempt = features.peers == Peers::Nobody || !signal.details.lists.is_empty();
        let day = day(self.clock.at(signal.time).watched);
        if is_exempt || self.habits.before(key(&signal, features), day) < CUSTOMARY {
            return Some(signal);
        }
        signal.severity = match signal.severity {
            Severity::Critical => Severity::Critical,
            Severity::High => Severity::Medium,
            Severity::Medium => Severity::Low,
            Severity::Low => return None,
        };
        Some(signal)
    }

    /// Learns that a signal came of an act. It is ranked first.
    pub fn learn_signal(&mut self, signal: &Signal, features: &Features<'_>) {
        let day = day(self.clock.at(signal.time).watched);
        self.habits.visit(key(signal, features), 0, day);
    }
}

/// The number of a day of watching.
pub(super) fn day(watched: u32) -> u32 {
    1 + watched / 24
}

/// What makes two signals the same habit.
fn key(signal: &Signal, features: &Features<'_>) -> u64 {
    let details = &signal.details;
    let mut images: Vec<u64> = details
        .workload
        .iter()
        .flat_map(|workload| &workload.containers)
        .map(|container| text(repository(&container.image)))
        .collect();
    images.sort_unstable();
    images.dedup();
    let namespace = match (&details.workload, &details.api_call) {
        (Some(workload), _) => &workload.namespace,
        (None, Some(call)) => &call.namespace,
        (None, None) => "",
    };
    let role = match (&details.binding, &details.role) {
        (Some(binding), _) => &binding.role,
        (None, Some(role)) => &role.name,
        (None, None) => "",
    };
    let resource =
        details.api_call.as_ref().map_or(0, |call| mix(text(&call.resource), text(&call.subresource)));
    let parts = [text(signal.kind.name), text(namespace), text(role), resource];
    parts.into_iter().chain(images).fold(text(&features.actor), mix)
}
