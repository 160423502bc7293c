//! Any bytes as what STS answers.
#![no_main]

#[path = "../authn.rs"]
mod authn;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = authn::sts_answer(bytes);
});
