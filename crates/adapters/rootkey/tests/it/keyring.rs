use ringwall_envelope::{Aad, Keyring};
use ringwall_rootkey::{SealedKeyring, SystemRandom};

use super::{Folders, refusal};

#[test]
fn another_root_key_opens_what_was_sealed_before_it() {
    let folders = Folders::new();
    let file = folders.source("file", "root.key").create(&folders.data()).unwrap();
    folders.write("phrase", "correct horse battery\n", 0o600);
    let phrase = folders.source("passphrase:file", "phrase").open(&folders.data()).unwrap();

    let place = Aad::new("test", ["here"]);
    let mut keyring = Keyring::generate(&SystemRandom).unwrap();
    let old = keyring.seal(&place, b"old", &SystemRandom).unwrap();
    keyring.rotate(&SystemRandom).unwrap();
    let new = keyring.seal(&place, b"new", &SystemRandom).unwrap();

    let sealed = SealedKeyring::seal(&keyring, &*file).unwrap();
    let json = serde_json::to_string(&sealed).unwrap();
    let sealed: SealedKeyring = serde_json::from_str(&json).unwrap();
    let rewrapped = sealed.rewrap(&*file, &*phrase).unwrap();
    for (sealed, root) in [(&sealed, &file), (&rewrapped, &phrase)] {
        let opened = sealed.open(&**root).unwrap();
        assert_eq!(opened.current(), keyring.current());
        assert_eq!(opened.open(&place, &old).unwrap().expose(), b"old");
        assert_eq!(opened.open(&place, &new).unwrap().expose(), b"new");
        assert_eq!(sealed.root_key(), root.describe());
    }
    let refused = refusal(rewrapped.open(&*file), &folders);
    let expected =
        "wrapped by a passphrase, and this is a key file (hint: give the root key that was used before)";
    assert_eq!(refused, expected);
}

#[test]
fn a_sealed_keyring_shows_nothing_and_takes_no_change() {
    let folders = Folders::new();
    let root = folders.source("file", "root.key").create(&folders.data()).unwrap();
    let keyring = Keyring::generate(&SystemRandom).unwrap();
    let sealed = SealedKeyring::seal(&keyring, &*root).unwrap();
    let another = SealedKeyring::seal(&keyring, &*root).unwrap();
    let json = serde_json::to_value(&sealed).unwrap();
    let other = serde_json::to_value(&another).unwrap();
    assert!(!format!("{sealed:?}").contains(json["wrapped"].as_str().unwrap()));

    for (member, value) in [
        ("wrapped", other["wrapped"].clone()),
        ("sealed", other["sealed"].clone()),
        ("sealed", "AAAA".into()),
        ("sealed", "not base64".into()),
        ("wrapped", "".into()),
        ("sealed", "A".repeat(20_000).into()),
        ("wrapped", "A".repeat(2_000).into()),
    ] {
        let mut changed = json.clone();
        changed[member] = value;
        let changed: SealedKeyring = serde_json::from_value(changed).unwrap();
        assert!(changed.open(&*root).is_err(), "{member} changed");
    }
    let mut more = json;
    more["more"] = "x".into();
    assert!(serde_json::from_value::<SealedKeyring>(more).is_err());
}
