//! Any bytes as manifests of service accounts.
#![no_main]

#[path = "../identity.rs"]
mod identity;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = identity::manifests(bytes);
});
