//! Any bytes as an advisory or a CVSS vector.
#![no_main]

#[path = "../advisories.rs"]
mod advisories;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = advisories::record(bytes);
});
