//! Any bytes as a list of Pod Identity's service accounts, and as the webhook's ConfigMap.
#![no_main]

#[path = "../identity.rs"]
mod identity;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = identity::lists(bytes);
});
