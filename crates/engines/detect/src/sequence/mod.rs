//! What belongs together: signals of one actor, across both logs.

mod chain;
mod pairs;
mod stages;

use std::hash::BuildHasher;

use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::actor::{self, Identity};
use crate::cloudtrail::{self, Call};
use crate::finding::{Actor, Evidence, Kind, Log, Place, Signal, SignalSource, short};
use crate::keyed::Keyed;
use crate::recent::Recent;
use chain::{Chain, Part};
pub use pairs::PAIRS;
use pairs::Pairs;
pub use stages::{FINDINGS, STEPS, Stage, THRESHOLD, WEAK_CALLS, WEAK_REQUESTS, WINDOW, Weak};

/// Actors of whom something is remembered: some hundred bytes each, unless they do much.
const MAX_ACTORS: usize = 20_000;
/// Signals of all of them together, in the younger of two generations: of the actors that are remembered most have a few. At some
/// 700 bytes each it is 45 MiB.
const MAX_PARTS_OF_ALL: usize = 1 << 16;
/// Groups of an actor that a signal keeps, of which thousands are kept.
const MAX_GROUPS: usize = 8;
/// How long the same call, of little meaning by itself, is not looked at again, in milliseconds. It weighs once.
const AGAIN: i64 = 10 * 60_000;
/// Names that lead to them.
const MAX_NAMES: usize = 100_000;

/// Types that rest on several events.
pub fn kinds() -> Vec<&'static Kind> {
    [&chain::CLUSTER, &chain::CREDENTIALS].into_iter().chain(PAIRS).collect()
}

/// What was told of one event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told<'t> {
    /// By rules.
    pub(crate) signals: &'t [Signal],
    /// By the baseline alone.
    pub(crate) unusual: Option<&'t Signal>,
}

impl Told<'_> {
    fn is_empty(self) -> bool {
        self.signals.is_empty() && self.unusual.is_none()
    }
}

/// Who did what lately.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Sequences {
    hasher: Keyed,
    chains: Recent<u64, Chain, MAX_ACTORS>,
    /// How many signals the younger of them have, or had: what was joined or left out counts on.
    held: usize,
    /// Name to chain; 0 is none.
    names: Recent<u64, u64, MAX_NAMES>,
    /// Access key to the principal that uses it: logs that were made up give everybody the same, and then it is nobody's name.
    owners: Recent<u64, u64, MAX_NAMES>,
    /// When somebody made a call of little meaning.
    weak: Recent<u64, i64, MAX_NAMES>,
    next: u64,
    pairs: Pairs,
}

impl Default for Sequences {
    fn default() -> Self {
        Self::new(Keyed::default())
    }
}

impl Sequences {
    pub(crate) fn new(hasher: Keyed) -> Self {
        Self {
            hasher,
            chains: Recent::default(),
            held: 0,
            names: Recent::default(),
            owners: Recent::default(),
            weak: Recent::default(),
            next: 1,
            pairs: Pairs::new(hasher),
        }
    }

