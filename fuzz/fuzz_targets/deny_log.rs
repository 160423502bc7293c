//! Any bytes as what the kernel logs of denied packets.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../nft.rs"]
mod nft;

fuzz_target!(|bytes: &[u8]| {
    nft::deny_log(bytes);
});
