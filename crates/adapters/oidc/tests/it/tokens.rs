//! Tokens that are taken, and every way in which one is not.

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use ringwall_model::error_chain;
use ringwall_oidc::{LEEWAY_SECONDS, MAX_TOKEN_BYTES, Token, TokenError};
use serde_json::{Value, json};

use crate::server::{KEYS, Page, Setup};
use crate::signer::{NOW, OTHER_RSA, P256, P384, RSA, Signer, claims, encode, peer_accepts};

/// Claims with some of them replaced; null takes one away.
fn with(base: &Value, changes: &Value) -> Value {
    let mut claims = base.clone();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    claims
}

#[tokio::test]
async fn every_algorithm_is_taken_and_a_peer_agrees() {
    let setup = Setup::new();
    let claims = claims(&setup.server.url);
    for (signer, algorithm) in [
        (&*RSA, Algorithm::RS256),
        (&*RSA, Algorithm::RS384),
        (&*RSA, Algorithm::RS512),
        (&*P256, Algorithm::ES256),
        (&*P384, Algorithm::ES384),
    ] {
        let header = json!({ "alg": format!("{algorithm:?}"), "kid": signer.id, "typ": "JWT" });
        let token = signer.sign_as(algorithm, &header.to_string(), &claims.to_string());
        let found = setup.verify(&token, NOW).await.unwrap();
        assert_eq!(found.subject, "system:serviceaccount:shop:checkout");
        assert_eq!(found.audience, "sts.amazonaws.com");
        assert_eq!(Value::Object(found.all), claims);
        assert!(peer_accepts(signer, &token), "{algorithm:?}");
    }
}

#[tokio::test]
async fn claims_that_differ_within_the_rules_are_taken() {
    let setup = Setup::new();
    let base = claims(&setup.server.url);
    for (changes, audience) in [
        (json!({ "aud": "sts.amazonaws.com" }), "sts.amazonaws.com"),
        (json!({ "aud": ["stranger", "other-client", "sts.amazonaws.com"] }), "other-client"),
        // The condition key `aud` is the claim `azp` if that is there, and the client ids are compared with it.
        (json!({ "aud": "stranger", "azp": "other-client" }), "other-client"),
        (json!({ "nbf": null }), "sts.amazonaws.com"),
        (json!({ "exp": NOW + 1 }), "sts.amazonaws.com"),
        (json!({ "exp": NOW as f64 + 1.5 }), "sts.amazonaws.com"),
        (json!({ "iat": NOW + LEEWAY_SECONDS, "nbf": NOW + LEEWAY_SECONDS }), "sts.amazonaws.com"),
        (json!({ "iat": 0 }), "sts.amazonaws.com"),
    ] {
        let found = setup.verify(&RSA.sign(&with(&base, &changes)), NOW).await.unwrap();
        assert_eq!(found.audience, audience, "{changes}");
    }
}

