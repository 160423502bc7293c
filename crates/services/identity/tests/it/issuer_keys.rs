//! Keys as JSON Web Keys, and what is none.

use std::fs;
use std::path::Path;

use jsonwebtoken::Algorithm;
use ringwall_identity::issuer::{Documents, IssuerError, Keys, MAX_KEYS};
use serde_json::{Value, json};

use crate::signer::Signer;

fn jwks(keys: &Keys) -> Value {
    serde_json::from_slice(&Documents::new("https://a", keys).keys).unwrap()
}

#[test]
fn an_rsa_key_is_as_the_existing_tool_writes_it() {
    let case = |name: &str| {
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../cases/pod-identity/issuer").join(name))
            .unwrap()
    };
    let keys = Keys::from_pem(&case("rsa.pem"), "rsa.pem").unwrap();
    let expected: Value = serde_json::from_slice(&case("rsa.jwks.json")).unwrap();
    assert_eq!(jwks(&keys), expected);
}

#[test]
fn every_kind_of_key_survives() {
    let signers = [
        Signer::rsa(),
        Signer::ec(Algorithm::ES256, &rcgen::PKCS_ECDSA_P256_SHA256),
        Signer::ec(Algorithm::ES384, &rcgen::PKCS_ECDSA_P384_SHA384),
        Signer::ec(Algorithm::ES384, &rcgen::PKCS_ECDSA_P521_SHA512),
    ];
    let pem: String = signers.iter().map(|signer| signer.pem.as_str()).collect();
    let keys = Keys::from_pem(pem.as_bytes(), "sa.pub").unwrap();
    let set = jwks(&keys);
    let of = |field: &str| -> Vec<String> {
        set["keys"].as_array().unwrap().iter().map(|key| key[field].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(of("kid"), signers.each_ref().map(|signer| signer.kid.clone()));
    assert_eq!(of("alg"), ["RS256", "ES256", "ES384", "ES512"]);
    let text = set.to_string();
    assert_eq!(Keys::from_jwks(text.as_bytes(), "a test").unwrap(), keys, "read as written");
}

#[test]
fn a_certificate_holds_a_key_too() {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec![]).unwrap().self_signed(&key).unwrap().pem();
    let from_certificate = Keys::from_pem(certificate.as_bytes(), "a test").unwrap();
    assert_eq!(from_certificate, Keys::from_pem(key.public_key_pem().as_bytes(), "a test").unwrap());
}

#[test]
fn what_is_no_public_key_is_refused() {
    let private = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let ed25519 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap().public_key_pem();
    for (text, why) in [
        (private.as_str(), "it holds a private key"),
        (ed25519.as_str(), "neither an RSA nor an EC key"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "it is no public key"),
        ("-----BEGIN PUBLIC KEY-----\n!\n", "it is no PEM"),
        ("", "holds no key"),
    ] {
        let error = Keys::from_pem(text.as_bytes(), "sa.pub").unwrap_err().to_string();
        assert!(error.contains(why) && error.contains("sa.pub"), "{error}");
    }
}

#[test]
fn only_public_keys_leave_a_key_set() {
    let number = "A".repeat(43);
    let key = |kid: &str| json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": number, "y": number });
    let set = |keys: Vec<Value>| serde_json::to_vec(&json!({ "keys": keys })).unwrap();
    let mut private = key("a");
    private["d"] = "secret".into();
    let odd = [
        json!({ "kty": "oct", "kid": "b", "k": "secret" }),
        json!({ "kty": "RSA", "kid": "c", "n": "AQAB", "e": "AQAB" }),
        json!({ "kty": "EC", "crv": "P-256", "kid": "d", "x": "AA", "y": "AA" }),
        json!({ "kty": "EC", "crv": "secp256k1", "kid": "e", "x": number, "y": number }),
        json!({ "kty": "EC", "crv": "P-256", "x": number, "y": number }),
        json!(7),
    ];
    let keys = Keys::from_jwks(&set([private].into_iter().chain(odd).collect()), "a test").unwrap();
    let text = jwks(&keys).to_string();
    assert!(keys.iter().map(|key| key.kid.as_str()).eq(["a"]) && !text.contains("secret"), "{text}");

    let many = (0..=MAX_KEYS).map(|number| key(&number.to_string())).collect();
    assert!(matches!(Keys::from_jwks(&set(many), "a test"), Err(IssuerError::TooMany(_))));
    let mut other = key("a");
    other["x"] = "E".repeat(43).into();
    assert!(matches!(Keys::from_jwks(&set(vec![key("a"), other]), "a test"), Err(IssuerError::Clash(_))));
    for broken in [&b"[]"[..], b"{}", b"{\"keys\": {}}", b"{"] {
        assert!(Keys::from_jwks(broken, "a test").is_err());
    }
}
