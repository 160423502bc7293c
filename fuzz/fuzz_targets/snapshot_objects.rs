//! Any bytes of a file in `kubernetes/` become objects and problems without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringwall_document::Reader;

fuzz_target!(|bytes: &[u8]| {
    ringwall_snapshot::objects_of(&mut Reader::default(), &"fuzz".into(), bytes);
});
