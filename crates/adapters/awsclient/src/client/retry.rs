use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::ErrorKind;

/// How often and how soon a call is tried again.
///
/// Source: AWS, *AWS SDKs and Tools Reference Guide*, "Retry behavior", standard mode: three attempts, exponential back-off
/// with jitter, a quota of retries. The bases are those of the SDK for JavaScript (100 and 500 ms), since a webhook can't
/// wait the second that others begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Attempts in all, the first included.
    pub attempts: u32,
    /// The longest that one attempt takes.
    pub attempt_timeout: Duration,
    /// The longest pause before the first retry; it doubles with each.
    pub base: Duration,
    /// The same after too many calls.
    pub throttled_base: Duration,
    /// The longest pause.
    pub max_pause: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 3,
            attempt_timeout: Duration::from_secs(10),
            base: Duration::from_millis(100),
            throttled_base: Duration::from_millis(500),
            max_pause: Duration::from_secs(20),
        }
    }
}

impl Retry {
    /// One attempt, for callers that retry themselves.
    pub fn never() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// The pause before another attempt, a part of the longest pause as `part` of `u32::MAX` is.
    pub(super) fn pause(&self, kind: ErrorKind, failed: u32, part: u32) -> Duration {
        let base = if kind == ErrorKind::Throttled { self.throttled_base } else { self.base };
        let doubled = 2_u32.saturating_pow(failed.saturating_sub(1));
        let longest = base.saturating_mul(doubled).min(self.max_pause);
        longest.mul_f64(f64::from(part) / f64::from(u32::MAX))
    }
}

/// How many retries all calls of a client have together, so that a service that is down isn't asked thrice as often as one
/// that is up.
///
/// Source: the standard retry mode: 500 tokens, of which a retry takes 5, and a call that succeeds gives back what it took,
/// or 1.
#[derive(Debug)]
pub(super) struct Quota(Mutex<u32>);

const FULL: u32 = 500;
const RETRY_COST: u32 = 5;

impl Default for Quota {
    fn default() -> Self {
        Self(Mutex::new(FULL))
    }
}

impl Quota {
    /// Takes what a retry costs, if there is so much.
    pub(super) fn take(&self) -> bool {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match left.checked_sub(RETRY_COST) {
            Some(rest) => {
                *left = rest;
                true
            }
            None => false,
        }
    }

    /// Gives back what a call that succeeded took.
    pub(super) fn give(&self, retries: u32) {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *left = left.saturating_add(retries.saturating_mul(RETRY_COST).max(1)).min(FULL);
    }
}

/// A random number. If the system has no randomness to give, no jitter is the least of its troubles.
pub(super) fn random() -> u32 {
    let mut bytes = [0xff; 4];
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    u32::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_the_longest() {
        let retry = Retry { max_pause: Duration::from_millis(350), ..Retry::default() };
        let longest = |failed| retry.pause(ErrorKind::Unavailable, failed, u32::MAX).as_millis();
        assert_eq!([longest(1), longest(2), longest(3), longest(99)], [100, 200, 350, 350]);
        assert_eq!(retry.pause(ErrorKind::Throttled, 1, u32::MAX).as_millis(), 350);
        assert_eq!(retry.pause(ErrorKind::Unavailable, 1, 0), Duration::ZERO);
    }

    #[test]
    fn retries_end_when_nothing_succeeds() {
        let quota = Quota::default();
        assert_eq!((0..1000).filter(|_| quota.take()).count(), 100);
        quota.give(0);
        assert!(!quota.take());
        quota.give(1);
        assert!(quota.take() && !quota.take());
        quota.give(10_000);
        assert_eq!((0..1000).filter(|_| quota.take()).count(), 100);
    }
}
