//! Hashes under a key.

use std::fmt;
use std::hash::BuildHasher;

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

/// The key of what is hashed. It goes with what was remembered by it: under another one nothing of that would be found again.
///
/// Whoever knows the key can look for two requests with the same hash, of which the second would then count as a repetition of the
/// first. So a service draws one of its own, and it is not shown.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Keyed(u64, u64);

impl Keyed {
    pub(crate) fn new(key: [u8; 16]) -> Self {
        let key = u128::from_le_bytes(key);
        #[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
        let halves = Self(key as u64, (key >> 64) as u64);
        halves
    }
}

impl BuildHasher for Keyed {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> Self::Hasher {
        SipHasher13::new_with_keys(self.0, self.1)
    }
}

impl fmt::Debug for Keyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyed")
    }
}
