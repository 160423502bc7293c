//! Any bytes as a file of the agent's flow log or of a VPC's.
#![no_main]

#[path = "../flows.rs"]
mod flows;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = flows::read(bytes);
});
