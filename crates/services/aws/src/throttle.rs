//! How many calls an account may make to a service in a second.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Most buckets that are kept. One that is full again is dropped first, since a new one would be the same.
const MAX_BUCKETS: usize = 10_000;

/// What a bucket holds, in thousandths of a call, so that a millisecond's share of a slow rate counts.
const WHOLE: u64 = 1000;

/// Token buckets: each account has one for each service, filled at `rate` and never above `burst`.
///
/// Source: AWS, *Amazon EC2 API Reference*, "Request throttling": token buckets by account and Region.
#[derive(Debug)]
pub(crate) struct Throttle {
    /// Calls a second; 0 for no limit.
    rate: u64,
    /// Calls at once.
    burst: u64,
    buckets: Mutex<HashMap<(String, &'static str), Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Thousandths of a call that are left.
    left: u64,
    /// Milliseconds since 1970 when that was true.
    at: i64,
}

impl Throttle {
    pub(crate) fn new(rate: u64, burst: u64) -> Self {
        Self { rate, burst: burst.max(rate).max(1), buckets: Mutex::default() }
    }

    /// Takes a call out of the bucket, if there is one left.
    pub(crate) fn take(&self, account: &str, service: &'static str, now: i64) -> bool {
        if self.rate == 0 {
            return true;
        }
        let full = self.burst.saturating_mul(WHOLE);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_BUCKETS {
            buckets.retain(|_, bucket| self.filled(*bucket, now) < full);
        }
        let bucket = buckets.entry((account.to_owned(), service)).or_insert(Bucket { left: full, at: now });
        let left = self.filled(*bucket, now);
        let taken = left.checked_sub(WHOLE);
        *bucket = Bucket { left: taken.unwrap_or(left), at: now.max(bucket.at) };
        taken.is_some()
    }

    fn filled(&self, bucket: Bucket, now: i64) -> u64 {
        // A clock that goes back adds nothing.
        let passed = u64::try_from(now.saturating_sub(bucket.at)).unwrap_or(0);
        let full = self.burst.saturating_mul(WHOLE);
        // A thousandth of a call in a millisecond for each call in a second.
        bucket.left.saturating_add(passed.saturating_mul(self.rate)).min(full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills() {
        let throttle = Throttle::new(2, 3);
        let take = |now| throttle.take("111122223333", "sts", now);
        assert_eq!([take(0), take(0), take(0), take(0)], [true, true, true, false]);
        assert!(!take(499));
        assert!(take(500));
        assert!(!take(500));
        assert!(!take(-10_000), "a clock that goes back adds nothing");
        assert!(throttle.take("444455556666", "sts", 500), "another account has its own");
        assert!(throttle.take("111122223333", "iam", 500), "another service too");
        assert!((0..1000).all(|_| Throttle::new(0, 0).take("111122223333", "sts", 0)));
    }
}
