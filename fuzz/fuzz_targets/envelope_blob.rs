//! Any bytes as a sealed blob of each kind.
#![no_main]

#[path = "../envelope.rs"]
mod envelope;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = envelope::blob(bytes);
});
