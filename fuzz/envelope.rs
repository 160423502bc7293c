//! What holds for any bytes that are read as sealed blobs. The fuzz target calls it, and a test that replays its corpus.
#![allow(dead_code, reason = "the fuzz target has no use for what was read")]

use ringwall_envelope::{Aad, CiphertextBlob, EncryptionContext, Key, Keyring, MAX_KEY_NAME_BYTES, MAX_KEYS};
use ringwall_model::Secret;

/// What some bytes were, with the keys of the formats' tests: these alone made what opens in the corpus.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) opens_in_keyring: bool,
    pub(crate) opens_in_kms: bool,
    pub(crate) is_keyring: bool,
}

/// Reads the bytes as each kind of blob. What opens is shorter than its blob, and a keyring is written as it was read.
pub(crate) fn blob(bytes: &[u8]) -> Read {
    let material = Key::new(Secret::new((0..32).collect())).unwrap();
    let id: Vec<u8> = (0x20..0x30).collect();
    let encoded = [&[1], id.as_slice(), &id, material.secret().expose()].concat();
    let keyring = Keyring::from_secret(&Secret::new(encoded)).unwrap();

    let opened = keyring.open(&Aad::new("test", ["ab", "c"]), bytes).ok();
    assert!(opened.as_ref().is_none_or(|opened| opened.len() + 65 == bytes.len()));
    _ = keyring.needs_reseal(bytes);

    let parsed = CiphertextBlob::parse(bytes).ok();
    assert!(parsed.is_none_or(|parsed| parsed.key().len() <= MAX_KEY_NAME_BYTES));
    let opens = |context: &EncryptionContext| {
        parsed.and_then(|parsed| parsed.open(&material, context).ok()).is_some()
    };
    let pairs = [("zé", "v"), ("aws:pi", "")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let pairs = EncryptionContext::new(pairs.into()).unwrap();

    let read = Keyring::from_secret(&Secret::new(bytes.to_vec())).ok();
    if let Some(read) = &read {
        assert!(read.ids().count() <= MAX_KEYS);
        let again = Keyring::from_secret(&read.to_secret()).unwrap();
        assert_eq!(again.to_secret().expose(), read.to_secret().expose());
        assert_eq!(again.to_secret().len(), bytes.len());
    }
    Read {
        opens_in_keyring: opened.is_some(),
        opens_in_kms: opens(&pairs) || opens(&EncryptionContext::default()),
        is_keyring: read.is_some(),
    }
}
