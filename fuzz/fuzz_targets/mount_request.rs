//! Any bytes as a Mount of the CSI driver.
#![no_main]

#[path = "../secrets.rs"]
mod secrets;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = secrets::mount(bytes);
});
