//! Any bytes as an issuer's keys: a key set, PEM, a token, what was kept of them.
#![no_main]

#[path = "../identity.rs"]
mod identity;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = identity::issuer(bytes);
});
