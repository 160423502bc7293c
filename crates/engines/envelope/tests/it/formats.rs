//! The layouts are kept: what an earlier version sealed has to open. The blobs were made by an independent program in
//! Python (`cryptography` 48: `HKDFExpand`, `AESGCM`), written from the layouts in the crate's documentation alone.

use ringwall_envelope::{Aad, CiphertextBlob, EncryptionContext, Key, Keyring, seal_with_context};
use ringwall_model::Secret;

use super::{Fixed, hex};

fn key() -> Key {
    Key::new(Secret::new((0..32).collect())).unwrap()
}

fn salt() -> Fixed {
    Fixed((0x40..0x60).collect())
}

#[test]
fn of_a_key() {
    let blob = hex(concat!(
        "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f",
        "c449a8ed1e21366e14f684dbdec2c8c78955d0d241"
    ));
    let aad = Aad::new("test", ["ab", "", "c"]);
    assert_eq!(key().open(&aad, &blob).unwrap().expose(), b"plain");
    assert_eq!(key().seal(&aad, b"plain", &salt()).unwrap(), blob);
}

#[test]
fn of_a_keyring() {
    let id: Vec<u8> = (0x20..0x30).collect();
    let encoded = [&[1], id.as_slice(), &id, key().secret().expose()].concat();
    let keyring = Keyring::from_secret(&Secret::new(encoded.clone())).unwrap();
    assert_eq!(keyring.to_secret().expose(), encoded);
    let blob = hex(concat!(
        "01202122232425262728292a2b2c2d2e2f",
        "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f",
        "c449a8ed1e68a060ce33430c2d01a3fc9f513b2d4d"
    ));
    let aad = Aad::new("test", ["ab", "c"]);
    assert_eq!(keyring.open(&aad, &blob).unwrap().expose(), b"plain");
    assert_eq!(keyring.seal(&aad, b"plain", &salt()).unwrap(), blob);
}

#[test]
fn of_kms() {
    let arn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let head = [&[1, 0, 0x4e], arn.as_bytes(), &[0, 0, 0, 7]].concat();
    let sealed = hex(concat!(
        "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f",
        "9408abf2387ad9bf95b4eba03c9365bb365cda0ef0"
    ));
    let blob = [head, sealed].concat();
    let pairs = [("zé", "v"), ("aws:pi", "")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let context = EncryptionContext::new(pairs.into()).unwrap();
    let parsed = CiphertextBlob::parse(&blob).unwrap();
    assert_eq!((parsed.key(), parsed.version()), (arn, 7));
    assert_eq!(parsed.open(&key(), &context).unwrap().expose(), b"plain");
    assert_eq!(seal_with_context(&key(), arn, 7, &context, b"plain", &salt()).unwrap(), blob);
}
