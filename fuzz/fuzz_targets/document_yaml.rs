//! Any bytes are read as documents without a panic, within bounded time and memory.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringwall_document::Reader;

fuzz_target!(|bytes: &[u8]| {
    Reader::default().read(&"fuzz".into(), bytes, &mut |_| {});
});
