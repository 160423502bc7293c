//! Any bytes as a file of an audit log or of CloudTrail.
#![no_main]

#[path = "../logs.rs"]
mod logs;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = logs::read(bytes);
});
