//! Any bytes as the review of a pod, injected by each method.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringwall_identity::mutate::{Facts, Review, Settings, mutate};

fuzz_target!(|bytes: &[u8]| {
    let Ok(review) = Review::parse(bytes) else { return };
    let role = ("eks.amazonaws.com/role-arn".to_owned(), "arn:aws:iam::111122223333:role/a".to_owned());
    let annotations = [role].into();
    for pod_identity in [false, true] {
        let facts = Facts { annotations: Some(&annotations), pod_identity, ..Facts::default() };
        let _ = mutate(&review, &facts, &Settings::default());
    }
});
