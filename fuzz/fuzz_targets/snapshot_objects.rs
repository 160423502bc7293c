//! Any bytes as a file of Kubernetes objects.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringwall_document::Reader;

fuzz_target!(|bytes: &[u8]| {
    drop(ringwall_snapshot::objects_of(&mut Reader::default(), &"fuzz.yaml".into(), bytes));
});
