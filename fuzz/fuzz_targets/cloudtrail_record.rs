//! Any bytes as CloudTrail's records, in each form that they come in.
#![no_main]

#[path = "../trail.rs"]
mod trail;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = trail::read(bytes);
});