/// What a claim has to be, and what is said if it is not.
#[tokio::test]
async fn claims_that_break_a_rule_are_refused() {
    const INVALID: &str = "InvalidIdentityToken";
    let setup = Setup::new();
    let base = claims(&setup.server.url);
    let cases = [
        (json!({ "iss": null }), INVALID, "the token has no `iss`"),
        (json!({ "iss": 7 }), INVALID, "the token's `iss` is of the wrong type"),
        (json!({ "iss": "https://evil.example" }), INVALID, "is issued by `https://evil.example`"),
        (json!({ "iss": format!("{}/", setup.server.url) }), INVALID, "is issued by"),
        (json!({ "iss": setup.server.url.to_uppercase() }), INVALID, "is issued by"),
        (json!({ "iss": setup.server.url.replace("https", "http") }), INVALID, "is issued by"),
        (json!({ "iss": [setup.server.url] }), INVALID, "the token's `iss` is of the wrong type"),
        (json!({ "sub": null }), INVALID, "the token has no `sub`"),
        (json!({ "sub": "" }), INVALID, "the token's `sub` is of the wrong type"),
        (json!({ "sub": ["root"] }), INVALID, "the token's `sub` is of the wrong type"),
        (json!({ "aud": null }), INVALID, "the token has no `aud`"),
        (json!({ "aud": [] }), INVALID, "the token has no `aud`"),
        (json!({ "aud": "" }), INVALID, "the token's `aud` is of the wrong type"),
        (json!({ "aud": ["sts.amazonaws.com", 7] }), INVALID, "the token's `aud` is of the wrong type"),
        (json!({ "aud": { "sts.amazonaws.com": true } }), INVALID, "the token's `aud` is of the wrong type"),
        (json!({ "aud": "stranger" }), INVALID, "the token is for `stranger`"),
        (json!({ "aud": "STS.amazonaws.com" }), INVALID, "the token is for `STS.amazonaws.com`"),
        (json!({ "aud": ["a", "b"] }), INVALID, "the token is for `a`, `b`"),
        (json!({ "azp": "stranger" }), INVALID, "the token is for `stranger`"),
        (json!({ "azp": "" }), INVALID, "the token's `azp` is of the wrong type"),
        (json!({ "azp": ["other-client"] }), INVALID, "the token's `azp` is of the wrong type"),
        (json!({ "exp": null }), INVALID, "the token has no `exp`"),
        (json!({ "exp": (NOW + 60).to_string() }), INVALID, "the token's `exp` is of the wrong type"),
        (json!({ "exp": -1 }), INVALID, "the token's `exp` is of the wrong type"),
        (json!({ "exp": u64::MAX }), INVALID, "the token's `exp` is of the wrong type"),
        (json!({ "exp": 1e300 }), INVALID, "the token's `exp` is of the wrong type"),
        (json!({ "exp": true }), INVALID, "the token's `exp` is of the wrong type"),
        (json!({ "exp": NOW }), "ExpiredTokenException", "the token expired at"),
        (json!({ "exp": NOW - 1 }), "ExpiredTokenException", "the token expired at"),
        (json!({ "exp": NOW as f64 + 0.9 }), "ExpiredTokenException", "the token expired at"),
        (json!({ "iat": null }), INVALID, "the token has no `iat`"),
        (json!({ "iat": "now" }), INVALID, "the token's `iat` is of the wrong type"),
        (json!({ "iat": NOW + LEEWAY_SECONDS + 1 }), INVALID, "the token's `iat` is in the future"),
        (json!({ "nbf": NOW + LEEWAY_SECONDS + 1 }), INVALID, "the token's `nbf` is in the future"),
        (json!({ "nbf": {} }), INVALID, "the token's `nbf` is of the wrong type"),
    ];
    for (changes, code, message) in cases {
        let error = setup.verify(&RSA.sign(&with(&base, &changes)), NOW).await.unwrap_err();
        assert_eq!(error.code(), code, "{changes}: {error}");
        assert!(error.to_string().contains(message), "{changes}: {error}");
    }
    assert_eq!(setup.server.connections(), 0, "claims are checked before anything is fetched");
}

