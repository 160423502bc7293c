//! What baselines look at in a call to AWS.

use std::borrow::Cow;
use std::net::IpAddr;

use super::features::{network, network_hash, network_name, without_session};
use super::hash::{mix, text};
use super::score::KNOWN;
use super::{Baseline, Feature, Judgement, Keys, Peers, Shown, Shows, active};
use crate::cloudtrail::{Call, Caller};

/// What a call shows of each feature.
#[derive(Debug)]
pub(crate) struct CallFeatures<'r> {
    peers: Peers,
    /// The user or role; of people who share a role the session.
    pub(crate) actor: Cow<'r, str>,
    service: &'r str,
    action: &'r str,
    region: &'r str,
    agent: &'r str,
    error: &'r str,
    network: Option<IpAddr>,
    /// Whether it was refused: then that it was is all that is learned. Where it came from is no custom of anybody's.
    is_denied: bool,
    hashes: Hashes,
}

/// The hashes of values, made once.
#[derive(Clone, Copy, Debug, Default)]
struct Hashes {
    actor: u64,
    service: u64,
    action: u64,
    region: u64,
    agent: u64,
    error: u64,
    network: u64,
}

impl<'r> CallFeatures<'r> {
    /// Of a call.
    pub(crate) fn of(call: &Call<'r>) -> Self {
        let actor = match call.caller {
            Caller::Session { .. } => without_session(call.who()),
            _ => Cow::Borrowed(call.who()),
        };
        // What machines do is alike from day to day, and what people do is not.
        let is_machine = matches!(call.caller, Caller::Session { .. } | Caller::WebIdentity(_))
            && actor.ends_with("/*")
            || call.identity().is_some_and(|identity| identity.in_scope_of.get().is_some());
        let address = call.address().map(network);
        let (service, action, region) = (call.service, call.action, call.record.region.text());
        let (agent, error) = (call.agent_family(), call.record.error_code.text());
        let part = |part: &str| if part.is_empty() { 0 } else { text(part) };
        let hashes = Hashes {
            actor: text(&actor),
            service: text(service),
            action: text(action),
            region: part(region),
            agent: part(agent),
            error: part(error),
            network: network_hash(address),
        };
        Self {
            peers: if is_machine { Peers::ServiceAccounts } else { Peers::Users },
            actor,
            service,
            action,
            region,
            agent,
            error,
            network: address,
            is_denied: call.was_denied(),
            hashes,
        }
    }

    fn simple(&self, feature: Feature, value: u64) -> [Keys; 2] {
        let (actor, peers) = self.who();
        [actor, peers].map(|who| Keys::new(who, feature.number(), 0, value, active(who)))
    }

    fn error_keys(&self) -> [Keys; 2] {
        self.simple(Feature::ErrorCode, mix(self.hashes.action, self.hashes.error))
    }

    fn show(&self, is_refusal: bool, show: &mut dyn FnMut(&Shown<'_>)) {
        let mut tell = |feature, [of_actor, of_peers]: [Keys; 2], name: &dyn Fn() -> String| {
            show(&Shown { feature, name, of_actor, of_peers, within: None });
        };
        let (actor, peers) = self.who();
        let Hashes { service, action, region, agent, error, network, .. } = self.hashes;
        if error != 0 {
            tell(Feature::ErrorCode, self.error_keys(), &|| format!("{} of {}", self.error, self.action));
        }
        if is_refusal {
            return;
        }
        let of_service = self.simple(Feature::Service, service);
        tell(Feature::Service, of_service, &|| self.service.to_owned());
        let [by_actor, by_peers] = of_service.map(|keys| keys.value);
        let of_action = [(actor, by_actor), (peers, by_peers)]
            .map(|(who, all)| Keys::new(who, Feature::Api.number(), service, action, all));
        tell(Feature::Api, of_action, &|| format!("{}:{}", self.service, self.action));
        tell(Feature::Region, self.simple(Feature::Region, region), &|| self.region.to_owned());
        tell(Feature::Network, self.simple(Feature::Network, network), &|| network_name(self.network));
        tell(Feature::UserAgent, self.simple(Feature::UserAgent, agent), &|| self.agent.to_owned());
    }
}

impl Shows for CallFeatures<'_> {
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
        let Hashes { service, action, region, agent, error, network, actor } = self.hashes;
        [service, action, region, agent, error, network].into_iter().fold(actor, mix)
    }

    fn each(&self, show: &mut dyn FnMut(&Shown<'_>)) {
        self.show(false, show);
    }

    fn each_lesson(&self, show: &mut dyn FnMut(&Shown<'_>)) {
        self.show(self.is_denied, show);
    }
}

impl Baseline {
    /// How unusual a call to AWS is. `time` is when it was, in Unix milliseconds. What is refused to somebody hour by hour is not: nothing
    /// else of it is ever learned.
    pub(crate) fn judge_call(&self, features: &CallFeatures<'_>, time: Option<i64>) -> Judgement {
        let Some(calls) = &self.calls else { return Judgement::default() };
        let [refused, _] = features.error_keys();
        let now = calls.clock.at(time).epoch;
        if features.is_denied && f64::from(calls.actors.before(refused.value, now)) >= KNOWN {
            return Judgement::default();
        }
        calls.judge_shown(features, time)
    }

    /// Learns a call to AWS. It is judged first.
    pub(crate) fn learn_call(&mut self, features: &CallFeatures<'_>, time: Option<i64>) {
        self.calls.get_or_insert_default().learn_shown(features, time);
    }
}
