//! Any bytes as a file of Sigma rules.
#![no_main]

#[path = "../sigma.rs"]
mod sigma;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| drop(sigma::rules(bytes)));