/// Headers that are signed as they stand, by the right key.
#[tokio::test]
async fn headers_that_break_a_rule_are_refused() {
    let setup = Setup::new();
    let claims = claims(&setup.server.url).to_string();
    for (header, message) in [
        (r#"{"kid":"rsa-1"}"#, "the token has no `alg`"),
        (r#"{"alg":"none","kid":"rsa-1"}"#, "tokens signed with `none` are not taken"),
        (r#"{"alg":"None","kid":"rsa-1"}"#, "`None` are not taken"),
        (r#"{"alg":"","kid":"rsa-1"}"#, "`alg` is of the wrong type"),
        (r#"{"alg":["RS256"],"kid":"rsa-1"}"#, "`alg` is of the wrong type"),
        (r#"{"alg":"rs256","kid":"rsa-1"}"#, "`rs256` are not taken"),
        (r#"{"alg":"HS256","kid":"rsa-1"}"#, "`HS256` are not taken"),
        (r#"{"alg":"PS256","kid":"rsa-1"}"#, "`PS256` are not taken"),
        (r#"{"alg":"EdDSA","kid":"rsa-1"}"#, "`EdDSA` are not taken"),
        (r#"{"alg":"RS256"}"#, "the token has no `kid`"),
        (r#"{"alg":"RS256","kid":""}"#, "`kid` is of the wrong type"),
        (r#"{"alg":"RS256","kid":7}"#, "`kid` is of the wrong type"),
        (r#"{"alg":"RS256","kid":"rsa-3"}"#, "no usable key `rsa-3` for RS256"),
        (r#"{"alg":"RS256","kid":"RSA-1"}"#, "no usable key `RSA-1` for RS256"),
        // A key is for its own type of algorithm alone.
        (r#"{"alg":"RS256","kid":"p256"}"#, "no usable key `p256` for RS256"),
        (r#"{"alg":"ES256","kid":"rsa-1"}"#, "no usable key `rsa-1` for ES256"),
        (r#"{"alg":"ES256","kid":"p384"}"#, "no usable key `p384` for ES256"),
        (r#"{"alg":"ES384","kid":"p256"}"#, "no usable key `p256` for ES384"),
        (r#"{"alg":"RS512","kid":"rsa-1"}"#, "the token's signature is wrong"),
        (r#"{"alg":"RS256","kid":"rsa-1","crit":["b64"],"b64":false}"#, "the token's header has `crit`"),
        (r#"{"alg":"RS256","kid":"rsa-1","crit":[]}"#, "the token's header has `crit`"),
        (r#"{"alg":"none","alg":"RS256","kid":"rsa-1"}"#, "the key `alg` is there twice"),
        (r#"{"alg":"RS256","\u0061lg":"RS256","kid":"rsa-1"}"#, "the key `alg` is there twice"),
        (r#"{"alg":"RS256","kid":"rsa-1","kid":"rsa-1"}"#, "the key `kid` is there twice"),
        (r#"["RS256"]"#, "the token's header is no JSON object"),
        (r#"{"alg":"RS256","kid":"rsa-1"}}"#, "the token's header is no JSON object"),
        ("", "the token's header is no JSON object"),
    ] {
        let error = setup.verify(&RSA.sign_text(header, &claims), NOW).await.unwrap_err();
        assert_eq!(error.code(), "InvalidIdentityToken");
        assert!(error.to_string().contains(message), "{header}: {error}");
    }
    // A header may say where a key is to be had; nobody asks there.
    let header =
        json!({ "alg": "RS256", "kid": "rsa-1", "jku": "https://evil.example/keys", "jwk": OTHER_RSA.jwk() });
    setup.verify(&RSA.sign_text(&header.to_string(), &claims), NOW).await.unwrap();
    let error = setup.verify(&OTHER_RSA.sign_text(&header.to_string(), &claims), NOW).await.unwrap_err();
    assert!(matches!(error, TokenError::Signature), "{error}");
}

#[tokio::test]
async fn claims_written_twice_are_refused() {
    let setup = Setup::new();
    let good = claims(&setup.server.url).to_string();
    let inner = good.strip_prefix('{').unwrap();
    for twice in
        [r#""sub":"root","#, r#""exp":9999999999,"#, r#""\u0073ub":"root","#, r#""x":{"y":1,"y":2},"#]
    {
        let token = RSA.sign_text(&RSA.header().to_string(), &format!("{{{twice}{inner}"));
        let error = setup.verify(&token, NOW).await.unwrap_err();
        assert!(error.to_string().contains("is there twice"), "{twice}: {error}");
    }
}

#[tokio::test]
async fn a_signature_is_the_keys_own() {
    let setup = Setup::new();
    let claims = claims(&setup.server.url);
    let forged = |signer: &Signer, as_id: &Signer| {
        let token = signer.sign_text(&as_id.header().to_string(), &claims.to_string());
        assert!(!peer_accepts(as_id, &token));
        token
    };
    let stranger = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let stranger = Signer {
        key: EncodingKey::from_ec_der(stranger.serialized_der()),
        algorithm: Algorithm::ES256,
        id: "p256",
    };
    // The oldest trick: the public key as the secret of an HMAC.
    let hmac = Signer {
        key: EncodingKey::from_secret(RSA.jwk()["n"].as_str().unwrap().as_bytes()),
        algorithm: Algorithm::HS256,
        id: "rsa-1",
    };
    let public_as_secret = hmac.sign_text(&RSA.header().to_string(), &claims.to_string());
    let good = P256.sign(&claims);
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let raw = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
    let with_signature = |bytes: &[u8]| format!("{signed}.{}", BASE64URL_NOPAD.encode(bytes));
    let (r, s) = raw.split_at(32);
    let der = [&[0x30, 0x46, 0x02, 0x21, 0x00], r, &[0x02, 0x21, 0x00], s].concat();
    for token in [
        forged(&OTHER_RSA, &RSA),
        forged(&stranger, &P256),
        public_as_secret,
        with_signature(&[]),
        with_signature(&[0; 64]),
        with_signature(&raw[..63]),
        with_signature(&[&raw[..], &[0]].concat()),
        with_signature(&[s, r].concat()),
        with_signature(&der),
    ] {
        let error = setup.verify(&token, NOW).await.unwrap_err();
        assert!(matches!(error, TokenError::Signature), "{token}: {error}");
    }
}

/// One bit anywhere makes another token, which is not taken.
#[tokio::test]
async fn no_token_with_a_bit_changed_is_taken() {
    let setup = Setup::new();
    for signer in [&*RSA, &*P256] {
        let good = signer.sign(&claims(&setup.server.url));
        setup.verify(&good, NOW).await.unwrap();
        for position in (0..good.len()).step_by(3) {
            for bit in 0..7 {
                let mut bytes = good.clone().into_bytes();
                bytes[position] ^= 1 << bit;
                let token = String::from_utf8(bytes).unwrap();
                assert!(setup.verify(&token, NOW).await.is_err(), "byte {position}, bit {bit}");
            }
        }
    }
}

#[test]
fn only_the_compact_form_is_one() {
    let good = RSA.sign(&claims("https://issuer.example"));
    assert_eq!(Token::parse(&good).unwrap().issuer(), "https://issuer.example");
    let parts: Vec<&str> = good.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!() };
    for token in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        format!("{header}.{claims}"),
        format!("{good}."),
        format!(".{good}"),
        format!("{good}.{signature}"),
        format!("{good}=="),
        format!("{header}=.{claims}.{signature}"),
        format!(" {good}"),
        format!("{good}\n"),
        format!("Bearer {good}"),
        format!("{header}.{claims}.{}+/", &signature[2..]),
        json!({ "protected": header, "payload": claims, "signature": signature }).to_string(),
    ] {
        assert!(Token::parse(&token).is_err(), "{token}");
    }
    let deep = format!("{}.{}.AA", encode(r#"{"alg":"RS256","kid":"a"}"#), encode(&"[".repeat(10_000)));
    assert!(matches!(Token::parse(&deep), Err(TokenError::Json { part: "claims", .. })));
}

#[test]
fn a_long_token_is_refused_before_it_is_read() {
    let padded = |length: usize| {
        let mut claims = claims("https://issuer.example");
        claims["pad"] = "x".repeat(length).into();
        RSA.sign(&claims)
    };
    let fits = padded(13_000);
    assert!(fits.len() < MAX_TOKEN_BYTES);
    Token::parse(&fits).unwrap();
    assert!(matches!(Token::parse(&padded(15_000)), Err(TokenError::TooLong { .. })));
}

/// Keys that are in the set and must not check anything.
#[tokio::test]
async fn keys_that_are_not_for_it_are_left_out() {
    let changed = |signer: &Signer, changes: Value| with(&signer.jwk(), &changes);
    // An odd number of 1024 bits, as good a modulus as any to whoever does not count them.
    let weak = json!({
        "kty": "RSA", "kid": "rsa-1", "e": "AQAB",
        "n": BASE64URL_NOPAD.encode(&[&[0xc1_u8][..], &[0x5b; 126], &[0x71]].concat()),
    });
    for (name, key) in [
        ("another use", changed(&RSA, json!({ "use": "enc" }))),
        ("no use that is text", changed(&RSA, json!({ "use": ["sig"] }))),
        ("other operations", changed(&RSA, json!({ "key_ops": ["encrypt"] }))),
        ("another algorithm", changed(&RSA, json!({ "alg": "RS512" }))),
        ("an algorithm that is not taken", changed(&RSA, json!({ "alg": "PS256" }))),
        ("no kid", changed(&RSA, json!({ "kid": null }))),
        ("a private exponent", changed(&RSA, json!({ "d": "AQAB" }))),
        ("a symmetric key", json!({ "kty": "oct", "kid": "rsa-1", "k": RSA.jwk()["n"] })),
        ("1024 bits", weak),
        ("no modulus", changed(&RSA, json!({ "n": null }))),
        (
            "a modulus with padding",
            changed(&RSA, json!({ "n": format!("{}==", RSA.jwk()["n"].as_str().unwrap()) })),
        ),
        ("an exponent of one", changed(&RSA, json!({ "e": "AQ" }))),
        ("an even exponent", changed(&RSA, json!({ "e": "AA" }))),
        ("another curve's name", changed(&P256, json!({ "kid": "rsa-1", "crv": "P-521" }))),
        ("a point off the curve", changed(&P256, json!({ "kid": "rsa-1", "x": P256.jwk()["y"] }))),
        ("a short coordinate", changed(&P256, json!({ "kid": "rsa-1", "x": "AQ" }))),
        ("nothing", json!(null)),
    ] {
        let setup = Setup::new();
        setup.server.put(KEYS, Page::json(&json!({ "keys": [key] })));
        let error = setup.good().await.unwrap_err();
        assert!(matches!(error, TokenError::UnknownKey { .. }), "{name}: {}", error_chain(&error));
        assert_eq!(setup.server.requests(KEYS), 1, "{name}");
    }
    // And beside them the one that is right still counts, even with the same id.
    let setup = Setup::new();
    let keys = json!({ "keys": [changed(&OTHER_RSA, json!({ "kid": "rsa-1" })), RSA.jwk(), null] });
    setup.server.put(KEYS, Page::json(&keys));
    setup.good().await.unwrap();
}
