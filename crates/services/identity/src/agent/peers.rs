//! How many requests a pod may make.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Requests a second that an address may make. An SDK asks once when it starts and once an hour; a pod that runs many
/// short programs asks some tens of times.
pub const REQUESTS_A_SECOND: u32 = 50;

/// Requests that it may make at once, before the rate counts.
pub const REQUESTS_AT_ONCE: u32 = 200;

/// Addresses that are known at once: a node has some hundred pods. Those beyond share one allowance.
const MAX_PEERS: usize = 4096;

/// What a bucket holds, in thousandths of a request, so that a millisecond's share of the rate counts.
const WHOLE: u64 = 1000;

/// A token bucket for each address.
#[derive(Debug)]
pub(super) struct Peers {
    rate: u64,
    full: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    buckets: HashMap<IpAddr, Bucket>,
    /// Of all that find no place.
    rest: Bucket,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Thousandths of a request that are left.
    left: u64,
    /// Milliseconds since 1970 when that was so.
    at: i64,
}

impl Peers {
    pub(super) fn new(rate: u32, burst: u32) -> Self {
        let full = u64::from(burst.max(1)) * WHOLE;
        let state = State { buckets: HashMap::new(), rest: Bucket { left: full, at: i64::MIN } };
        Self { rate: u64::from(rate), full, state: Mutex::new(state) }
    }

    /// Takes a request out of an address's bucket, if one is left. `now` is in milliseconds since 1970.
    pub(super) fn take(&self, peer: IpAddr, now: i64) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.buckets.len() >= MAX_PEERS && !state.buckets.contains_key(&peer) {
            // One that is full again is like a new one.
            state.buckets.retain(|_, bucket| self.filled(*bucket, now) < self.full);
        }
        let bucket = if state.buckets.len() < MAX_PEERS || state.buckets.contains_key(&peer) {
            state.buckets.entry(peer).or_insert(Bucket { left: self.full, at: now })
        } else {
            &mut state.rest
        };
        let left = self.filled(*bucket, now);
        let taken = left.checked_sub(WHOLE);
        *bucket = Bucket { left: taken.unwrap_or(left), at: now };
        taken.is_some()
    }

    fn filled(&self, bucket: Bucket, now: i64) -> u64 {
        // A clock that is put back adds nothing.
        let passed = u64::try_from(now.saturating_sub(bucket.at)).unwrap_or(0);
        bucket.left.saturating_add(passed.saturating_mul(self.rate)).min(self.full)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn peer(n: u32) -> IpAddr {
        Ipv4Addr::from_bits(n).into()
    }

    #[test]
    fn an_address_has_its_own_allowance() {
        let peers = Peers::new(2, 3);
        let taken = |n, now| (0..10).filter(|_| peers.take(peer(n), now)).count();
        assert_eq!((taken(1, 0), taken(2, 0)), (3, 3));
        assert_eq!((taken(1, 500), taken(1, 500)), (1, 0));
        assert_eq!(taken(1, 100_000), 3);
        // A clock that is put back gives nothing, and goes on from there.
        assert_eq!((taken(1, 1000), taken(1, 1500)), (0, 1));
    }

    #[test]
    fn what_is_known_has_an_end() {
        let peers = Peers::new(1, 1);
        let most = u32::try_from(MAX_PEERS).unwrap();
        assert!((0..most).all(|n| peers.take(peer(n), 0)));
        assert!(peers.take(peer(most), 0));
        assert!(!peers.take(peer(most + 1), 0), "those beyond share one");
        assert!(!peers.take(peer(0), 0), "the others keep theirs");
        assert_eq!(peers.state.lock().unwrap().buckets.len(), MAX_PEERS);
        assert!(peers.take(peer(most + 1), 1000));
        assert_eq!(peers.state.lock().unwrap().buckets.len(), 1);
    }
}
