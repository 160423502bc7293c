use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use ringwall_envelope::{
    CiphertextBlob, EncryptionContext, EnvelopeError, MAX_KEY_NAME_BYTES, RandomError, seal_with_context,
};

use super::{Broken, Sequence, changes, key};

const ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn context(pairs: &[(&str, &str)]) -> EncryptionContext {
    let pairs = pairs.iter().map(|(key, value)| (String::from(*key), String::from(*value)));
    EncryptionContext::new(pairs.collect()).unwrap()
}

#[test]
fn a_blob_names_its_key_and_old_versions_open_after_a_rotation() {
    let random = Sequence::new(1);
    let pod = context(&[("kubernetes-namespace", "shop"), ("aws:eks:cluster-name", "storefront")]);
    let versions = [key(1), key(2), key(3)];
    let sealed: Vec<Vec<u8>> = (0..)
        .zip(&versions)
        .map(|(version, material)| {
            seal_with_context(material, ARN, version, &pod, b"plaintext", &random).unwrap()
        })
        .collect();
    for (version, blob) in sealed.iter().enumerate() {
        let blob = CiphertextBlob::parse(blob).unwrap();
        assert_eq!((blob.key(), blob.version() as usize), (ARN, version));
        for (at, material) in versions.iter().enumerate() {
            assert_eq!(blob.open(material, &pod).is_ok(), at == version, "version {version} with {at}");
        }
    }
}

#[test]
fn each_change_of_a_blob_is_refused() {
    let pod = context(&[("key", "value")]);
    let blob = seal_with_context(&key(1), "key/1", 1, &pod, b"plaintext", &Sequence::new(1)).unwrap();
    let open = |blob: &[u8]| CiphertextBlob::parse(blob)?.open(&key(1), &pod);
    assert_eq!(open(&blob).unwrap().expose(), b"plaintext");
    for (what, changed) in changes(&blob) {
        assert!(open(&changed).is_err(), "{what}");
    }
}

#[test]
fn the_encryption_context_has_to_be_the_same() {
    let pod = context(&[("Key", "Value"), ("é", "")]);
    let blob = seal_with_context(&key(1), ARN, 1, &pod, b"", &Sequence::new(1)).unwrap();
    let blob = CiphertextBlob::parse(&blob).unwrap();
    assert!(blob.open(&key(1), &pod).unwrap().is_empty());
    for other in [
        context(&[]),
        context(&[("Key", "Value")]),
        context(&[("key", "Value"), ("é", "")]),
        context(&[("Key", "value"), ("é", "")]),
        context(&[("Key", "Value"), ("e\u{301}", "")]),
        context(&[("Key", "Value"), ("é", ""), ("more", "")]),
        context(&[("Value", "Key"), ("é", "")]),
    ] {
        assert_eq!(blob.open(&key(1), &other).err(), Some(EnvelopeError::Refused), "{other:?}");
    }
    let none = seal_with_context(&key(1), ARN, 1, &EncryptionContext::default(), b"", &Sequence::new(1));
    assert!(CiphertextBlob::parse(&none.unwrap()).unwrap().open(&key(1), &context(&[])).is_ok());
}

#[test]
fn what_is_no_blob_is_told() {
    let parse = |blob: &[u8]| CiphertextBlob::parse(blob).unwrap_err();
    assert_eq!(parse(&[]), EnvelopeError::Malformed("it is empty"));
    assert_eq!(parse(&[2, 0, 1]), EnvelopeError::UnknownFormat(2));
    assert_eq!(parse(&[1, 0]), EnvelopeError::Malformed("it ends within the key's name"));
    assert_eq!(parse(&[1, 0, 2, b'k']), EnvelopeError::Malformed("it ends within the key's name"));
    assert_eq!(parse(&[1, 0, 1, 0xff]), EnvelopeError::Malformed("the key's name is not UTF-8"));
    assert_eq!(parse(&[1, 0, 1, b'k', 0, 0, 0]), EnvelopeError::Malformed("it ends within the version"));
    assert!(matches!(parse(&[1, 0xff, 0xff]), EnvelopeError::TooLong { .. }));
}

#[test]
fn limits_are_kept_and_the_largest_blob_is_one_that_decrypt_takes() {
    let random = Sequence::new(1);
    let seal = |name: &str| seal_with_context(&key(1), name, u32::MAX, &context(&[]), &[0; 4096], &random);
    let largest = seal(&"k".repeat(MAX_KEY_NAME_BYTES)).unwrap();
    assert!(largest.len() <= 6144);
    assert_eq!(CiphertextBlob::parse(&largest).unwrap().key().len(), MAX_KEY_NAME_BYTES);
    assert!(matches!(seal(&"k".repeat(MAX_KEY_NAME_BYTES + 1)), Err(EnvelopeError::TooLong { .. })));
    assert!(matches!(seal(&"k".repeat(0x1_0000)), Err(EnvelopeError::TooLong { .. })));

    // A seed of Kubernetes' KMS v2, which takes ciphertexts of at most 1024 bytes.
    let seed = seal_with_context(&key(1), ARN, 1, &context(&[]), &[0; 32], &random).unwrap();
    assert!(seed.len() <= 1024);
}

#[test]
fn without_randomness_nothing_is_sealed() {
    let sealed = seal_with_context(&key(1), ARN, 1, &context(&[]), b"plaintext", &Broken);
    assert_eq!(sealed.err(), Some(EnvelopeError::Random(RandomError)));
}

fn contexts() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map("[a\\PC]{0,6}", "[a\\PC]{0,6}", 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sealed_opens_in_its_context(
        plaintext in vec(any::<u8>(), 0..200),
        name in "\\PC{0,60}",
        version in any::<u32>(),
        (one, other) in (contexts(), contexts()),
        seed in any::<u64>(),
    ) {
        let random = Sequence::new(seed);
        let pod = EncryptionContext::new(one.clone()).unwrap();
        let blob = seal_with_context(&key(1), &name, version, &pod, &plaintext, &random).unwrap();
        let blob = CiphertextBlob::parse(&blob).unwrap();
        prop_assert_eq!((blob.key(), blob.version()), (name.as_str(), version));
        let opened = blob.open(&key(1), &pod).unwrap();
        prop_assert_eq!(opened.expose(), plaintext.as_slice());
        let elsewhere = EncryptionContext::new(other.clone()).unwrap();
        prop_assert_eq!(blob.open(&key(1), &elsewhere).is_ok(), one == other);
        prop_assert!(blob.open(&key(2), &pod).is_err());
    }

    #[test]
    fn any_bytes_are_read_or_refused(head in vec(0..4u8, 0..4), tail in vec(any::<u8>(), 0..100)) {
        let bytes = [head, tail].concat();
        if let Ok(blob) = CiphertextBlob::parse(&bytes) {
            prop_assert!(blob.key().len() <= MAX_KEY_NAME_BYTES);
            prop_assert!(blob.open(&key(1), &EncryptionContext::default()).is_err());
        }
    }
}
