//! Any bytes as a file of YAML documents.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringwall_document::{Lines, Reader};

fuzz_target!(|bytes: &[u8]| {
    let mut reader = Reader::default();
    // The comment keeps a text that begins with a bracket from being read as JSON.
    let text = [b"# YAML\n", bytes].concat();
    reader.read(&"fuzz.yaml".into(), &text, &mut |_| {});
    if let Ok(text) = std::str::from_utf8(bytes) {
        drop(reader.read_embedded(&"fuzz.yaml".into(), text, Lines::From(1)));
    }
});
