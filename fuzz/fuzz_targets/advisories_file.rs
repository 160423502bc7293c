//! Any bytes as a file of advisories.
#![no_main]

#[path = "../advisories.rs"]
mod advisories;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = advisories::database(bytes);
});
