//! Any bytes as the copy of a cluster's access entries.
#![no_main]

#[path = "../authn.rs"]
mod authn;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = authn::access_entries(bytes);
});
