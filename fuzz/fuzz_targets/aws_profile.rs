//! Any bytes as the shared files of the AWS CLI.
#![no_main]

#[path = "../aws.rs"]
mod aws;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = aws::profile(bytes);
});
