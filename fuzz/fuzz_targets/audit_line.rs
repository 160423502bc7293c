//! Any bytes as lines of an audit log, with all rules on.
#![no_main]

#[path = "../detect.rs"]
#[allow(dead_code, reason = "each fuzz target calls a part of it")]
mod detect;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| drop(detect::line(bytes)));
