//! Any bytes as a line of `ringwall iam eval --batch`.
#![no_main]

#[path = "../iam.rs"]
mod iam;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| drop(iam::line(bytes)));
