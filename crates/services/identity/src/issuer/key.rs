//! Public keys as JSON Web Keys.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::error::IssuerError;

/// Most keys. Source: AWS, *STS API Reference*, AssumeRoleWithWebIdentity: a key set may have at most 100 RSA and 100 EC
/// keys; a cluster has a handful.
pub const MAX_KEYS: usize = 100;

/// Shortest RSA modulus that verifiers take, in bits. Source: NIST SP 800-131A revision 2, 3.
const MIN_RSA_BITS: usize = 2048;

/// Curves with the algorithm that signs by them and the length of a coordinate in bytes. Source: RFC 7518, 3.4 and 6.2.1.
const CURVES: [(&str, &str, &str, usize); 3] = [
    ("1.2.840.10045.3.1.7", "P-256", "ES256", 32),
    ("1.3.132.0.34", "P-384", "ES384", 48),
    ("1.3.132.0.35", "P-521", "ES512", 66),
];

/// A public key that checks tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// What tokens call it by.
    pub kid: String,
    /// The algorithm that it signs by: `RS256`, `ES256`, `ES384` or `ES512`.
    pub alg: String,
    #[serde(flatten)]
    material: Material,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kty")]
enum Material {
    #[serde(rename = "RSA")]
    Rsa { n: String, e: String },
    #[serde(rename = "EC")]
    Ec { crv: String, x: String, y: String },
}

/// Keys in the order in which they came, each id once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys(Vec<Key>);

impl Keys {
    /// The keys.
    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        self.0.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn get(&self, kid: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.kid == kid)
    }

    /// Adds a key.
    ///
    /// # Errors
    ///
    /// Another key has its id, or there are too many.
    pub(super) fn add(&mut self, key: Key) -> Result<(), IssuerError> {
        match self.get(&key.kid) {
            Some(known) if *known == key => Ok(()),
            Some(_) => Err(IssuerError::Clash(key.kid)),
            None if self.0.len() >= MAX_KEYS => Err(IssuerError::TooMany(self.0.len().saturating_add(1))),
            None => {
                self.0.push(key);
                Ok(())
            }
        }
    }

    /// Adds those of another set.
    pub(super) fn extend(&mut self, others: Self) -> Result<(), IssuerError> {
        others.0.into_iter().try_for_each(|key| self.add(key))
    }

    /// Reads the public keys of a PEM file, as kube-apiserver takes them for `--service-account-key-file`: `PUBLIC KEY` and
    /// `CERTIFICATE`, any number. `place` is what errors name.
    ///
    /// # Errors
    ///
    /// There is a private key, a key of another type or size, or no key at all.
    pub fn from_pem(text: &[u8], place: &str) -> Result<Self, IssuerError> {
        let wrong = |why: &str| IssuerError::Key { place: place.to_owned(), why: why.to_owned() };
        let mut keys = Self::default();
        for pem in Pem::iter_from_buffer(text) {
            let pem = pem.map_err(|error| wrong(&format!("it is no PEM: {error}")))?;
            let key = match pem.label.as_str() {
                "PUBLIC KEY" => Key::from_spki(&pem.contents),
                "CERTIFICATE" => match X509Certificate::from_der(&pem.contents) {
                    Ok((_, certificate)) => Key::from_spki(certificate.public_key().raw),
                    Err(_) => Err("the certificate can't be read".to_owned()),
                },
                label if label.ends_with("PRIVATE KEY") => Err(format!(
                    "it holds a private key (`{label}`), which publishing has no use for (hint: openssl pkey -in KEY -pubout)"
                )),
                label => Err(format!("`{label}` is no public key")),
            };
            keys.add(key.map_err(|why| wrong(&why))?)?;
        }
        match keys.is_empty() {
            true => Err(IssuerError::NoKeys(place.to_owned())),
            false => Ok(keys),
        }
    }

    /// Reads a JSON Web Key Set, as an apiserver serves it at `/openid/v1/jwks`. What is no public RSA or EC key of a known
    /// curve is left out and logged; only public members are kept. `place` is what errors name.
    ///
    /// # Errors
    ///
    /// It is no key set, or has too many keys.
    pub fn from_jwks(text: &[u8], place: &str) -> Result<Self, IssuerError> {
        let wrong = |why: String| IssuerError::Key { place: place.to_owned(), why };
        let mut set: Map<String, Value> =
            serde_json::from_slice(text).map_err(|error| wrong(format!("it is no key set: {error}")))?;
        let Some(Value::Array(list)) = set.remove("keys") else {
            return Err(wrong("it is no key set: it has no list `keys`".to_owned()));
        };
        let mut keys = Self::default();
        for jwk in &list {
            match Key::from_jwk(jwk) {
                Ok(key) => keys.add(key)?,
                Err(why) => tracing::warn!(place, why, "a key is not published"),
            }
        }
        Ok(keys)
    }
}

