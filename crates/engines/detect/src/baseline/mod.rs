//! What is usual: of everybody, and of each actor.
//!
//! A baseline counts the hours in which something was seen: an actor at all, a value of a [`Feature`] of an actor, and the same of
//! its peers ([`Peers`]: people, service accounts, Kubernetes itself). All counts decay with a half-life of [`HALF_LIFE`] hours of
//! watching. The score of an act is the sum, over features, of bits:
//!
//! ```text
//! bits(v)     = -log2 p(v);  0 if n_actor(v) >= 2, at most 3 if the actor has shown v at all
//! p(v)        = (n_actor(v) + (1/2 + fresh) * expected(v)) / (hours_actor + 1/2 + fresh)
//! expected(v) = (n_peers(v) + 1/2) / (hours_peers + 1)
//! ```
//!
//! where `fresh` is in how many of its hours the actor showed a value of the feature that it had never shown. A value that no peer
//! ever showed counts as the value "new to all", so that who often brings something new (GitOps with its namespaces, CI with its
//! images) is not unusual for it. Particulars:
//!
//! - The verb is judged among the hours in which the actor, and for `expected` its peers, touched that resource.
//! - A namespace that is new for the actor with that resource has at least the bits of how seldom that happens:
//!   `-log2((1/2 + fresh) / (hours + 1/2 + fresh))`, of the hours in which the actor touched the resource.
//! - Images are compared among all who deploy, and permissions among all who ask, in the hours in which they do.
//! - Of several groups or images the most unusual counts.
//! - A user counts as "new to all" or not at all: to be oneself is not unusual.
//!
//! The present hour does not count, so that all of a burst is judged alike, in whatever order its events come.
//!
//! What one actor can do to it is bounded: it adds one to what peers have shown of a value in an hour, however many events it
//! sends, and teaches at most [`FRESH_AN_HOUR`] values in an hour that it had never shown.

mod calls;
mod clock;
mod features;
mod habits;
mod hash;
mod merge;
mod persist;
pub(crate) mod said;
mod score;
mod sketch;
#[cfg(test)]
mod tests;

pub(crate) use calls::CallFeatures;
pub use features::{Feature, Features, Peers};
pub(crate) use persist::checked;
pub use persist::{MAX_BYTES, NotABaseline, with_checksum};
pub use score::{Judgement, UNUSUAL};

use crate::finding::Term;
use clock::Clock;
use features::{Hashes, network_name};
use hash::{mix, text};
use said::repository;
use score::{KNOWN, Known, counted, expected, is_own};
use sketch::{Decay, Sketch};

/// Hours of watching in which a count halves: two weeks, so that what is done weekly stays known, and what was given up in spring
/// is news in autumn.
pub const HALF_LIFE: usize = 14 * 24;
/// `2^(-1/336)`.
const LEFT_OF_AN_HOUR: f64 = 0.997_939_188_356_834_4;

/// Hours of watching until a baseline is learned: a week, as weeks differ less than days do.
pub const LEARNING_HOURS: u32 = 7 * 24;
/// Hours with events that it takes beside.
const LEARNING_EPOCHS: u32 = 24;

/// Hours of watching until it counts that something is new to all: at first all is.
const SETTLED_HOURS: u32 = 3 * 24;
/// Hours of an actor until it counts as its habit to bring what is new to all.
const SETTLED_HOURS_OF_ACTORS: f32 = 8.0;

/// Most values that an actor can teach in an hour that it had never shown. Who works has tens in the first hour and few later;
/// who makes values up could otherwise fill the sketches, until everything seems known.
pub const FRESH_AN_HOUR: u8 = 64;

/// Below, something counts as never seen: once, four half-lives ago.
const SEEN: f32 = 1.0 / 16.0;

/// Cells of a row of the actors' sketch: 2,000 actors with 40 values each fill six in ten, and then one key in nine shares all
/// of its cells with others. 3 MiB.
const ACTORS_BITS: u32 = 17;
/// Cells of a row of the peers' sketch, for 15,000 values with the same. 1.5 MiB.
const PEERS_BITS: u32 = 15;
/// Actors whose lessons of the present hour are counted apart.
pub(crate) const PUPILS: usize = 4096;

/// Acts of the present hour that are known to be learned. 64 KiB.
const RECENT: usize = 8192;

