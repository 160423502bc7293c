//! Any bytes as a TokenReview and as a SubjectAccessReview.
#![no_main]

#[path = "../authn.rs"]
mod authn;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = authn::reviews(bytes);
});
