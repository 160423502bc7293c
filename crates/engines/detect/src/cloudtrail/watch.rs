//! What is remembered of CloudTrail from one record to the next.

use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::HashSet;
use serde::{Deserialize, Serialize};

use super::call::{Call, Caller};
use super::rules;
use super::whereabouts::Whereabouts;
use crate::finding::{Place, Signal};
use crate::intel::Intel;
use crate::keep::at_most;
use crate::keyed::Keyed;
use crate::recent::Recent;

/// Clusters whose makers are remembered: more than an organisation makes in the hour for which it matters.
const MAX_CLUSTERS: usize = 10_000;
/// Keys of KMS that clusters are known to use.
const MAX_KEYS: usize = 10_000;
/// Buckets of trails that are remembered: more than an account makes in its life. A region has five trails.
const MAX_TRAILS: usize = 1000;
/// Longest name of a bucket. Source: Amazon S3 User Guide, *General purpose bucket naming rules*.
const MAX_BUCKET: usize = 63;
/// Longest ARN of a key that is remembered. Source: AWS IAM User Guide, *IAM and AWS STS quotas*: an ARN has 2,048 characters at most.
const MAX_ARN: usize = 2048;
/// People whose sign-ins are remembered.
const MAX_PEOPLE: usize = 50_000;
/// For how long whoever made a cluster sets it up, in milliseconds: a cluster takes ten minutes to come up, node groups and the
/// rest as long again.
const SET_UP: i64 = 3_600_000;
/// Within which sign-ins from several networks are at the same time, in milliseconds.
const AT_ONCE: i64 = 3_600_000;
/// Sign-ins that are remembered of a person.
const MAX_SIGN_INS: usize = 16;

/// State of the rules.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Watch {
    hasher: Keyed,
    #[serde(skip)]
    pub(super) intel: Arc<Intel>,
    pub(super) whereabouts: Whereabouts,
    /// Cluster to its maker and when.
    made: Recent<u64, Option<(u64, i64)>, MAX_CLUSTERS>,
    /// ARNs of keys that clusters seal their Secrets with.
    keys: BTreeSet<String>,
    /// Buckets that trails were told to write to.
    trails: BTreeSet<String>,
    sign_ins: Recent<u64, SignIns, MAX_PEOPLE>,
}

/// When and from where somebody signed in.
#[derive(Debug, Default, Serialize, Deserialize)]
struct SignIns(#[serde(deserialize_with = "at_most::<MAX_SIGN_INS, _, _>")] Vec<(i64, IpAddr)>);

impl Watch {
    pub(crate) fn new(hasher: Keyed) -> Self {
        Self { hasher, whereabouts: Whereabouts::new(hasher), ..Self::default() }
    }

    /// Takes what is known of addresses.
    pub(crate) fn set_intel(&mut self, intel: Arc<Intel>) {
        self.intel = intel;
    }

    /// Looks at a call.
    pub(crate) fn look(&mut self, call: &Call<'_>, place: &Place, tell: &mut dyn FnMut(Signal)) {
        rules::look(self, call, place, tell);
    }

    /// Remembers who made a cluster.
    pub(super) fn cluster_made(&mut self, call: &Call<'_>, cluster: &str) {
        let (key, maker) = (self.cluster(call, cluster), self.actor(call));
        *self.made.entry(key) = call.time.map(|time| (maker, time));
    }

    /// Whether a cluster was made by the same caller not long ago, who sets it up.
    pub(super) fn is_set_up(&self, call: &Call<'_>, cluster: &str) -> bool {
        let Some(Some((maker, time))) = self.made.get(&self.cluster(call, cluster)) else { return false };
        *maker == self.actor(call)
            && call.time.is_some_and(|now| (0..=SET_UP).contains(&now.saturating_sub(*time)))
    }

    /// Remembers that a cluster seals its Secrets with a key.
    pub(super) fn key_used(&mut self, arn: &str) {
        if !arn.is_empty() && arn.len() <= MAX_ARN && self.keys.len() < MAX_KEYS && !self.keys.contains(arn) {
            self.keys.insert(arn.to_owned());
        }
    }

    /// Whether a cluster is known to seal its Secrets with a key, named by its ARN or id.
    pub(super) fn is_key_used(&self, key: &str) -> bool {
        self.keys.contains(key)
            || (!key.starts_with("arn:") && self.keys.iter().any(|arn| arn.rsplit('/').next() == Some(key)))
    }

    /// Remembers to which bucket a trail writes.
    pub(super) fn trail_writes_to(&mut self, bucket: &str) {
        if !bucket.is_empty() && bucket.len() <= MAX_BUCKET && self.trails.len() < MAX_TRAILS {
            self.trails.insert(bucket.to_owned());
        }
    }

    /// Whether a trail is known to write to a bucket.
    pub(super) fn has_trail(&self, bucket: &str) -> bool {
        self.trails.contains(bucket)
    }

    /// From how many networks somebody signed in lately, this time included.
    pub(super) fn signed_in(&mut self, call: &Call<'_>, address: IpAddr) -> usize {
        let Some(now) = call.time else { return 1 };
        let key = self.hasher.hash_one(("sign-in", call.who()));
        let SignIns(seen) = self.sign_ins.entry(key);
        seen.retain(|(time, _)| now.saturating_sub(*time).saturating_abs() <= AT_ONCE);
        if seen.len() < MAX_SIGN_INS {
            seen.push((now, address));
        }
        let networks: HashSet<u64> = seen.iter().map(|(_, address)| network(*address)).collect();
        networks.len()
    }

    fn cluster(&self, call: &Call<'_>, cluster: &str) -> u64 {
        self.hasher.hash_one((call.account, call.record.region.text(), cluster))
    }

    /// The role or user, and of people who share a role the session: whoever sets a cluster up may come back in a new session of
    /// the same name.
    fn actor(&self, call: &Call<'_>) -> u64 {
        let session = if let Caller::Session { name, .. } = call.caller { name } else { "" };
        self.hasher.hash_one((call.principal(), session))
    }
}

/// Addresses of one provider in one town as a rule: /16 of IPv4, /32 of IPv6.
fn network(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(address) => u64::from(address.to_bits() >> 16),
        IpAddr::V6(address) => (1 << 63) | u64::try_from(address.to_bits() >> 96).unwrap_or_default(),
    }
}
