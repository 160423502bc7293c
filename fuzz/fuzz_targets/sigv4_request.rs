//! Any bytes as a request with a signature.
#![no_main]

#[path = "../sigv4.rs"]
mod sigv4;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = sigv4::request(bytes);
});
