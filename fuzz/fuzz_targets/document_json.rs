//! Any bytes are read as JSON, or YAML that begins like it, without a panic, within bounded time and memory.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringwall_document::Reader;

fuzz_target!(|bytes: &[u8]| {
    let text = [b"{", bytes].concat();
    Reader::default().read(&"fuzz".into(), &text, &mut |_| {});
});
