//! Any bytes as a token for a cluster.
#![no_main]

#[path = "../token.rs"]
mod token;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = token::read(bytes);
});
