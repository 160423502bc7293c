//! What lies in etcd: whose object a key is of, and how its value is sealed.
//!
//! Values come from whoever writes to etcd, and are taken for hostile: everything is bounded, and what can't be read is
//! said to be so. That a value has the form of a sealed one is what can be known without its key; that it opens, only
//! kube-apiserver can tell.

mod key;
mod object;
mod resource;

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;

pub use key::{KeyError, StoredKey};
pub use resource::{Resource, ResourceError};

/// Longest provider name or key name that is taken. Source: k8s.io/apiserver, apis/apiserver/validation: a KMS provider's
/// name has no limit of its own; nobody writes a longer one, and it stands in reports.
const MAX_NAME_BYTES: usize = 1024;

/// What begins every sealed value. Source: k8s.io/apiserver, storage/value/encrypt.
const ENCRYPTED: &[u8] = b"k8s:enc:";

/// How an object lies in etcd.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stored {
    /// Not sealed at all.
    Clear(Form),
    /// Sealed, by its form.
    Sealed(Sealed),
    /// It says that it is sealed and is not as such values are.
    Malformed(&'static str),
}

/// The form of an object that is not sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// JSON, as custom resources are stored.
    Json,
    /// Protobuf, as built-in resources are stored. Source: k8s.io/apimachinery, runtime/serializer/protobuf: `k8s\0`.
    Protobuf,
    /// CBOR. Source: RFC 8949, 3.4.6, the tag of self-described CBOR.
    Cbor,
    /// None of these.
    Other,
}

impl Form {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Protobuf => "protobuf",
            Self::Cbor => "cbor",
            Self::Other => "other",
        }
    }
}

/// How a value is sealed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sealed {
    /// By what.
    pub transformer: Transformer,
    /// The name of the KMS provider in the EncryptionConfiguration; none for keys that stand in that file.
    pub provider: Option<String>,
    /// The KMS plugin's `key_id`, or the name of the key in the file; none for KMS v1, which does not say.
    pub key: Option<String>,
    /// What the data is sealed with under that key; none for keys that stand in the file.
    pub seal: Option<Seal>,
}

/// The data key of a value, sealed by a KMS.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seal {
    /// Its use.
    pub kind: SealKind,
    /// SHA-256 of it as it is sealed: which objects share it.
    pub digest: Digest,
    /// The names of its annotations, in order.
    pub annotations: Vec<String>,
}

/// The use of a data key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SealKind {
    /// A key of one object.
    Key,
    /// A seed from which each write derives its own.
    Seed,
}

/// SHA-256 of something.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    fn of(bytes: &[u8]) -> Self {
        let mut sum = [0; 32];
        for (place, byte) in sum.iter_mut().zip(digest(&SHA256, bytes).as_ref()) {
            *place = *byte;
        }
        Self(sum)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What kube-apiserver seals with. Source: k8s.io/apiserver, server/options/encryptionconfig, the prefixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transformer {
    /// A KMS plugin of version 2.
    KmsV2,
    /// A KMS plugin of version 1.
    KmsV1,
    /// AES-CBC with a key in the file.
    AesCbc,
    /// AES-GCM with a key in the file.
    AesGcm,
    /// XSalsa20-Poly1305 with a key in the file.
    Secretbox,
}

impl Transformer {
    const ALL: [(Self, &'static [u8], usize); 5] = [
        (Self::KmsV2, b"kms:v2:", 0),
        // Length of the sealed key, the key, nonce and tag.
        (Self::KmsV1, b"kms:v1:", 2 + 1 + 12 + 16),
        // Initialisation vector and a block.
        (Self::AesCbc, b"aescbc:v1:", 16 + 16),
        // Nonce and tag.
        (Self::AesGcm, b"aesgcm:v1:", 12 + 16),
        // Nonce and tag.
        (Self::Secretbox, b"secretbox:v1:", 24 + 16),
    ];

    /// Its name in reports: the one in the EncryptionConfiguration, with the version of a KMS.
    pub fn name(self) -> &'static str {
        match self {
            Self::KmsV2 => "kms v2",
            Self::KmsV1 => "kms v1",
            Self::AesCbc => "aescbc",
            Self::AesGcm => "aesgcm",
            Self::Secretbox => "secretbox",
        }
    }
}

impl Stored {
    /// Tells how a value is stored. Any bytes have an answer.
    pub fn parse(value: &[u8]) -> Self {
        let Some(rest) = value.strip_prefix(ENCRYPTED) else { return Self::Clear(form(value)) };
        let found = Transformer::ALL.iter().find_map(|(transformer, prefix, least)| {
            Some((*transformer, rest.strip_prefix(*prefix)?, *least))
        });
        let Some((transformer, rest, least)) = found else {
            return Self::Malformed("it begins with `k8s:enc:` and a kind that is not known");
        };
        match sealed(transformer, rest, least) {
            Ok(sealed) => Self::Sealed(sealed),
            Err(why) => Self::Malformed(why),
        }
    }
}

/// Reads `NAME:` and what is sealed behind it.
fn sealed(transformer: Transformer, rest: &[u8], least: usize) -> Result<Sealed, &'static str> {
    let end = rest.iter().position(|byte| *byte == b':').ok_or("its name has no end")?;
    let (name, rest) = rest.split_at_checked(end).ok_or("its name has no end")?;
    let body = rest.get(1..).unwrap_or_default();
    if name.is_empty() || name.len() > MAX_NAME_BYTES {
        return Err("its name is empty or too long");
    }
    let name = std::str::from_utf8(name).map_err(|_| "its name is not UTF-8")?.to_owned();
    if body.len() < least {
        return Err("it is too short to be sealed");
    }
    match transformer {
        Transformer::KmsV2 => {
            let (key, seal) = object::read(body)?;
            Ok(Sealed { transformer, provider: Some(name), key: Some(key), seal: Some(seal) })
        }
        Transformer::KmsV1 => {
            Ok(Sealed { transformer, provider: Some(name), key: None, seal: Some(key_of_v1(body)?) })
        }
        Transformer::AesCbc | Transformer::AesGcm | Transformer::Secretbox => {
            Ok(Sealed { transformer, provider: None, key: Some(name), seal: None })
        }
    }
}

/// Reads a data key of KMS v1. Source: k8s.io/apiserver, storage/value/encrypt/envelope: its length in two bytes, big
/// endian, before it.
fn key_of_v1(body: &[u8]) -> Result<Seal, &'static str> {
    const SHORT: &str = "its data key is cut off";
    let (length, rest) = body.split_first_chunk::<2>().ok_or(SHORT)?;
    let key =
        rest.get(..usize::from(u16::from_be_bytes(*length))).filter(|key| !key.is_empty()).ok_or(SHORT)?;
    Ok(Seal { kind: SealKind::Key, digest: Digest::of(key), annotations: Vec::new() })
}

fn form(value: &[u8]) -> Form {
    if value.starts_with(b"k8s\0") {
        Form::Protobuf
    } else if value.trim_ascii_start().starts_with(b"{") {
        Form::Json
    } else if value.starts_with(b"\xd9\xd9\xf7") {
        Form::Cbor
    } else {
        Form::Other
    }
}

#[cfg(test)]
mod tests;
