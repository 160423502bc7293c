use std::collections::HashMap;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use proptest::prelude::*;
use prost::Message as _;
use ringwall_grpc::encrypted_object::EncryptedObject;

use super::*;

/// A value as kube-apiserver stores it for a KMS plugin of version 2.
fn kms_v2(provider: &str, key: &str, dek: &[u8], kind: i32, data: usize) -> Vec<u8> {
    let object = EncryptedObject {
        encrypted_data: vec![7; data].into(),
        key_id: key.to_owned(),
        encrypted_dek_source: Bytes::copy_from_slice(dek),
        annotations: HashMap::from([
            ("b.example.org".to_owned(), Bytes::new()),
            ("a.example.org".to_owned(), Bytes::new()),
        ]),
        encrypted_dek_source_type: kind,
    };
    [format!("k8s:enc:kms:v2:{provider}:").into_bytes(), object.encode_to_vec()].concat()
}

fn sealed_as(value: &[u8]) -> Sealed {
    match Stored::parse(value) {
        Stored::Sealed(sealed) => sealed,
        other => panic!("{other:?}"),
    }
}

fn malformed(value: &[u8]) -> &'static str {
    match Stored::parse(value) {
        Stored::Malformed(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_kms_plugin_sealed_names_provider_key_and_seed() {
    let sealed = sealed_as(&kms_v2("ringwall", "arn:aws:kms:k1#3", b"seed", 1, 60));
    assert_eq!(sealed.transformer, Transformer::KmsV2);
    assert_eq!(
        (sealed.provider.as_deref(), sealed.key.as_deref()),
        (Some("ringwall"), Some("arn:aws:kms:k1#3"))
    );
    let seal = sealed.seal.unwrap();
    assert_eq!(seal.kind, SealKind::Seed);
    // sha256sum of `seed`.
    assert_eq!(seal.digest.to_string(), "19b25856e1c150ca834cffc8b59b23adbd0ec0389e58eb22b3b64768098d002b");
    assert_eq!(seal.annotations, ["a.example.org", "b.example.org"]);
    assert_eq!(sealed_as(&kms_v2("ringwall", "k", b"key", 0, 28)).seal.unwrap().kind, SealKind::Key);
}

#[test]
fn what_keys_of_the_file_sealed_names_the_key() {
    for (prefix, transformer) in [
        ("aescbc:v1", Transformer::AesCbc),
        ("aesgcm:v1", Transformer::AesGcm),
        ("secretbox:v1", Transformer::Secretbox),
    ] {
        let value = [format!("k8s:enc:{prefix}:key-2026:").into_bytes(), vec![1; 64]].concat();
        let expected = Sealed { transformer, provider: None, key: Some("key-2026".to_owned()), seal: None };
        assert_eq!(sealed_as(&value), expected);
    }
    let v1 = [b"k8s:enc:kms:v1:old:\0\x04dekk".as_slice(), &[2; 60]].concat();
    let sealed = sealed_as(&v1);
    assert_eq!((sealed.provider.as_deref(), sealed.key), (Some("old"), None));
    assert_eq!(sealed.seal.unwrap().digest, Digest::of(b"dekk"));
}

#[test]
fn what_is_not_sealed_is_in_the_clear() {
    for (value, form) in [
        (b"k8s\0\n\x0c".as_slice(), Form::Protobuf),
        (b"{\"kind\":\"Secret\"}", Form::Json),
        (b"\xd9\xd9\xf7\xa1", Form::Cbor),
        (b"", Form::Other),
        (b"k8s:en", Form::Other),
        (b" k8s:enc:kms:v2:a:", Form::Other),
    ] {
        assert_eq!(Stored::parse(value), Stored::Clear(form), "{value:?}");
    }
}

#[test]
fn what_only_says_that_it_is_sealed_is_malformed() {
    for (value, why) in [
        (b"k8s:enc:".to_vec(), "kind that is not known"),
        (b"k8s:enc:identity:v1:x:{}".to_vec(), "kind that is not known"),
        (b"k8s:enc:kms:v3:x:{}".to_vec(), "kind that is not known"),
        (b"k8s:enc:aescbc:v1:".to_vec(), "no end"),
        (b"k8s:enc:aescbc:v1::0123456789012345678901234567890123456789".to_vec(), "empty"),
        (b"k8s:enc:aescbc:v1:key:{\"kind\":\"Secret\"}".to_vec(), "too short"),
        (b"k8s:enc:kms:v2:p:{\"kind\":\"Secret\"}".to_vec(), "no EncryptedObject"),
        (b"k8s:enc:kms:v2:p:".to_vec(), "key id is empty"),
        ([b"k8s:enc:kms:v1:p:\xff\xff".as_slice(), &[0; 64]].concat(), "cut off"),
        (kms_v2("p", "", b"dek", 1, 60), "key id is empty"),
        (kms_v2("p", &"k".repeat(1025), b"dek", 1, 60), "too long"),
        (kms_v2("p", "k", b"", 1, 60), "data key is empty"),
        (kms_v2("p", "k", &[1; 1025], 1, 60), "too long"),
        (kms_v2("p", "k", b"dek", 1, 59), "too short"),
        (kms_v2("p", "k", b"dek", 0, 27), "too short"),
        (kms_v2("p", "k", b"dek", 2, 60), "kind that is not known"),
    ] {
        assert!(
            malformed(&value).contains(why),
            "{}: {}",
            String::from_utf8_lossy(&value),
            malformed(&value)
        );
    }
}

#[test]
fn annotations_without_number_are_refused_before_they_are_kept() {
    let mut value = kms_v2("p", "k", b"dek", 1, 60);
    // An entry of nothing, a hundred thousand times.
    for _ in 0..100_000 {
        value.extend([0x22, 0]);
    }
    assert!(malformed(&value).contains("annotations"));
}

#[test]
fn keys_tell_whose_object_it_is() {
    let read = |key: &str| {
        let key = StoredKey::parse("/registry", key.as_bytes()).ok()?;
        Some((key.resource.to_string(), key.namespace.map(str::to_owned), key.name.to_owned()))
    };
    let known = |resource: &str, namespace: Option<&str>, name: &str| {
        Some((resource.to_owned(), namespace.map(str::to_owned), name.to_owned()))
    };
    assert_eq!(read("/registry/secrets/shop/db"), known("secrets", Some("shop"), "db"));
    assert_eq!(read("/registry/namespaces/shop"), known("namespaces", None, "shop"));
    assert_eq!(read("/registry/minions/node-1"), known("nodes", None, "node-1"));
    assert_eq!(read("/registry/services/specs/shop/web"), known("services", Some("shop"), "web"));
    assert_eq!(read("/registry/services/endpoints/shop/web"), known("endpoints", Some("shop"), "web"));
    assert_eq!(read("/registry/example.org/widgets/shop/w"), known("widgets.example.org", Some("shop"), "w"));
    assert_eq!(read("/registry/example.org/globals/g"), known("globals.example.org", None, "g"));
    for key in [
        "",
        "/",
        "/registry",
        "/registry/",
        "/registry/secrets",
        "/registry/secrets/",
        "/registry/secrets/a/b/c",
        "/registry/secrets//b",
        "/other/secrets/a/b",
        "/registryx/secrets/a/b",
        "registry/secrets/a/b",
    ] {
        assert_eq!(read(key), None, "{key}");
    }
    assert!(StoredKey::parse("/registry", b"/registry/secrets/a/\xff").is_err());
    assert!(
        StoredKey::parse("/registry", format!("/registry/secrets/a/{}", "b".repeat(3000)).as_bytes())
            .is_err()
    );
}

#[test]
fn resources_are_named_as_kubectl_does() {
    for (text, prefix) in [
        ("secrets", "/registry/secrets/"),
        ("deployments.apps", "/registry/deployments/"),
        ("ingresses.networking.k8s.io", "/registry/ingress/"),
        ("services", "/registry/services/specs/"),
        ("widgets.example.org", "/registry/example.org/widgets/"),
        (
            "customresourcedefinitions.apiextensions.k8s.io",
            "/registry/apiextensions.k8s.io/customresourcedefinitions/",
        ),
    ] {
        let resource: Resource = text.parse().unwrap();
        assert_eq!(resource.prefix("/registry"), prefix);
        let key = format!("{prefix}a/b");
        assert_eq!(StoredKey::parse("/registry", key.as_bytes()).unwrap().resource, resource, "{text}");
    }
    for text in ["", "Secrets", "secrets/db", "secrets.", ".apps", "a.b", "se crets"] {
        assert!(text.parse::<Resource>().is_err(), "{text}");
    }
    let secrets: Resource = "secrets".parse().unwrap();
    assert!(secrets.is_served_as("", "secrets") && !secrets.is_served_as("example.org", "secrets"));
    let widgets: Resource = "widgets.example.org".parse().unwrap();
    assert!(widgets.is_served_as("example.org", "widgets") && !widgets.is_served_as("", "widgets"));
}

#[test]
fn the_corpus_gives_answers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/etcd_value");
    let sealed = fs::read_dir(&folder).unwrap().filter(|entry| {
        matches!(Stored::parse(&fs::read(entry.as_ref().unwrap().path()).unwrap()), Stored::Sealed(_))
    });
    assert!(sealed.count() >= 3, "the corpus holds nothing sealed");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_have_an_answer(
        prefix in prop::sample::select(vec![
            "", "k8s:enc:", "k8s:enc:kms:v2:p:", "k8s:enc:kms:v1:p:", "k8s:enc:aescbc:v1:", "/registry/", "/registry/a.b/",
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let bytes = [prefix.as_bytes(), &rest].concat();
        let _ = (Stored::parse(&bytes), StoredKey::parse("/registry", &bytes));
    }

    #[test]
    fn no_cut_of_a_sealed_value_is_taken_for_another(cut in 0_usize..100) {
        let value = kms_v2("ringwall", "key-1", b"seed", 1, 60);
        let Some(cut) = value.get(..value.len().saturating_sub(cut + 1)) else { return Ok(()) };
        // A field that is gone makes it malformed; annotations and the type stand last.
        if let Stored::Sealed(sealed) = Stored::parse(cut) {
            prop_assert_eq!(sealed.key.as_deref(), Some("key-1"));
        }
    }
}
