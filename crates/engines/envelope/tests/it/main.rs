//! What is sealed opens for the key, the purpose and the place it was sealed for, and for nothing else.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod ciphertext;
mod context;
mod corpus;
mod formats;
mod key;
mod keyring;

use std::sync::atomic::{AtomicU64, Ordering};

use ringwall_envelope::{Key, Random, RandomError};
use ringwall_model::Secret;

/// Different bytes each time, the same ones in each run: SplitMix64.
struct Sequence(AtomicU64);

impl Sequence {
    fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Random for Sequence {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        for chunk in bytes.chunks_mut(8) {
            let state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(mixed ^ (mixed >> 31)).to_be_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// Always the bytes it was given, for vectors.
struct Fixed(Vec<u8>);

impl Random for Fixed {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        bytes.copy_from_slice(&self.0);
        Ok(())
    }
}

/// A source that fails, after having written something.
struct Broken;

impl Random for Broken {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        bytes.fill(0);
        Err(RandomError)
    }
}

fn key(byte: u8) -> Key {
    Key::new(Secret::new(vec![byte; 32])).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).unwrap().try_into().unwrap()).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4) | pair[1]).collect()
}

/// Each way to change one bit, to cut the end off, to leave the beginning out, and to add a byte at either end.
fn changes(blob: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut changes = Vec::new();
    for at in 0..blob.len() * 8 {
        let mut changed = blob.to_vec();
        changed[at / 8] ^= 1 << (at % 8);
        changes.push((format!("bit {at}"), changed));
    }
    for length in 0..blob.len() {
        changes.push((format!("cut to {length}"), blob[..length].to_vec()));
        changes.push((format!("the last {length}"), blob[blob.len() - length..].to_vec()));
    }
    for byte in [0, 1, 0xff] {
        changes.push((format!("{byte} after it"), [blob, &[byte]].concat()));
        changes.push((format!("{byte} before it"), [&[byte], blob].concat()));
    }
    changes
}
