//! Keys that sign tokens, by `jsonwebtoken`: an implementation that knows nothing of the one under test.

use std::sync::LazyLock;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation};
use serde_json::{Value, json};

/// When the tests happen.
pub(crate) const NOW: i64 = 1_795_766_400;

pub(crate) struct Signer {
    pub(crate) key: EncodingKey,
    pub(crate) algorithm: Algorithm,
    pub(crate) id: &'static str,
}

pub(crate) static RSA: LazyLock<Signer> = LazyLock::new(|| Signer::rsa("rsa-1"));
pub(crate) static OTHER_RSA: LazyLock<Signer> = LazyLock::new(|| Signer::rsa("rsa-2"));
pub(crate) static P256: LazyLock<Signer> =
    LazyLock::new(|| Signer::ec("p256", Algorithm::ES256, &rcgen::PKCS_ECDSA_P256_SHA256));
pub(crate) static P384: LazyLock<Signer> =
    LazyLock::new(|| Signer::ec("p384", Algorithm::ES384, &rcgen::PKCS_ECDSA_P384_SHA384));

impl Signer {
    fn rsa(id: &'static str) -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let pkcs8 = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
        // `jsonwebtoken` wants PKCS #1, which PKCS #8 wraps in a header of 26 bytes for a key of this size.
        let key = EncodingKey::from_rsa_der(&pkcs8.as_ref()[26..]);
        Self { key, algorithm: Algorithm::RS256, id }
    }

    fn ec(id: &'static str, algorithm: Algorithm, curve: &'static rcgen::SignatureAlgorithm) -> Self {
        let pair = rcgen::KeyPair::generate_for(curve).unwrap();
        Self { key: EncodingKey::from_ec_der(pair.serialized_der()), algorithm, id }
    }

    pub(crate) fn jwk(&self) -> Value {
        let mut jwk =
            serde_json::to_value(Jwk::from_encoding_key(&self.key, self.algorithm).unwrap()).unwrap();
        let object = jwk.as_object_mut().unwrap();
        object.insert("kid".into(), self.id.into());
        object.insert("use".into(), "sig".into());
        object.remove("alg");
        jwk
    }

    /// A header as issuers write it.
    pub(crate) fn header(&self) -> Value {
        json!({ "alg": format!("{:?}", self.algorithm), "kid": self.id })
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_text(&self.header().to_string(), &claims.to_string())
    }

    /// Signs whatever the texts are, with the signer's own algorithm.
    pub(crate) fn sign_text(&self, header: &str, claims: &str) -> String {
        self.sign_as(self.algorithm, header, claims)
    }

    pub(crate) fn sign_as(&self, algorithm: Algorithm, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &self.key, algorithm).unwrap();
        format!("{signed}.{signature}")
    }
}

pub(crate) fn encode(text: &str) -> String {
    BASE64URL_NOPAD.encode(text.as_bytes())
}

/// The claims of a service account's token, as the apiserver writes them.
pub(crate) fn claims(issuer: &str) -> Value {
    json!({
        "iss": issuer,
        "sub": "system:serviceaccount:shop:checkout",
        "aud": ["sts.amazonaws.com"],
        "exp": NOW + 3600,
        "iat": NOW,
        "nbf": NOW,
        "jti": "0d9f6f7a-9c1e-4f5e-8a53-2a3b1c0d4e5f",
        "kubernetes.io": {
            "namespace": "shop",
            "serviceaccount": { "name": "checkout", "uid": "8d6b7a5e-27a5-4a2a-9a9e-3a2f4f0a9c11" },
        },
    })
}

/// Whether `jsonwebtoken` takes a token's signature.
pub(crate) fn peer_accepts(signer: &Signer, token: &str) -> bool {
    let mut jwk = signer.jwk();
    let algorithm = jsonwebtoken::decode_header(token).unwrap().alg;
    jwk.as_object_mut().unwrap().insert("alg".into(), format!("{algorithm:?}").into());
    let key = DecodingKey::from_jwk(&serde_json::from_value(jwk).unwrap()).unwrap();
    let mut validation = Validation::new(algorithm);
    (validation.validate_exp, validation.validate_aud) = (false, false);
    jsonwebtoken::decode::<Value>(token, &key, &validation).is_ok()
}
