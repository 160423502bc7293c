//! Any bytes as a manifest that is pushed to the registry.
#![no_main]

#[path = "../oci.rs"]
mod oci;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = oci::manifest(bytes);
});
