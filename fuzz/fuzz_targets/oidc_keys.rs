//! Any bytes as an issuer's key set.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| drop(ringwall_oidc::KeySet::parse(bytes)));
