//! Any bytes as what a gRPC client sends.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringwall_grpc::authority::rewrite;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(output) = rewrite(bytes) {
        // What comes out is fit to be read, and stays as it is.
        assert_eq!(rewrite(&output).as_deref(), Ok(output.as_slice()));
    }
});
