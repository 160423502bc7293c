//! Any bytes as a file that the AWS CLI printed, up to the inventory of its policies.
#![no_main]

#[path = "../iam.rs"]
mod iam;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = iam::exports(bytes);
});
