//! Any bytes as a backup of the store.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = ringwall_store::check_backup(bytes, "fuzz".as_ref());
});