    /// Takes a request to the apiserver and what was told of it.
    pub(crate) fn audit(
        &mut self,
        act: &Act<'_>,
        place: &Place,
        told: Told<'_>,
        tell: &mut dyn FnMut(Signal),
    ) {
        let mut paired = Vec::new();
        self.pairs.audit(act, place, &mut |signal| paired.push(signal));
        let weak = if told.signals.is_empty() && act.took_place() { stages::weak_request(act) } else { None };
        let weak = weak.filter(|weak| {
            let user = act.user.map_or(("", ""), |user| (user.username.text(), actor::extra(user, "arn")));
            self.is_new((user, weak.on, weak.call, act.name), act.time)
        });
        if told.is_empty() && paired.is_empty() && weak.is_none() {
            return;
        }
        let mut names = actor::of_act(act);
        // Who enters a pod has what is the pod's.
        if act.resource == "pods" && matches!(act.subresource, "exec" | "attach") && act.took_place() {
            names.push(Identity::Pod(act.namespace.to_owned(), act.name.to_owned()));
            if let Some(account) = self.pairs.account_of(act.namespace, act.name) {
                names.push(Identity::KubernetesUser(account.to_owned()));
            }
        }
        // Whoever has a token made, uses it.
        if (act.resource, act.subresource) == ("serviceaccounts", "token") && act.took_place() {
            names.extend(actor::issued_token(act));
        }
        let resource = match (act.namespace, act.name) {
            ("", "") => act.resource.to_owned(),
            ("", name) => format!("{}/{name}", act.resource),
            (namespace, "") => format!("{}/{namespace}", act.resource),
            (namespace, name) => format!("{}/{namespace}/{name}", act.resource),
        };
        let address = act.source.map(|address| address.to_string()).unwrap_or_default();
        if let Some(weak) = weak.filter(|_| told.unusual.is_none()) {
            let evidence =
                Evidence { id: short(act.event.audit_id.text()), is_record: false, place: place.clone() };
            let user = Actor { username: short(act.username()), ..Actor::default() };
            self.add(
                &names,
                part_of_weak(weak, Log::Audit, act.time, evidence, user, &address, &resource),
                tell,
            );
        }
        let parts = told.signals.iter().chain(&paired).map(|signal| part_of(signal, &address, &resource));
        let unusual = told.unusual.map(|signal| part_of_unusual(signal, weak, &address, &resource));
        parts.chain(unusual).for_each(|part| self.add(&names, part, tell));
        paired.into_iter().for_each(tell);
    }

    /// Takes a call to AWS and what was told of it.
    pub(crate) fn cloudtrail(
        &mut self,
        call: &Call<'_>,
        place: &Place,
        told: Told<'_>,
        tell: &mut dyn FnMut(Signal),
    ) {
        let mut paired = Vec::new();
        self.pairs.cloudtrail(call, place, &mut |signal| paired.push(signal));
        let names = actor::of_call(call);
        if let Some(handover) = actor::handover(call) {
            let holders = if handover.for_himself { &names } else { &handover.holders };
            self.bind(holders, &handover.given);
        }
        let weak = if told.signals.is_empty() && call.succeeded { stages::weak_call(call) } else { None };
        let weak = weak.filter(|weak| {
            let key = call.identity().map_or("", |identity| identity.access_key.text());
            !call.is_infrastructure() && self.is_new((call.who(), key, weak.on, weak.call), call.time)
        });
        let address = call.address().map(|address| address.to_string()).unwrap_or_default();
        let resource = format!("{}/{}", call.account, call.service);
        if let Some(weak) = weak.filter(|_| told.unusual.is_none()) {
            let actor = cloudtrail::actor(call);
            let evidence =
                Evidence { id: short(call.record.id.text()), is_record: true, place: place.clone() };
            self.add(
                &names,
                part_of_weak(weak, Log::CloudTrail, call.time, evidence, actor, &address, &resource),
                tell,
            );
        }
        let parts = told.signals.iter().chain(&paired).map(|signal| part_of(signal, &address, &resource));
        let unusual = told.unusual.map(|signal| part_of_unusual(signal, weak, &address, &resource));
        parts.chain(unusual).for_each(|part| self.add(&names, part, tell));
        paired.into_iter().for_each(tell);
    }

    /// Whether somebody's call is not the same as one a little while ago.
    fn is_new(&mut self, call: impl std::hash::Hash, time: Option<i64>) -> bool {
        let last = self.weak.entry(self.hasher.hash_one(call));
        let now = time.unwrap_or_default();
        let is_again = *last != 0 && now.saturating_sub(*last).saturating_abs() < AGAIN;
        if !is_again {
            *last = now;
        }
        !is_again
    }

    fn add(&mut self, names: &[Identity], part: Part, tell: &mut dyn FnMut(Signal)) {
        let Some(id) = self.bind(names, &[]) else { return };
        if self.held >= MAX_PARTS_OF_ALL {
            self.chains.turn();
            self.held = 0;
        }
        let is_young = self.chains.is_young(&id);
        let chain = self.chains.entry(id);
        let before = if is_young { chain.len() } else { 0 };
        chain.add(part, tell);
        self.held = self.held.saturating_add(chain.len().saturating_sub(before));
    }

