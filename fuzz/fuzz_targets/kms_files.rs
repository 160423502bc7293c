//! Any bytes as a keyring's file, a rotation's state, and the text of a backend.
#![no_main]

#[path = "../kms.rs"]
mod kms;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = kms::file(bytes);
});
