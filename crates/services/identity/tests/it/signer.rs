//! Keys of service accounts' tokens, by libraries that know nothing of what is tested.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use rcgen::PublicKeyData as _;
use serde_json::json;

pub(crate) struct Signer {
    key: EncodingKey,
    algorithm: Algorithm,
    /// The public key in PEM.
    pub(crate) pem: String,
    /// kube-apiserver's id of the key.
    pub(crate) kid: String,
}

impl Signer {
    pub(crate) fn rsa() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let pkcs8 = aws_lc_rs::encoding::AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
        // `jsonwebtoken` wants PKCS #1, which PKCS #8 wraps in a header of 26 bytes for a key of this size.
        let key = EncodingKey::from_rsa_der(&pkcs8.as_ref()[26..]);
        let public: aws_lc_rs::encoding::PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        Self::new(key, Algorithm::RS256, public.as_ref())
    }

    pub(crate) fn ec(algorithm: Algorithm, curve: &'static rcgen::SignatureAlgorithm) -> Self {
        let pair = rcgen::KeyPair::generate_for(curve).unwrap();
        let key = EncodingKey::from_ec_der(pair.serialized_der());
        Self::new(key, algorithm, &pair.subject_public_key_info())
    }

    fn new(key: EncodingKey, algorithm: Algorithm, public: &[u8]) -> Self {
        let body = BASE64.encode(public);
        let lines: Vec<&str> =
            body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"));
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, public);
        Self { key, algorithm, pem, kid: BASE64URL_NOPAD.encode(digest.as_ref()) }
    }

    /// A token as kube-apiserver makes it, from a time on for a day.
    pub(crate) fn token(&self, issuer: &str, from: i64) -> String {
        let header = json!({ "alg": format!("{:?}", self.algorithm), "kid": self.kid });
        let claims = json!({
            "iss": issuer,
            "sub": "system:serviceaccount:shop:checkout",
            "aud": ["sts.amazonaws.com"],
            "iat": from,
            "nbf": from,
            "exp": from + 86_400,
            "kubernetes.io": { "namespace": "shop", "serviceaccount": { "name": "checkout", "uid": "1" } },
        });
        let encode = |text: String| BASE64URL_NOPAD.encode(text.as_bytes());
        let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &self.key, self.algorithm).unwrap();
        format!("{signed}.{signature}")
    }
}
