//! Any bytes as the state of a detector.
#![no_main]

#[path = "../state.rs"]
mod state;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = state::state(bytes);
});
