//! Any bytes as what a client of the registry sends ahead of a body.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        ringwall_registry_service::fuzz::request(text);
    }
});
