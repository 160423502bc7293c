//! Any bytes as JSON values, and as JSON Lines.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringwall_document::Reader;

fuzz_target!(|bytes: &[u8]| {
    let mut reader = Reader::default();
    reader.read(&"fuzz.json".into(), bytes, &mut |_| {});
    for line in bytes.split(|byte| *byte == b'\n') {
        drop(reader.read_line(&"fuzz.json".into(), 1, line));
    }
});