impl Key {
    /// From the PKIX form of a public key (RFC 5280, 4.1, SubjectPublicKeyInfo).
    ///
    /// The id is kube-apiserver's: the base64url, without padding, of the form's SHA-256.
    /// Source: Kubernetes, `pkg/serviceaccount/jwt.go`, `keyIDFromPublicKey`.
    fn from_spki(der: &[u8]) -> Result<Self, String> {
        let (rest, spki) =
            SubjectPublicKeyInfo::from_der(der).map_err(|_| "it is no public key".to_owned())?;
        if !rest.is_empty() {
            return Err("something follows the public key".to_owned());
        }
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der);
        let kid = BASE64URL_NOPAD.encode(digest.as_ref());
        let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let number = |bytes: &[u8]| encode(unpadded(bytes));
        let (alg, material) = match spki.parsed() {
            Ok(PublicKey::RSA(rsa)) => {
                ("RS256".to_owned(), Material::Rsa { n: number(rsa.modulus), e: number(rsa.exponent) })
            }
            Ok(PublicKey::EC(point)) => {
                let curve = spki.algorithm.parameters.as_ref().and_then(|oid| oid.as_oid().ok());
                let curve = curve.map(|oid| oid.to_id_string()).unwrap_or_default();
                let known = CURVES.into_iter().find(|(oid, ..)| *oid == curve);
                let (_, crv, alg, length) = known.ok_or("its curve is none of P-256, P-384 and P-521")?;
                let coordinates = point.data().strip_prefix(&[4]).filter(|both| both.len() == 2 * length);
                let (x, y) = coordinates
                    .and_then(|both| both.split_at_checked(length))
                    .ok_or("it is no point of its curve")?;
                (alg.to_owned(), Material::Ec { crv: crv.to_owned(), x: encode(x), y: encode(y) })
            }
            _ => return Err("it is neither an RSA nor an EC key".to_owned()),
        };
        let key = Self { kid, alg, material };
        key.check()?;
        Ok(key)
    }

    fn from_jwk(jwk: &Value) -> Result<Self, String> {
        let of = |field: &str| jwk.get(field).and_then(Value::as_str);
        let text = |field: &str| of(field).map(str::to_owned).ok_or_else(|| format!("it has no `{field}`"));
        if of("use").is_some_and(|usage| usage != "sig") {
            return Err("its `use` is not `sig`".to_owned());
        }
        let (alg, material) = match of("kty") {
            Some("RSA") => ("RS256", Material::Rsa { n: text("n")?, e: text("e")? }),
            Some("EC") => {
                let crv = text("crv")?;
                let known = CURVES.into_iter().find(|(_, name, ..)| *name == crv);
                let (_, _, alg, _) = known.ok_or("its curve is none of P-256, P-384 and P-521")?;
                (alg, Material::Ec { crv, x: text("x")?, y: text("y")? })
            }
            _ => return Err("its `kty` is neither RSA nor EC".to_owned()),
        };
        let alg = of("alg").unwrap_or(alg).to_owned();
        let key = Self { kid: text("kid")?, alg, material };
        key.check()?;
        Ok(key)
    }

    /// Whether verifiers would take it.
    fn check(&self) -> Result<(), String> {
        let bytes =
            |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| "it has a number that is none");
        match &self.material {
            Material::Rsa { n, e } => {
                let (n, e) = (bytes(n)?, bytes(e)?);
                let n = unpadded(&n);
                let zeros = n.first().map_or(8, |byte| byte.leading_zeros() as usize);
                let bits = (n.len() * 8).saturating_sub(zeros);
                if bits < MIN_RSA_BITS || e.is_empty() {
                    return Err(format!(
                        "its modulus has {bits} bits; verifiers take {MIN_RSA_BITS} at least"
                    ));
                }
            }
            Material::Ec { crv, x, y } => {
                let length = CURVES.into_iter().find(|(_, name, ..)| name == crv).map(|(.., length)| length);
                if length.is_none() || Some(bytes(x)?.len()) != length || Some(bytes(y)?.len()) != length {
                    return Err("its coordinates have another length than its curve's".to_owned());
                }
            }
        }
        match self.kid.is_empty() || self.kid.len() > 256 || self.kid.chars().any(char::is_control) {
            true => Err("its id is none".to_owned()),
            false => Ok(()),
        }
    }

    /// The key as it stands in a key set.
    pub(super) fn jwk(&self) -> Map<String, Value> {
        let mut jwk = Map::new();
        let mut put = |field: &str, value: &str| drop(jwk.insert(field.to_owned(), value.into()));
        put("use", "sig");
        match &self.material {
            Material::Rsa { n, e } => {
                put("kty", "RSA");
                put("kid", &self.kid);
                put("alg", &self.alg);
                put("n", n);
                put("e", e);
            }
            Material::Ec { crv, x, y } => {
                put("kty", "EC");
                put("kid", &self.kid);
                put("crv", crv);
                put("alg", &self.alg);
                put("x", x);
                put("y", y);
            }
        }
        jwk
    }
}

/// A number without leading zeros, which DER has where a sign would be read otherwise.
fn unpadded(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}
