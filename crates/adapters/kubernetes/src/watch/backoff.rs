use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

/// After the first failure; soon, since an apiserver that restarts is back in a second or two.
const FIRST: Duration = Duration::from_millis(200);

/// At most: what a change of the cluster may be late after an apiserver comes back.
const MOST: Duration = Duration::from_secs(30);

/// How long to wait after so many failures in a row: doubling, and each time anywhere between half of it and all, so that
/// many that lost the same apiserver don't come back at once.
pub(super) fn delay(failures: u32) -> Duration {
    let doubled = FIRST.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1))).min(MOST);
    spread(doubled)
}

/// Anywhere between half of a duration and all of it.
pub(super) fn spread(most: Duration) -> Duration {
    // The standard library's only randomness, which is enough for this.
    let random = RandomState::new().hash_one(0_u8) % 1_000;
    let half = most / 2;
    half + half.mul_f64(random as f64 / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_a_limit() {
        for (failures, most) in [(1, FIRST), (2, FIRST * 2), (4, FIRST * 8), (20, MOST), (u32::MAX, MOST)] {
            for _ in 0..100 {
                let delay = delay(failures);
                assert!(delay >= most / 2 && delay <= most, "{failures}: {delay:?}");
            }
        }
    }
}
