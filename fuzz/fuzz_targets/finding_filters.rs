//! Any bytes as filters of findings.
#![no_main]

#[path = "../filters.rs"]
mod filters;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| drop(filters::filters(bytes)));
