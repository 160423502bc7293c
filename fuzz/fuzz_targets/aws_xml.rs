//! Any bytes as the XML of an answer.
#![no_main]

#[path = "../aws.rs"]
mod aws;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = aws::xml(bytes);
});
