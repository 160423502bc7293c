//! Hashes that are the same everywhere, so that baselines of several processes have the same cells and can be merged.
//!
//! Texts are hashed by SipHash-1-3 under a key that is published here. The key is no secret: what resists somebody who makes up
//! names that fall together is that a name's cells depend on all 64 bits, so that he would have to search for them. What is
//! combined of hashes is mixed by a folded multiplication, as wyhash does it.
//!
//! Source: J.-P. Aumasson, D. J. Bernstein, *SipHash: a fast short-input PRF*, 2012.

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
    siphash::<1, 3>(KEY, bytes.get(..MAX_TEXT).unwrap_or(bytes))
}

/// A checksum of all of some bytes.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    siphash::<1, 3>(KEY, bytes)
}

/// One hash of two.
pub(super) fn mix(one: u64, other: u64) -> u64 {
    let product = u128::from(one ^ KEY.0).wrapping_mul(u128::from(other ^ ODD));
    #[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
    let folded = (product as u64) ^ ((product >> 64) as u64);
    folded
}

fn siphash<const ROUNDS: usize, const LAST: usize>(key: (u64, u64), bytes: &[u8]) -> u64 {
    let mut state = [
        key.0 ^ 0x736f_6d65_7073_6575,
        key.1 ^ 0x646f_7261_6e64_6f6d,
        key.0 ^ 0x6c79_6765_6e65_7261,
        key.1 ^ 0x7465_6462_7974_6573,
    ];
    let (words, rest) = bytes.as_chunks::<8>();
    let mut take = |word: u64| {
        let [_, _, _, last] = &mut state;
        *last ^= word;
        for _ in 0..ROUNDS {
            state = round(state);
        }
        let [first, ..] = &mut state;
        *first ^= word;
    };
    for word in words {
        take(u64::from_le_bytes(*word));
    }
    let length = (bytes.len() as u64) << 56;
    take(rest.iter().rev().fold(0, |word, byte| (word << 8) | u64::from(*byte)) | length);
    let [_, _, third, _] = &mut state;
    *third ^= 0xff;
    for _ in 0..LAST {
        state = round(state);
    }
    let [a, b, c, d] = state;
    a ^ b ^ c ^ d
}

fn round([mut a, mut b, mut c, mut d]: [u64; 4]) -> [u64; 4] {
    a = a.wrapping_add(b);
    b = b.rotate_left(13) ^ a;
    a = a.rotate_left(32);
    c = c.wrapping_add(d);
    d = d.rotate_left(16) ^ c;
    a = a.wrapping_add(d);
    d = d.rotate_left(21) ^ a;
    c = c.wrapping_add(b);
    b = b.rotate_left(17) ^ c;
    c = c.rotate_left(32);
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::Hasher as _;

    #[test]
    fn it_is_siphash() {
        let key = (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908);
        let bytes: Vec<u8> = (0..15).collect();
        // The paper's appendix, and the first vector of its reference code.
        assert_eq!(siphash::<2, 4>(key, &bytes), 0xa129_ca61_49be_45e5);
        assert_eq!(siphash::<2, 4>(key, &[]), 0x726f_db47_dd0e_0e31);
        for length in [0, 1, 7, 8, 9, 100] {
            let bytes: Vec<u8> = (0..length).collect();
            let mut other = std::collections::hash_map::DefaultHasher::new();
            other.write(&bytes);
            assert_eq!(siphash::<1, 3>((0, 0), &bytes), other.finish(), "{length} bytes");
        }
    }

    /// Files hold cells by these numbers: another hash would make all of them read as noise.
    #[test]
    fn it_stays_what_it_is() {
        assert_eq!(text("kubectl"), text("kubectl"));
        assert_eq!((text("kubectl"), mix(1, 2)), (PINNED_TEXT, PINNED_MIX));
    }

    const PINNED_TEXT: u64 = 5_617_489_962_470_353_641;
    const PINNED_MIX: u64 = 6_623_606_233_309_490_518;
}
