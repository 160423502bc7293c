//! An issuer of tokens on loopback: real TLS, real signatures, by libraries that know nothing of those under test.

use std::net::SocketAddr;
use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A key that signs tokens.
pub(crate) struct Key {
    id: &'static str,
    key: EncodingKey,
}

impl Key {
    pub(crate) fn new(id: &'static str) -> Self {
        let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        Self { id, key: EncodingKey::from_ec_der(pair.serialized_der()) }
    }

    /// As a JWK set, as a cluster publishes its keys.
    pub(crate) fn set(&self) -> Value {
        let mut jwk =
            serde_json::to_value(Jwk::from_encoding_key(&self.key, Algorithm::ES256).unwrap()).unwrap();
        jwk["kid"] = self.id.into();
        jwk["use"] = "sig".into();
        json!({ "keys": [jwk] })
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_with(&json!({ "alg": "ES256", "kid": self.id }), claims)
    }

    pub(crate) fn sign_with(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &self.key, Algorithm::ES256).unwrap();
        format!("{signed}.{signature}")
    }
}

/// An issuer with one key, that answers as long as its runtime lives.
pub(crate) struct Issuer {
    pub(crate) url: String,
    pub(crate) key: Key,
    address: SocketAddr,
    roots: TempDir,
}

impl Issuer {
    /// Listens on loopback; the issuer has a path with capitals, as EKS's have.
    pub(crate) async fn start() -> Self {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.distinguished_name.push(DnType::CommonName, "test authority");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate().unwrap();
        let root = authority.self_signed(&authority_key).unwrap();
        let server_key = KeyPair::generate().unwrap();
        let signer = rcgen::Issuer::from_params(&authority, &authority_key);
        let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let server = server.signed_by(&server_key, &signer).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![server.der().clone()], key)
            .unwrap();

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let url = format!("https://localhost:{}/id/ABCD", address.port());
        let key = Key::new("issuer-1");
        let discovery = json!({ "issuer": url, "jwks_uri": format!("{url}/keys") }).to_string();
        let keys = key.set().to_string();
        let tls = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = tls.accept(stream).await else { continue };
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = stream.read_u8().await else { break };
                    head.push(byte);
                }
                let (status, body) = if head.starts_with(b"GET /id/ABCD/.well-known/openid-configuration ") {
                    ("200 OK", &discovery)
                } else if head.starts_with(b"GET /id/ABCD/keys ") {
                    ("200 OK", &keys)
                } else {
                    ("404 Not Found", &discovery)
                };
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        let roots = tempfile::tempdir().unwrap();
        std::fs::write(roots.path().join("roots.pem"), root.pem()).unwrap();
        Self { url, key, address, roots }
    }

    /// What lets an endpoint ask it.
    pub(crate) fn settings(&self) -> ringwall_oidc::Settings {
        ringwall_oidc::Settings {
            allow: vec![format!("localhost:{}", self.address.port()).parse().unwrap()],
            roots: Some(self.roots.path().join("roots.pem")),
        }
    }

    /// Host and path, as condition keys and ARNs have them.
    pub(crate) fn name(&self) -> &str {
        self.url.strip_prefix("https://").unwrap()
    }
}

/// The claims of a service account's token, as a kubelet gets them for a pod.
pub(crate) fn claims(issuer: &str, audience: &str, now: i64) -> Value {
    json!({
        "iss": issuer,
        "sub": "system:serviceaccount:shop:checkout",
        "aud": [audience],
        "exp": now + 3600,
        "iat": now,
        "nbf": now,
        "kubernetes.io": {
            "namespace": "shop",
            "serviceaccount": { "name": "checkout", "uid": "8d6b7a5e-27a5-4a2a-9a9e-3a2f4f0a9c11" },
            "pod": { "name": "checkout-7f9c-x2x", "uid": "1c5e0b1a-93a2-4a54-8d7e-2b8c6a0f7d33" },
        },
    })
}

/// The same claims with others in place.
pub(crate) fn with(claims: &Value, changes: &Value) -> Value {
    let mut claims = claims.clone();
    let members = claims.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    claims
}
