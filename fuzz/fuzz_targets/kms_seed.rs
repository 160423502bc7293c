//! Any bytes as a seed that the KMS plugin sealed.
#![no_main]

#[path = "../kms.rs"]
mod kms;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = kms::seed(bytes);
});
