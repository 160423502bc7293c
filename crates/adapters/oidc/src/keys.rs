use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};

use crate::{TokenError, json};

/// Most keys of each type. Source: AWS, *STS API Reference*, AssumeRoleWithWebIdentity: an identity provider's key set
/// may have at most 100 RSA keys and 100 EC keys.
pub const MAX_KEYS: usize = 100;

/// Shortest RSA modulus. Source: NIST SP 800-131A revision 2, 3: shorter keys are disallowed.
const MIN_RSA_BITS: usize = 2048;

/// Longest RSA modulus: what `aws-lc-rs` verifies with, and beyond it checking a signature costs too much.
const MAX_RSA_BITS: usize = 8192;

/// Longest RSA exponent: 65537 and its like; a long one costs time at each check.
const MAX_EXPONENT_BYTES: usize = 4;

/// The algorithms that tokens may be signed with: public-key ones that AWS takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Es256,
    Es384,
}

impl Algorithm {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            _ => return None,
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
        }
    }

    /// The parameters for an RSA key; none if it is no RSA algorithm.
    fn rsa(self) -> Option<&'static RsaParameters> {
        Some(match self {
            Self::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
            Self::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
            Self::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
            Self::Es256 | Self::Es384 => return None,
        })
    }
}

/// An issuer's public keys: those of its JSON Web Key Set that tokens may be signed with.
#[derive(Debug, Default)]
pub struct KeySet(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: String,
    /// The algorithm that the set names for it; none if it names none.
    algorithm: Option<Algorithm>,
    material: Material,
}

#[derive(Debug)]
enum Material {
    Rsa(RsaPublicKeyComponents<Vec<u8>>),
    Ec { algorithm: Algorithm, key: ParsedPublicKey },
}

impl KeySet {
    /// Reads a JSON Web Key Set (RFC 7517).
    ///
    /// Keys that tokens can't be signed with are left out, as the RFC (5) has it: other types, other uses, without `kid`,
    /// RSA below 2048 bits, curves other than P-256 and P-384, private or symmetric ones.
    ///
    /// # Errors
    ///
    /// It is no key set, has a key of an object twice, or more than [`MAX_KEYS`] keys of a type.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let set = json::object(text).map_err(|error| error.to_string())?;
        let list = set.get("keys").and_then(Value::as_array).ok_or("it has no list `keys`")?;
        for kty in ["RSA", "EC"] {
            let count = list.iter().filter(|key| key.get("kty").and_then(Value::as_str) == Some(kty)).count();
            if count > MAX_KEYS {
                return Err(format!("it has {count} {kty} keys; at most {MAX_KEYS} are taken"));
            }
        }
        let keys = list.iter().filter_map(|key| match Key::new(key) {
            Ok(key) => Some(key),
            Err(why) => {
                let id = key.get("kid").and_then(Value::as_str).unwrap_or_default();
                tracing::debug!(key = crate::token::cut(id), why, "a key of the issuer is left out");
                None
            }
        });
        Ok(Self(keys.collect()))
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a token's key is there.
    pub(crate) fn has(&self, key_id: &str, algorithm: Algorithm) -> bool {
        self.0.iter().any(|key| key.is(key_id, algorithm))
    }

    /// Whether the signature of a token is by one of the keys that it names. Ids may be there twice, in a set that its
    /// issuer made in haste.
    pub(crate) fn verify(
        &self,
        key_id: &str,
        algorithm: Algorithm,
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), TokenError> {
        let mut keys = self.0.iter().filter(|key| key.is(key_id, algorithm)).peekable();
        if keys.peek().is_none() {
            return Err(TokenError::UnknownKey {
                key_id: crate::token::cut(key_id),
                algorithm: algorithm.name(),
            });
        }
        match keys.any(|key| key.material.verify(algorithm, signed, signature)) {
            true => Ok(()),
            false => Err(TokenError::Signature),
        }
    }
}

