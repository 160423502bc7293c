//! Randomness, from the operating system by way of `aws-lc-rs`.

use std::time::Duration;

use aws_lc_rs::rand;
use ringwall_model::Secret;

/// Bytes that nobody knows; `None` if the operating system gives none.
pub(crate) fn bytes(length: usize) -> Option<Secret> {
    let mut bytes = vec![0; length];
    rand::fill(&mut bytes).ok()?;
    Some(Secret::new(bytes))
}

/// A time up to a tenth shorter or longer, so that many don't ask at once.
pub(crate) fn jittered(time: Duration) -> Duration {
    let mut byte = [128];
    // Without randomness the middle is as good.
    let _ = rand::fill(&mut byte);
    let share = byte.first().copied().map_or(0.5, |byte| f64::from(byte) / 255.0);
    time.mul_f64(0.9 + 0.2 * share)
}
