//! Any bytes as a baseline.
#![no_main]

#[path = "../baseline.rs"]
mod baseline;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = baseline::baseline(bytes);
});