/// In the place of a value: it was seen at all.
const ANY: u64 = 1;
/// In the place of a value: one that no peer had ever shown.
const NEW: u64 = 2;
/// In the place of a value: one that the actor had never shown.
const FRESH: u64 = 3;
/// In the place of a feature: a namespace, together with a resource.
const NAMESPACE_OF_RESOURCE: u64 = 64;
/// In the place of peers: everybody.
const EVERYBODY: u64 = 64;

/// What is usual in a cluster. Its memory is the same whatever comes.
#[derive(Clone, Debug)]
pub struct Baseline {
    clock: Clock,
    actors: Sketch<()>,
    peers: Sketch<u64>,
    habits: Sketch<()>,
    /// How many fresh values actors have taught in the present hour. No part of a file: who starts anew may teach anew.
    lessons: Box<[u8]>,
    /// What was learned in the present hour, by [`Hashes::all`]: the same again changes nothing, and most is the same again. Not
    /// kept.
    recent: Box<[u64]>,
    /// What is usual in calls to AWS, once there was one: another log, with hours of its own.
    calls: Option<Box<Self>>,
}

impl Default for Baseline {
    fn default() -> Self {
        let hours = Decay::new(LEFT_OF_AN_HOUR, HALF_LIFE);
        Self {
            clock: Clock::default(),
            actors: Sketch::new(ACTORS_BITS, hours.clone()),
            peers: Sketch::new(PEERS_BITS, hours),
            habits: habits::sketch(),
            lessons: vec![0; PUPILS].into(),
            recent: vec![0; RECENT].into(),
            calls: None,
        }
    }
}

/// A value of a feature that an act shows, with the keys of its counts.
struct Shown<'f> {
    feature: Feature,
    /// The value's text.
    name: &'f dyn Fn() -> String,
    of_actor: Keys,
    of_peers: Keys,
    /// The namespace within the resource.
    within: Option<Keys>,
}

/// Where the counts of a value are, and those that it is compared with.
#[derive(Clone, Copy)]
struct Keys {
    value: u64,
    all: u64,
    /// Those of "new to all" and "fresh" are made of it.
    context: u64,
}

impl Keys {
    fn new(who: u64, feature: u64, context: u64, value: u64, all: u64) -> Self {
        let context = mix(mix(who, feature), context);
        Self { value: mix(context, value), all, context }
    }

    fn special(self, value: u64) -> u64 {
        mix(self.context, value)
    }
}

/// The key of an actor's, or all peers', hours.
fn active(who: u64) -> u64 {
    mix(who, ANY)
}

/// The key of a feature's hours.
fn any(who: u64, feature: Feature) -> u64 {
    mix(mix(who, feature.number()), ANY)
}

