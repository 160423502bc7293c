//! What holds for any bytes that the KMS plugin reads. Fuzz targets call it, and a test that replays their corpora.
#![allow(dead_code, reason = "each fuzz target calls one of these")]

use ringwall_envelope::{Key, Random, RandomError};
use ringwall_kms::{KeyIdParts, Source, fuzz};
use ringwall_model::Secret;

/// What is no secret here has to come out the same each time.
struct Fixed;

impl Random for Fixed {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        bytes.fill(7);
        Ok(())
    }
}

/// A key id, an annotation and a ciphertext, with lines of `---` between, as a seed that is to be opened. Tells whether it
/// opens under the one key; what that sealed opens for nothing but its own key id and annotation.
pub(crate) fn seed(bytes: &[u8]) -> bool {
    let key = Key::new(Secret::new((0..32).collect())).unwrap();
    let (key_id, rest) = parts(bytes);
    let (annotation, ciphertext) = parts(rest);
    let key_id = String::from_utf8_lossy(key_id);
    assert_eq!(KeyIdParts::of(&key_id).to_string(), key_id);
    let opened = fuzz::open(&key, &key_id, annotation, ciphertext);
    if let Ok(seed) = &opened {
        assert_eq!(seed.len() + 1 + 32 + 16, ciphertext.len());
    }
    let seed = ciphertext.get(..32).unwrap_or(ciphertext);
    let sealed = fuzz::seal(&key, &key_id, annotation, seed, &Fixed).unwrap();
    assert_eq!(fuzz::open(&key, &key_id, annotation, &sealed).ok().as_ref().map(Secret::expose), Some(seed));
    assert!(fuzz::open(&key, &format!("{key_id}#"), annotation, &sealed).is_err());
    assert!(fuzz::open(&key, &key_id, &[annotation, &[0]].concat(), &sealed).is_err());
    opened.is_ok()
}

fn parts(bytes: &[u8]) -> (&[u8], &[u8]) {
    const LINE: &[u8] = b"\n---\n";
    match bytes.windows(LINE.len()).position(|window| window == LINE) {
        Some(at) => (&bytes[..at], &bytes[at + LINE.len()..]),
        None => (bytes, &[]),
    }
}

/// Which kinds of file or text some bytes are.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) is_keyring: bool,
    pub(crate) is_state: bool,
    pub(crate) is_source: bool,
}

/// Bytes as a keyring's file, as a rotation's state, and as the text of a backend.
pub(crate) fn file(bytes: &[u8]) -> Read {
    let keyring = fuzz::keyring_file(bytes);
    assert!(keyring.as_ref().err().is_none_or(|why| !why.is_empty()));
    let source = std::str::from_utf8(bytes).ok().and_then(|text| {
        let source = text.parse::<Source>().map_err(|error| assert!(!error.to_string().is_empty())).ok()?;
        assert_eq!(source.to_string(), text);
        Some(source)
    });
    Read { is_keyring: keyring.is_ok(), is_state: fuzz::rotation_state(bytes), is_source: source.is_some() }
}
