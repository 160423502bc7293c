use proptest::collection::vec;
use proptest::prelude::*;
use ringwall_envelope::{
    Aad, EnvelopeError, Key, MAX_PLAINTEXT_BYTES, MAX_RANDOM_BYTES, RandomError, random_secret,
};
use ringwall_model::Secret;

use super::{Broken, Sequence, changes, key};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sealed_opens_there_and_nowhere_else(
        plaintext in vec(any::<u8>(), 0..2000),
        place in vec("[ab]{0,3}", 0..4),
        other in vec("[ab]{0,3}", 0..4),
        seed in any::<u64>(),
    ) {
        let random = Sequence::new(seed);
        let sealing = Key::generate(&random).unwrap();
        let aad = Aad::new("test", &place);
        let blob = sealing.seal(&aad, &plaintext, &random).unwrap();
        prop_assert_eq!(blob.len(), plaintext.len() + 48);
        let opened = sealing.open(&aad, &blob).unwrap();
        prop_assert_eq!(opened.expose(), plaintext.as_slice());

        let elsewhere = sealing.open(&Aad::new("test", &other), &blob);
        prop_assert_eq!(elsewhere.is_ok(), place == other);
        let refused = Some(EnvelopeError::Refused);
        prop_assert_eq!(sealing.open(&Aad::new("tests", &place), &blob).err(), refused.clone());
        let another = Key::generate(&random).unwrap();
        prop_assert_eq!(another.open(&aad, &blob).err(), refused);
    }

    #[test]
    fn any_bytes_are_refused(blob in vec(any::<u8>(), 0..200)) {
        prop_assert!(key(1).open(&Aad::new("test", ["here"]), &blob).is_err());
    }
}

#[test]
fn each_change_is_refused() {
    let aad = Aad::new("test", ["here"]);
    let blob = key(1).seal(&aad, b"plaintext", &Sequence::new(1)).unwrap();
    for (what, changed) in changes(&blob) {
        assert!(key(1).open(&aad, &changed).is_err(), "{what}");
    }
}

#[test]
fn the_same_is_sealed_differently_each_time() {
    let aad = Aad::new("test", ["here"]);
    let random = Sequence::new(1);
    let seal = || key(1).seal(&aad, b"plaintext", &random).unwrap();
    assert_ne!(seal(), seal());
}

#[test]
fn limits_are_kept() {
    let aad = Aad::new("test", ["here"]);
    let random = Sequence::new(1);
    let most = vec![0; MAX_PLAINTEXT_BYTES];
    let blob = key(1).seal(&aad, &most, &random).unwrap();
    assert_eq!(key(1).open(&aad, &blob).unwrap().expose(), most);
    let more = vec![0; MAX_PLAINTEXT_BYTES + 1];
    assert!(matches!(key(1).seal(&aad, &more, &random), Err(EnvelopeError::TooLong { .. })));
    let longer = [blob, vec![0]].concat();
    assert!(matches!(key(1).open(&aad, &longer), Err(EnvelopeError::TooLong { .. })));
    for length in [0, 16, 31, 33, 64] {
        let made = Key::new(Secret::new(vec![0; length]));
        assert_eq!(made.err(), Some(EnvelopeError::KeyLength(length)));
    }
    assert_eq!(random_secret(MAX_RANDOM_BYTES, &random).unwrap().len(), MAX_RANDOM_BYTES);
    assert!(matches!(random_secret(MAX_RANDOM_BYTES + 1, &random), Err(EnvelopeError::TooLong { .. })));
}

#[test]
fn without_randomness_nothing_is_sealed() {
    let failed = Some(EnvelopeError::Random(RandomError));
    let aad = Aad::new("test", ["here"]);
    assert_eq!(key(1).seal(&aad, b"plaintext", &Broken).err(), failed);
    assert_eq!(Key::generate(&Broken).err(), failed);
    assert_eq!(random_secret(32, &Broken).err(), failed);
}

#[test]
fn neither_keys_nor_places_are_shown() {
    assert_eq!(format!("{:?}", key(1)), "Key(redacted)");
    assert_eq!(format!("{:?}", Aad::new("test", ["here"])), "Aad { purpose: \"test\", .. }");
}
