//! Any bytes as one of a registry's rules.
#![no_main]

#[path = "../registry.rs"]
mod registry;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = registry::rules(bytes);
});
