//! Any bytes as a batch of the audit webhook that is too long for a message.
#![no_main]

#[path = "../stream.rs"]
mod stream;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = stream::read(bytes);
});
