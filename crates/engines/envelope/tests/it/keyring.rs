use proptest::prelude::*;
use ringwall_envelope::{Aad, EnvelopeError, KeyId, Keyring, MAX_KEYS, RandomError};
use ringwall_model::Secret;

use super::{Broken, Sequence, changes};

#[test]
fn each_change_of_a_blob_is_refused() {
    let random = Sequence::new(1);
    let mut keyring = Keyring::generate(&random).unwrap();
    keyring.rotate(&random).unwrap();
    let aad = Aad::new("test", ["here"]);
    let blob = keyring.seal(&aad, b"plaintext", &random).unwrap();
    for (what, changed) in changes(&blob) {
        assert!(keyring.open(&aad, &changed).is_err(), "{what}");
    }
}

#[test]
fn a_blob_opens_under_no_other_key_of_the_ring() {
    let random = Sequence::new(1);
    let mut keyring = Keyring::generate(&random).unwrap();
    let aad = Aad::new("test", ["here"]);
    let old = keyring.seal(&aad, b"old", &random).unwrap();
    keyring.rotate(&random).unwrap();
    let new = keyring.seal(&aad, b"new", &random).unwrap();
    let renamed = [&new[..17], &old[17..]].concat();
    assert_eq!(keyring.open(&aad, &renamed).err(), Some(EnvelopeError::Refused));
}

#[test]
fn a_retired_key_opens_nothing_and_the_current_one_stays() {
    let random = Sequence::new(1);
    let mut keyring = Keyring::generate(&random).unwrap();
    let aad = Aad::new("test", ["here"]);
    let old = keyring.seal(&aad, b"old", &random).unwrap();
    let first = keyring.current();
    assert_eq!(keyring.retire(first), Err(EnvelopeError::CurrentKey(first)));
    assert_eq!(keyring.needs_reseal(&old), Ok(false));

    let second = keyring.rotate(&random).unwrap();
    assert_eq!(keyring.current(), second);
    assert_eq!(keyring.needs_reseal(&old), Ok(true));
    keyring.retire(first).unwrap();
    assert_eq!(keyring.open(&aad, &old).err(), Some(EnvelopeError::UnknownKey(first)));
    assert_eq!(keyring.retire(first), Err(EnvelopeError::UnknownKey(first)));
    assert_eq!(keyring.ids().collect::<Vec<_>>(), [second]);
}

#[test]
fn without_randomness_a_keyring_stays_as_it_is() {
    let random = Sequence::new(1);
    let mut keyring = Keyring::generate(&random).unwrap();
    let current = keyring.current();
    let failed = EnvelopeError::Random(RandomError);
    assert_eq!(keyring.rotate(&Broken), Err(failed.clone()));
    assert_eq!((keyring.current(), keyring.ids().count()), (current, 1));
    assert_eq!(Keyring::generate(&Broken).err(), Some(failed));
}

#[test]
fn a_full_keyring_is_kept_and_takes_no_more() {
    let random = Sequence::new(1);
    let mut keyring = Keyring::generate(&random).unwrap();
    for _ in 1..MAX_KEYS {
        keyring.rotate(&random).unwrap();
    }
    assert!(matches!(keyring.rotate(&random), Err(EnvelopeError::TooMany { .. })));
    let secret = keyring.to_secret();
    assert_eq!(Keyring::from_secret(&secret).unwrap().ids().count(), MAX_KEYS);
    let more = [secret.expose(), &[0; 48]].concat();
    assert!(matches!(Keyring::from_secret(&Secret::new(more)), Err(EnvelopeError::TooMany { .. })));
}

#[test]
fn an_encoded_keyring_that_is_none_is_refused() {
    let read = |bytes: &[u8]| Keyring::from_secret(&Secret::new(bytes.to_vec())).err();
    let malformed = |why| Some(EnvelopeError::Malformed(why));
    let keyring = Keyring::generate(&Sequence::new(1)).unwrap();
    let secret = keyring.to_secret();
    let good = secret.expose();
    assert_eq!(read(good), None);
    assert_eq!(read(&[]), malformed("it is empty"));
    assert_eq!(read(&good[..16]), malformed("it ends within the key's id"));
    assert_eq!(read(&good[..17]), Some(EnvelopeError::UnknownKey(keyring.current())));
    assert_eq!(read(&good[..64]), malformed("the keyring ends within a key"));
    assert_eq!(read(&[good, &good[17..]].concat()), malformed("the keyring has a key twice"));
    assert_eq!(read(&[&[2], &good[1..]].concat()), Some(EnvelopeError::UnknownFormat(2)));
}

#[test]
fn a_keyring_shows_ids_alone() {
    let keyring = Keyring::generate(&Sequence::new(1)).unwrap();
    let id = keyring.current();
    let shown = format!("{keyring:?}");
    assert_eq!(shown, format!("Keyring {{ current: KeyId({id}), keys: {{KeyId({id}): Key(redacted)}} }}"));
}

#[test]
fn a_key_that_is_not_there_does_not_seal() {
    let random = Sequence::new(1);
    let (mut keyring, other) = (Keyring::generate(&random).unwrap(), Keyring::generate(&random).unwrap());
    let current = keyring.current();
    assert_eq!(keyring.seal_with(other.current()), Err(EnvelopeError::UnknownKey(other.current())));
    assert_eq!(keyring.current(), current);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// A list of blobs, each with what it holds, is the naive twin of a keyring that rotates, retires and is written
    /// and read in between.
    #[test]
    fn what_any_key_of_the_ring_sealed_opens(steps in proptest::collection::vec(0..6u8, 0..40), seed in any::<u64>()) {
        let random = Sequence::new(seed);
        let mut keyring = Keyring::generate(&random).unwrap();
        let mut sealed: Vec<(KeyId, Aad, Vec<u8>, Vec<u8>)> = Vec::new();
        for (at, step) in steps.into_iter().enumerate() {
            let place = Aad::new("test", [at.to_string()]);
            match step {
                0 => _ = keyring.rotate(&random).unwrap(),
                1 => keyring = Keyring::from_secret(&keyring.to_secret()).unwrap(),
                2 => {
                    let current = keyring.current();
                    let old = keyring.ids().find(|id| *id != current);
                    if let Some(old) = old {
                        keyring.retire(old).unwrap();
                        sealed.retain(|(id, ..)| *id != old);
                    }
                }
                3 => {
                    let current = keyring.current();
                    let added = keyring.add(&random).unwrap();
                    assert!(keyring.current() == current && keyring.ids().any(|id| id == added));
                }
                4 => {
                    let any = keyring.ids().nth(at % keyring.ids().count()).unwrap();
                    keyring.seal_with(any).unwrap();
                    assert_eq!(keyring.current(), any);
                }
                _ => {
                    let plaintext = at.to_string().into_bytes();
                    let blob = keyring.seal(&place, &plaintext, &random).unwrap();
                    sealed.push((keyring.current(), place, plaintext, blob));
                }
            }
        }
        for (id, place, plaintext, blob) in &sealed {
            let opened = keyring.open(place, blob).unwrap();
            prop_assert_eq!(opened.expose(), plaintext.as_slice());
            prop_assert_eq!(keyring.needs_reseal(blob).unwrap(), *id != keyring.current());
        }
    }
}
