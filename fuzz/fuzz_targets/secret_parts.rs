//! Any bytes as a JMESPath expression and a value.
#![no_main]

#[path = "../secrets.rs"]
mod secrets;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = secrets::expression(bytes);
});
