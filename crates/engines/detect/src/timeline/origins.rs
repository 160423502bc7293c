//! Where somebody's credentials came from.

use std::collections::BTreeSet;

use super::links::{Identities, Link, Why};
use super::story::Known;
use crate::actor::Identity;

/// Most of them that are told. Credentials are made of others a few times; more is a service account of many pods.
const MAX_ORIGINS: usize = 32;

/// How many steps back are gone, each through all links. Roles are chained a few times.
const MAX_STEPS: usize = 32;

/// Those who gave those who were asked for their credentials, and who gave them theirs: the first one first. Each with the link
/// that leads from it.
pub(super) fn of(identities: &Identities, known: &[Known]) -> Vec<(Identity, Link)> {
    let roots = known.iter().filter(|known| known.through.is_none());
    let mut owned: BTreeSet<Identity> = roots.map(|known| known.identity.clone()).collect();
    let mut origins = Vec::new();
    // Keys that several use, and sessions whose name several have.
    let keys = identities.keys();
    let is_several = |name: &Identity| match name {
        Identity::AccessKey(key) => identities.owners.get(key).is_some_and(|owners| owners.len() > 1),
        name => keys.contains_key(name),
    };
    for _ in 0..MAX_STEPS {
        let mut peers = Vec::new();
        let mut givers = BTreeSet::new();
        for (from, to, why) in identities.all() {
            // Whoever shares a record is the same, unless it is a key that several use.
            let is_peer = why == Why::SameCaller && !is_several(from) && !is_several(to);
            if is_peer && owned.contains(from) && !owned.contains(to) {
                peers.push(to.clone());
            } else if why.gives() && owned.contains(to) && !owned.contains(from) && !is_several(from) {
                givers.insert(from.clone());
            }
        }
        if (peers.is_empty() && givers.is_empty()) || origins.len() >= MAX_ORIGINS {
            break;
        }
        for giver in givers.iter().take(MAX_ORIGINS) {
            let given = identities.of(giver).find(|link| link.why.gives() && owned.contains(&link.to));
            // Key and session are names of one in one event.
            let is_told =
                |link: &Link| origins.iter().any(|(_, told): &(_, Link)| told.evidence == link.evidence);
            if let Some(link) = given.filter(|link| !is_told(link)) {
                origins.push((giver.clone(), link));
            }
        }
        owned.extend(peers.into_iter().chain(givers));
    }
    origins.truncate(MAX_ORIGINS);
    origins.reverse();
    origins
}
