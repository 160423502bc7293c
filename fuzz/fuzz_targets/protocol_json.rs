//! Any bytes as the name of an operation and a JSON body.
#![no_main]

#[path = "../protocol.rs"]
mod protocol;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = protocol::json(bytes);
});
