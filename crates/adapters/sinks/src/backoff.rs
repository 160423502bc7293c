use std::time::Duration;

use crate::Again;

/// The longest that a receiver's `Retry-After` is heeded: what says more may be wrong, and findings wait.
const MAX_AFTER: Duration = Duration::from_secs(3600);

/// How long to wait before a delivery is tried again: doubling with each failure in a row, and each time anywhere between half of it
/// and all, so that those who lost the same receiver don't come back at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// After the first failure.
    pub first: Duration,
    /// At most; and at once where trying again does not help by itself.
    pub most: Duration,
}

impl Default for Backoff {
    /// A second, and five minutes: a receiver that restarts is back within seconds, and one that is down for a day need not be asked
    /// more often than its operator would look.
    fn default() -> Self {
        Self { first: Duration::from_secs(1), most: Duration::from_secs(300) }
    }
}

impl Backoff {
    /// How long to wait after so many failures in a row, of which the last was this. `random` is any number, a new one each time.
    pub fn delay(&self, failures: u32, again: &Again, random: u32) -> Duration {
        let (doubled, least) = match again {
            Again::Refused => (self.most, Duration::ZERO),
            Again::Retry { after } => {
                let doubled = self.first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1)));
                (doubled.min(self.most), after.unwrap_or_default().min(MAX_AFTER))
            }
        };
        let half = doubled / 2;
        let part = f64::from(random) / f64::from(u32::MAX);
        (half + half.mul_f64(part)).max(least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_a_limit_and_heeds_the_receiver() {
        let backoff = Backoff::default();
        let retry = Again::Retry { after: None };
        let longest = |failures| backoff.delay(failures, &retry, u32::MAX).as_secs();
        assert_eq!([0, 1, 2, 3, 9, 10, 99, u32::MAX].map(longest), [1, 1, 2, 4, 256, 300, 300, 300]);
        assert_eq!(backoff.delay(3, &retry, 0), Duration::from_secs(2));
        assert_eq!(backoff.delay(1, &Again::Refused, 0), Duration::from_secs(150));
        let told = |seconds| Again::Retry { after: Some(Duration::from_secs(seconds)) };
        assert_eq!(backoff.delay(1, &told(60), 0), Duration::from_secs(60));
        assert_eq!(backoff.delay(1, &told(1_000_000), 0), MAX_AFTER);
        assert_eq!(backoff.delay(9, &told(60), u32::MAX), Duration::from_secs(256));
    }
}
