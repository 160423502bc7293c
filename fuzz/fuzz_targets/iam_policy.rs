//! Any bytes as a policy document of every kind.
#![no_main]

#[path = "../iam.rs"]
mod iam;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = iam::policy(bytes);
});