impl Key {
    fn new(key: &Value) -> Result<Self, &'static str> {
        let key = key.as_object().ok_or("it is no object")?;
        let text = |name| key.get(name).and_then(Value::as_str);
        let id = text("kid").filter(|id| !id.is_empty()).ok_or("it has no `kid`")?;
        if key.get("use").is_some_and(|usage| usage != "sig") {
            return Err("its `use` is not `sig`");
        }
        let verifies = |operations: &Value| {
            operations.as_array().is_some_and(|list| list.iter().any(|operation| operation == "verify"))
        };
        if key.get("key_ops").is_some_and(|operations| !verifies(operations)) {
            return Err("its `key_ops` lacks `verify`");
        }
        if key.contains_key("d") || key.contains_key("k") {
            return Err("it is a private or symmetric key, which the issuer has made public");
        }
        let algorithm = match key.get("alg") {
            None => None,
            Some(name) => {
                let algorithm = name.as_str().and_then(Algorithm::from_name);
                Some(algorithm.ok_or("its `alg` is not taken")?)
            }
        };
        let material = match text("kty") {
            Some("RSA") => rsa(key)?,
            Some("EC") => ec(text("crv"), key)?,
            _ => return Err("its `kty` is neither RSA nor EC"),
        };
        Ok(Self { id: id.to_owned(), algorithm, material })
    }

    fn is(&self, id: &str, algorithm: Algorithm) -> bool {
        self.id == id
            && self.algorithm.is_none_or(|own| own == algorithm)
            && match &self.material {
                Material::Rsa(_) => algorithm.rsa().is_some(),
                Material::Ec { algorithm: own, .. } => *own == algorithm,
            }
    }
}

impl Material {
    fn verify(&self, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rsa(key) => {
                algorithm.rsa().is_some_and(|parameters| key.verify(parameters, signed, signature).is_ok())
            }
            Self::Ec { algorithm: own, key } => {
                *own == algorithm && key.verify_sig(signed, signature).is_ok()
            }
        }
    }
}

fn bytes(key: &Map<String, Value>, name: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(key.get(name)?.as_str()?.as_bytes()).ok()
}

fn rsa(key: &Map<String, Value>) -> Result<Material, &'static str> {
    let number = |name| {
        let bytes = bytes(key, name)?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        Some(bytes.get(zeros..)?.to_vec())
    };
    let n = number("n").ok_or("its `n` is no number")?;
    let e = number("e").ok_or("its `e` is no number")?;
    let top = n.first().map_or(8, |byte| byte.leading_zeros() as usize);
    let bits = (n.len() * 8).saturating_sub(top);
    if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) {
        return Err("its modulus is not of 2048 to 8192 bits");
    }
    // With an exponent of one anyone can sign. Parsing does not look at it.
    let is_odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
    if !is_odd(&n) || !is_odd(&e) || e == [1] || e.len() > MAX_EXPONENT_BYTES {
        return Err("its modulus or exponent is of no RSA key");
    }
    Ok(Material::Rsa(RsaPublicKeyComponents { n, e }))
}

fn ec(curve: Option<&str>, key: &Map<String, Value>) -> Result<Material, &'static str> {
    let (algorithm, verification, length) = match curve {
        Some("P-256") => (Algorithm::Es256, &ECDSA_P256_SHA256_FIXED, 32),
        Some("P-384") => (Algorithm::Es384, &ECDSA_P384_SHA384_FIXED, 48),
        _ => return Err("its curve is neither P-256 nor P-384"),
    };
    // RFC 7518, 6.2.1.2: each coordinate has the full length of the curve's field.
    let coordinate = |name| bytes(key, name).filter(|bytes| bytes.len() == length);
    let (Some(x), Some(y)) = (coordinate("x"), coordinate("y")) else {
        return Err("its coordinates are no numbers of the curve's length");
    };
    let point = [&[4_u8], x.as_slice(), y.as_slice()].concat();
    let key = ParsedPublicKey::new(verification, point).map_err(|_| "it is no point of its curve")?;
    Ok(Material::Ec { algorithm, key })
}
