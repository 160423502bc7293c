//! Any bytes as a list of addresses.
#![no_main]

#[path = "../detect.rs"]
#[allow(dead_code, reason = "each fuzz target calls a part of it")]
mod detect;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| drop(detect::list(bytes)));
