//! Any bytes as a manifest of aws-auth and as a file of mappings.
#![no_main]

#[path = "../authn.rs"]
mod authn;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = authn::mappings(bytes);
});
