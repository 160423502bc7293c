//! Which events were judged already.

use std::hash::BuildHasher;

use hashbrown::HashSet;
use serde::{Deserialize, Serialize};

use crate::audit::Event;
use crate::cloudtrail::Record;
use crate::keep::numbers;
use crate::keyed::Keyed;

/// Events that are remembered, at most twice as many: some minutes of a busy fleet. What comes again later counts again.
const REMEMBERED: usize = 1 << 20;

/// Events that came, each as one number, in two generations: when the younger is full, the older goes.
///
/// The apiserver sends a batch again if it is not sure that it came, several apiservers and several readers may have the same
/// event, and a request has several stages. The `auditID` does not tell them apart by itself, since a client may choose it (header
/// `Audit-ID`): who gives all requests the same would be seen once. So the request and its time count as well.
///
/// Source: Kubernetes v1.37, `staging/src/k8s.io/apiserver/pkg/endpoints/filters/audit_init.go`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    hasher: Keyed,
    #[serde(
        serialize_with = "numbers::serialize",
        deserialize_with = "numbers::deserialize::<REMEMBERED, _>"
    )]
    young: HashSet<u64>,
    #[serde(
        serialize_with = "numbers::serialize",
        deserialize_with = "numbers::deserialize::<REMEMBERED, _>"
    )]
    old: HashSet<u64>,
}

impl Seen {
    pub(crate) fn new(hasher: Keyed) -> Self {
        Self { hasher, ..Self::default() }
    }

    /// Whether an event's request is new; from then on it is not.
    pub(crate) fn is_new(&mut self, event: &Event<'_>) -> bool {
        let id = event.audit_id.text();
        if id.is_empty() {
            return true;
        }
        let user = event.user.get().map_or("", |user| user.username.text());
        let request = (id, event.received.text(), event.request_uri.text(), event.verb.text(), user);
        self.insert(self.hasher.hash_one(request))
    }

    /// Whether a record is new; from then on it is not. Its id is AWS's, not the client's; the time is added for logs that were
    /// put together by hand.
    pub(crate) fn is_new_record(&mut self, record: &Record<'_>) -> bool {
        let id = record.id.text();
        id.is_empty() || self.insert(self.hasher.hash_one((id, record.time.text(), record.recipient.text())))
    }

    fn insert(&mut self, request: u64) -> bool {
        if self.old.contains(&request) || !self.young.insert(request) {
            return false;
        }
        if self.young.len() >= REMEMBERED {
            self.old = std::mem::take(&mut self.young);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_is_known_for_a_while() {
        let mut seen = Seen::default();
        let count = REMEMBERED as u64;
        assert!((0..count).all(|number| seen.insert(number)));
        assert!((0..count).all(|number| !seen.insert(number)));
        assert!((count..3 * count).all(|number| seen.insert(number)));
        assert!(seen.insert(0), "it is forgotten");
        assert!(seen.young.len() + seen.old.len() <= 2 * REMEMBERED);
    }
}
