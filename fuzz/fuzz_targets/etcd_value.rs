//! Any bytes as a value of etcd, and as a key.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringwall_kms::stored::{Stored, StoredKey};

fuzz_target!(|bytes: &[u8]| {
    let _ = (Stored::parse(bytes), StoredKey::parse("/registry", bytes));
});
