//! Hashes that are the same everywhere, so that baselines of several processes have the same cells and can be merged.
//!
//! Texts are hashed by SipHash-1-3 under a key that is published here. The key is no secret: what resists somebody who makes up
//! names that fall together is that a name's cells depend on all 64 bits, so that he would have to search for them. What is
//! combined of hashes is mixed by a folded multiplication, as wyhash does it.
//!
//! Source: J.-P. Aumasson, D. J. Bernstein, *SipHash: a fast short-input PRF*, 2012.

use siphasher::sip::SipHasher13;

/// The key: the first digits of π's fraction, in hexadecimal.
const KEY: (u64, u64) = (0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344);
/// The digits after them.
const ODD: u64 = 0xa409_3822_299f_31d1;

/// Longest beginning of a text that counts. Names of Kubernetes have 253 bytes at most, user agents are cut here.
const MAX_TEXT: usize = 512;

/// The hash of a text.
pub(super) fn text(text: &str) -> u64 {
    bytes(text.as_bytes())
}

/// The hash of bytes that may be long: those beyond 512 don't count.
pub(super) fn bytes(bytes: &[u8]) -> u64 {
    checksum(bytes.get(..MAX_TEXT).unwrap_or(bytes))
}

/// A checksum of all of some bytes.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    SipHasher13::new_with_keys(KEY.0, KEY.1).hash(bytes)
}

/// One hash of two.
pub(super) fn mix(one: u64, other: u64) -> u64 {
    let product = u128::from(one ^ KEY.0).wrapping_mul(u128::from(other ^ ODD));
    #[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
    let folded = (product as u64) ^ ((product >> 64) as u64);
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files hold cells by these numbers: another hash would make all of them read as noise.
    #[test]
    fn it_stays_what_it_is() {
        assert_eq!(text("kubectl"), text("kubectl"));
        assert_eq!((text("kubectl"), mix(1, 2)), (PINNED_TEXT, PINNED_MIX));
    }

    const PINNED_TEXT: u64 = 5_617_489_962_470_353_641;
    const PINNED_MIX: u64 = 6_623_606_233_309_490_518;
}