/// What shows values of features, and by whom.
trait Shows {
    /// The keys of the actor and of its peers.
    fn who(&self) -> (u64, u64);
    fn peers(&self) -> Peers;
    fn actor(&self) -> &str;
    /// The hash of all that it shows.
    fn all(&self) -> u64;
    /// Hands over what it shows, save for the user.
    fn each(&self, show: &mut dyn FnMut(&Shown<'_>));
    /// Hands over what of it is a lesson.
    fn each_lesson(&self, show: &mut dyn FnMut(&Shown<'_>)) {
        self.each(show);
    }
}

impl Shows for Features<'_> {
    fn who(&self) -> (u64, u64) {
        (self.hashes.actor, self.peers as u64)
    }

    fn peers(&self) -> Peers {
        self.peers
    }

    fn actor(&self) -> &str {
        &self.actor
    }

    fn all(&self) -> u64 {
        self.hashes.all
    }

    fn each(&self, show: &mut dyn FnMut(&Shown<'_>)) {
        let (actor, peers) = self.who();
        let simple = |feature: Feature, value: u64| {
            [actor, peers].map(|who| Keys::new(who, feature.number(), 0, value, active(who)))
        };
        let mut tell = |feature, [of_actor, of_peers]: [Keys; 2], within, name: &dyn Fn() -> String| {
            show(&Shown { feature, name, of_actor, of_peers, within });
        };

        for (group, hash) in &self.groups {
            tell(Feature::Group, simple(Feature::Group, *hash), None, &|| (*group).to_owned());
        }

        let Hashes { resource, verb, namespace, network, agent, asked: permission, .. } = self.hashes;
        let of_resource = simple(Feature::Resource, resource);
        tell(Feature::Resource, of_resource, None, &|| self.resource_name());

        let [by_actor, by_peers] = of_resource.map(|keys| keys.value);
        let of_verb = [(actor, by_actor), (peers, by_peers)]
            .map(|(who, all)| Keys::new(who, Feature::Verb.number(), resource, verb, all));
        tell(Feature::Verb, of_verb, None, &|| format!("{} {}", self.verb, self.resource_name()));

        let within = Keys::new(actor, NAMESPACE_OF_RESOURCE, resource, namespace, by_actor);
        tell(Feature::Namespace, simple(Feature::Namespace, namespace), Some(within), &|| {
            if self.namespace.is_empty() { "all, or none" } else { self.namespace }.to_owned()
        });

        tell(Feature::Network, simple(Feature::Network, network), None, &|| network_name(self.network));
        tell(Feature::UserAgent, simple(Feature::UserAgent, agent), None, &|| self.agent.to_owned());

        let at_times = |feature: Feature, peers: u64, value: u64| {
            [actor, peers].map(|who| Keys::new(who, feature.number(), 0, value, any(who, feature)))
        };
        for image in self.images.iter().map(|image| repository(image)) {
            let keys = at_times(Feature::Image, EVERYBODY, text(image));
            tell(Feature::Image, keys, None, &|| image.to_owned());
        }
        if let Some(asked) = &self.asked {
            let keys = at_times(Feature::Permission, peers, permission);
            tell(Feature::Permission, keys, None, &|| format!("{} {}", asked.verb, asked.resource));
        }
    }
}

impl Baseline {
    /// One that knows nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether it was taught for long enough that what it says means something.
    pub fn is_learned(&self) -> bool {
        self.clock.watched >= LEARNING_HOURS && self.clock.epoch > LEARNING_EPOCHS
    }

    /// How unusual an act is. `time` is when it was, in Unix milliseconds.
    pub fn judge(&self, features: &Features<'_>, time: Option<i64>) -> Judgement {
        self.judge_shown(features, time)
    }

    fn judge_shown(&self, features: &impl Shows, time: Option<i64>) -> Judgement {
        let now = self.clock.at(time).epoch;
        let (actor, peers) = features.who();
        let hours = f64::from(self.actors.before(active(actor), now));
        let mut terms: Vec<Term> = Vec::new();
        if hours < f64::from(SEEN) && !is_own(features.peers(), Feature::User, hours) {
            let new = self.peers.before(new_user(peers), now);
            let all = self.peers.before(active(peers), now);
            let bits = -expected(new.into(), all.into()).log2();
            terms.extend(counted(Feature::User, bits).map(|bits| Term {
                feature: Feature::User.name().into(),
                value: features.actor().to_owned(),
                bits,
                seen_of_actor: 0,
                seen_of_all: 0,
            }));
        }
        features.each(&mut |shown| {
            if is_own(features.peers(), shown.feature, hours) {
                return;
            }
            let Some(bits) = counted(shown.feature, self.bits(shown, now)) else { return };
            let term = Term {
                feature: shown.feature.name().into(),
                value: (shown.name)(),
                bits,
                seen_of_actor: whole(self.actors.before(shown.within.unwrap_or(shown.of_actor).value, now)),
                seen_of_all: whole(self.peers.before(shown.of_peers.value, now)),
            };
            // Of several groups or images the most unusual counts.
            match terms.iter_mut().find(|known| known.feature == term.feature) {
                Some(known) if known.bits < term.bits => *known = term,
                Some(_) => {}
                None => terms.push(term),
            }
        });
        terms.sort_by(|one, other| other.bits.total_cmp(&one.bits));
        let bits = terms.iter().map(|term| term.bits).sum();
        Judgement { learned: self.is_learned(), bits, terms }
    }

    fn bits(&self, shown: &Shown<'_>, now: u32) -> f64 {
        let Shown { of_actor, of_peers, .. } = shown;
        let shown_before = self.actors.before(shown.within.unwrap_or(*of_actor).value, now);
        if f64::from(shown_before) >= KNOWN {
            return 0.0;
        }
        let by_peers = self.peers.before(of_peers.value, now);
        let is_new = by_peers < SEEN;
        let by_peers = if is_new { self.peers.before(of_peers.special(NEW), now) } else { by_peers };
        let expected = expected(by_peers.into(), self.peers.before(of_peers.all, now).into());
        let known = |keys: &Keys, value: u64| Known {
            of_actor: self.actors.before(value, now).into(),
            hours_of_actor: self.actors.before(keys.all, now).into(),
            fresh: self.actors.before(keys.special(FRESH), now).into(),
        };
        let value = if is_new { of_actor.special(NEW) } else { of_actor.value };
        let bits = known(of_actor, value).bits(expected);
        match &shown.within {
            Some(within) => known(within, within.value).bits_beside(bits),
            None => bits,
        }
    }

    /// Learns an act. It is judged first.
    pub fn learn(&mut self, features: &Features<'_>, time: Option<i64>) {
        self.learn_shown(features, time);
    }

    fn learn_shown(&mut self, features: &impl Shows, time: Option<i64>) {
        let clock = self.clock.at(time);
        if clock.epoch != self.clock.epoch {
            self.lessons.fill(0);
            self.recent.fill(0);
        }
        self.clock = clock;
        let all = features.all();
        let place = usize::try_from(all % RECENT as u64).unwrap_or(0);
        match self.recent.get_mut(place) {
            Some(known) if *known == all => return,
            Some(known) => *known = all,
            None => {}
        }
        let now = clock.epoch;
        let (actor, peers) = features.who();
        let lane = lane(actor);
        let (hours, _) = self.actors.visit(active(actor), lane, now);
        let is_settled = clock.watched >= SETTLED_HOURS;
        if hours < SEEN && is_settled {
            self.peers.visit(new_user(peers), lane, now);
        }
        let settled = (is_settled, is_settled && hours >= SETTLED_HOURS_OF_ACTORS);
        self.peers.visit(active(peers), lane, now);
        features.each_lesson(&mut |shown| self.learn_one(shown, actor, now, settled));
    }

    fn learn_one(&mut self, shown: &Shown<'_>, actor: u64, now: u32, settled: (bool, bool)) {
        let Shown { of_actor, of_peers, .. } = shown;
        if !self.teach(*of_actor, actor, now) {
            return;
        }
        let lane = lane(actor);
        let (before, _) = self.peers.visit(of_peers.value, lane, now);
        if before < SEEN {
            let (of_cluster, of_both) = settled;
            if of_cluster {
                self.peers.visit(of_peers.special(NEW), lane, now);
            }
            if of_both {
                self.actors.visit(of_actor.special(NEW), lane, now);
            }
        }
        if matches!(shown.feature, Feature::Image | Feature::Permission) {
            self.actors.visit(of_actor.all, lane, now);
            self.peers.visit(of_peers.all, lane, now);
        }
        if let Some(within) = shown.within {
            self.teach(within, actor, now);
        }
    }

    /// What has to be kept beside [`Self::to_bytes`] to go on within the hour.
    pub(crate) fn lessons(&self) -> Vec<(usize, u8)> {
        let calls = self.calls.iter().flat_map(|calls| calls.lessons.iter());
        self.lessons.iter().chain(calls).copied().enumerate().filter(|(_, taught)| *taught > 0).collect()
    }

    /// Takes the lessons that were kept.
    pub(crate) fn set_lessons(&mut self, lessons: &[(usize, u8)]) {
        let calls = self.calls.iter_mut().flat_map(|calls| calls.lessons.iter_mut());
        let mut all: Vec<&mut u8> = self.lessons.iter_mut().chain(calls).collect();
        for (pupil, taught) in lessons {
            if let Some(known) = all.get_mut(*pupil) {
                **known = FRESH_AN_HOUR.min(*taught);
            }
        }
    }

    /// Counts a value of an actor, unless it has taught enough in this hour.
    fn teach(&mut self, keys: Keys, actor: u64, now: u32) -> bool {
        let lane = lane(actor);
        let pupil = usize::try_from(actor % PUPILS as u64).unwrap_or(0);
        let Some(lessons) = self.lessons.get_mut(pupil) else { return false };
        if *lessons >= FRESH_AN_HOUR && self.actors.before(keys.value, now) < SEEN {
            return false;
        }
        let (before, is_first) = self.actors.visit(keys.value, lane, now);
        if is_first && before < SEEN {
            *lessons += 1;
            self.actors.visit(keys.special(FRESH), lane, now);
        }
        true
    }
}

fn new_user(peers: u64) -> u64 {
    mix(mix(peers, Feature::User.number()), NEW)
}

/// Which of 64 lanes an actor counts in among its peers.
fn lane(actor: u64) -> u32 {
    (actor >> 58) as u32
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count of hours is small and not negative"
)]
fn whole(count: f32) -> u64 {
    count.round() as u64
}