    /// Makes all names of somebody lead to one chain, and those that he was given.
    fn bind(&mut self, names: &[Identity], given: &[Identity]) -> Option<u64> {
        let principal =
            names.iter().find(|name| matches!(name, Identity::Session(_) | Identity::Principal(_)));
        let principal = principal.map(|name| self.hasher.hash_one(name));
        let mut keys: Vec<u64> = Vec::with_capacity(names.len().saturating_add(given.len()));
        for name in names {
            let key = self.hasher.hash_one(name);
            if let (Identity::AccessKey(_), Some(principal)) = (name, principal) {
                let owner = self.owners.entry(key);
                if *owner != 0 && *owner != principal {
                    continue;
                }
                *owner = principal;
            }
            keys.push(key);
        }
        keys.extend(given.iter().map(|name| self.hasher.hash_one(name)));
        let mut known: Vec<u64> =
            keys.iter().filter_map(|key| self.names.get(key)).copied().filter(|id| *id != 0).collect();
        known.sort_unstable();
        known.dedup();
        if keys.is_empty() {
            return None;
        }
        let id = known.first().copied().unwrap_or_else(|| {
            let id = self.next;
            self.next = id.wrapping_add(1);
            id
        });
        for other in known.into_iter().skip(1) {
            let other = std::mem::take(self.chains.entry(other));
            self.chains.entry(id).join(other);
        }
        for key in keys {
            *self.names.entry(key) = id;
        }
        Some(id)
    }
}

fn part_of(signal: &Signal, address: &str, resource: &str) -> Part {
    Part {
        source: SignalSource::Finding,
        log: if signal.evidence.is_record { Log::CloudTrail } else { Log::Audit },
        name: signal.kind.name.to_owned(),
        severity: Some(signal.severity),
        stage: Stage::of(signal.kind),
        weight: stages::weight(signal.severity),
        time: signal.time,
        evidence: signal.evidence.clone(),
        actor: of_part(&signal.details.actor),
        address: address.to_owned(),
        resource: short(resource),
        is_unusual_only: false,
    }
}

fn of_part(actor: &Actor) -> Actor {
    let mut actor = actor.clone();
    actor.groups.truncate(MAX_GROUPS);
    actor
}

/// What is unusual and nothing else weighs half, or what the call weighs by itself, and can't be what makes a sequence hostile: people do
/// new things.
fn part_of_unusual(signal: &Signal, weak: Option<&Weak>, address: &str, resource: &str) -> Part {
    let part = part_of(signal, address, resource);
    let weight = (part.weight / 2).max(weak.map_or(0, |weak| weak.weight));
    Part { weight, is_unusual_only: true, ..part }
}

fn part_of_weak(
    weak: &Weak,
    log: Log,
    time: Option<i64>,
    evidence: Evidence,
    actor: Actor,
    address: &str,
    resource: &str,
) -> Part {
    let (source, name) = match log {
        Log::CloudTrail => (SignalSource::CloudTrail, format!("{}:{}", weak.on, weak.call)),
        Log::Audit | Log::Both => (SignalSource::AuditLog, format!("{} {}", weak.call, weak.on)),
    };
    Part {
        source,
        log,
        name,
        severity: None,
        stage: Some(weak.stage),
        weight: weak.weight,
        time,
        evidence,
        actor,
        address: address.to_owned(),
        resource: short(resource),
        is_unusual_only: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of many actors with few signals each, and of few with many.
    #[test]
    fn the_signals_of_all_together_are_bounded() {
        let weak = WEAK_REQUESTS.first().unwrap();
        for each in [1, MAX_PARTS_OF_ALL / 100] {
            let mut sequences = Sequences::default();
            for number in 0..3 * MAX_PARTS_OF_ALL {
                let names = [Identity::KubernetesUser((number / each).to_string())];
                let evidence = Evidence {
                    id: number.to_string(),
                    is_record: false,
                    place: Place { file: "audit.log".into(), line: 1 },
                };
                let part = part_of_weak(weak, Log::Audit, None, evidence, Actor::default(), "", "");
                sequences.add(&names, part, &mut |_| {});
            }
            let held: usize = sequences.chains.values().map(Chain::len).sum();
            assert!((1..=2 * MAX_PARTS_OF_ALL).contains(&held), "{held}");
        }
    }
}
