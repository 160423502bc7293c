//! Backends by their text.

use proptest::prelude::*;
use ringwall_kms::{KmsError, Source};

fn refused(text: &str) -> String {
    match text.parse::<Source>() {
        Err(error) => error.to_string(),
        Ok(source) => panic!("`{source}` was taken"),
    }
}

#[test]
fn each_kind_is_read() {
    let arn = "aws-kms:arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    for text in [
        arn,
        "aws-kms:alias/etcd",
        "aws-kms:alias/etcd?region=eu-central-1",
        "aws-kms:1234abcd-12ab-34cd-56ef-1234567890ab?endpoint=https%3A%2F%2Fkms.example.com&context.cluster=a%20b",
        "aws-kms:mrk-1234abcd12ab34cd56ef1234567890ab?endpoint=http://127.0.0.1:4000",
        "pkcs11:token=a;object=b?module-path=/usr/lib/hsm.so&pin-source=file:/etc/pin",
        "keyring:/var/lib/ringwall/k?root-key=file:/etc/ringwall/root.key",
        "keyring:/k?root-key=pkcs11:token=a;object=b?module-path=/usr/lib/hsm.so&pin-source=env:PIN",
    ] {
        let source: Source = text.parse().unwrap();
        assert_eq!(source.to_string(), text);
        assert_eq!(source.is_aws(), text.starts_with("aws-kms:"));
    }
    assert_eq!(arn.parse::<Source>().unwrap().region(), Some("eu-central-1"));
    let matching = format!("{arn}?region=eu-central-1");
    assert_eq!(matching.parse::<Source>().unwrap().region(), Some("eu-central-1"));
    assert!(matches!(
        "aws-kms:alias/etcd".parse::<Source>().unwrap().open(None),
        Err(KmsError::Source { .. })
    ));
}

#[test]
fn what_is_none_is_refused() {
    for text in [
        "",
        "etcd",
        "file:/etc/key",
        "aws-kms:",
        "aws-kms:a b",
        "aws-kms:a#b",
        "aws-kms:alias/a?",
        "aws-kms:alias/a?region",
        "aws-kms:alias/a?region=a&region=b",
        "aws-kms:arn:aws:kms:eu-central-1:111122223333:key/a?region=us-east-1",
        "aws-kms:alias/a?endpoint=ftp://x",
        "aws-kms:alias/a?context.=x",
        "aws-kms:alias/a?context.a=x&context.a=y",
        "aws-kms:alias/a?context.ringwall:purpose=x",
        "aws-kms:alias/a?pin=x",
        "pkcs11:token=a",
        "keyring:/k",
        "keyring:k?root-key=file:/etc/root.key",
        "keyring:/k?root-key=nothing",
    ] {
        refused(text);
    }
    assert!(refused(&format!("aws-kms:{}", "a".repeat(5000))).contains("too long"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in "(aws-kms:|keyring:/|pkcs11:)?[a-z0-9:/?&=%.#-]{0,60}") {
        if let Ok(source) = text.parse::<Source>() {
            prop_assert_eq!(source.to_string(), text);
        }
    }
}
