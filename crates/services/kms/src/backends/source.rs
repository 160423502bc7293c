//! Which backend there is to be, as settings say it. No secret is ever part of the text.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use ringwall_awsclient::http::Url;
use ringwall_awsclient::{Client, Endpoints};
use ringwall_rootkey::{Pkcs11Uri, Source as RootKeySource};

use super::keyring::KeyringBackend;
use super::{Aws, Backend, KeyringFile, Token};
use crate::KmsError;

/// The longest text of a source: that of a PKCS#11 URI with a path or two in it.
const MAX_SOURCE_BYTES: usize = 4096;

/// The longest name of a key: an ARN has 75 to 150 bytes. With its version it stays below what a key id may have.
const MAX_KEY_BYTES: usize = 512;

/// A backend by its text.
///
/// | Text | Backend |
/// |---|---|
/// | `aws-kms:KEY?region=R&endpoint=URL&context.NAME=VALUE` | AWS KMS, or what speaks like it; KEY is an ARN, an id, or `alias/NAME`; all behind the `?` may be left out |
/// | `pkcs11:token=LABEL;object=LABEL?module-path=PATH&pin-source=file:PATH` | an AES-256 key in a token (RFC 7512) |
/// | `keyring:PATH?root-key=SOURCE` | a keyring's file, sealed under a root key (`ringwall_rootkey`'s sources) |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    text: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Aws { key: String, region: Option<String>, endpoint: Option<Url>, context: BTreeMap<String, String> },
    Token(Box<Pkcs11Uri>),
    Keyring(KeyringFile),
}

impl Source {
    /// Whether opening it takes a client of AWS.
    pub fn is_aws(&self) -> bool {
        matches!(self.kind, Kind::Aws { .. })
    }

    /// The region that it names, by its ARN or beside it.
    pub fn region(&self) -> Option<&str> {
        match &self.kind {
            Kind::Aws { region, .. } => region.as_deref(),
            _ => None,
        }
    }

    /// The keyring's file, if it is one.
    pub fn keyring(&self) -> Option<&KeyringFile> {
        match &self.kind {
            Kind::Keyring(file) => Some(file),
            _ => None,
        }
    }

    /// The backend. Nothing is called or read yet.
    ///
    /// # Errors
    ///
    /// If it is one of AWS and there is no client, or its region or endpoint can't be used.
    pub fn open(&self, aws: Option<&Client>) -> Result<Arc<dyn Backend>, KmsError> {
        Ok(match &self.kind {
            Kind::Aws { key, region, endpoint, context } => {
                let mut client = aws.ok_or_else(|| self.wrong("there is no client of AWS"))?.clone();
                if let Some(region) = region {
                    client = client.with_region(region)?;
                }
                if let Some(endpoint) = endpoint {
                    client = client.with_endpoints(Endpoints::all(endpoint.clone()));
                }
                Arc::new(Aws::new(client, key, context.clone()))
            }
            Kind::Token(uri) => Arc::new(Token::new((**uri).clone())),
            Kind::Keyring(file) => Arc::new(KeyringBackend::new(file.clone())),
        })
    }

    fn wrong(&self, why: &str) -> KmsError {
        wrong(&self.text, why)
    }
}

impl FromStr for Source {
    type Err = KmsError;

    fn from_str(text: &str) -> Result<Self, KmsError> {
        if text.len() > MAX_SOURCE_BYTES {
            return Err(wrong("…", "it is too long"));
        }
        let kind = match text.split_once(':') {
            Some(("aws-kms", rest)) => aws(text, rest)?,
            Some(("pkcs11", _)) => Kind::Token(Box::new(text.parse::<Pkcs11Uri>()?)),
            Some(("keyring", rest)) => {
                let (path, root) =
                    rest.split_once("?root-key=").ok_or_else(|| wrong(text, "it has no `?root-key=`"))?;
                let root: RootKeySource = root.parse()?;
                if !path.starts_with('/') {
                    return Err(wrong(text, "the path is not absolute"));
                }
                Kind::Keyring(KeyringFile::new(PathBuf::from(path), root))
            }
            _ => return Err(wrong(text, "it begins with no kind of backend")),
        };
        Ok(Self { text: text.to_owned(), kind })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn aws(text: &str, rest: &str) -> Result<Kind, KmsError> {
    let (key, query) = rest.split_once('?').map_or((rest, None), |(key, query)| (key, Some(query)));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b":/_-".contains(&byte);
    if key.is_empty() || key.len() > MAX_KEY_BYTES || !key.bytes().all(plain) {
        return Err(wrong(text, "behind `aws-kms:` stands no key's ARN, id or alias"));
    }
    let mut region = key.starts_with("arn:").then(|| key.split(':').nth(3)).flatten().map(str::to_owned);
    let (mut endpoint, mut context) = (None, BTreeMap::new());
    for pair in query.into_iter().flat_map(|query| query.split('&')) {
        let (name, value) = pair.split_once('=').ok_or_else(|| wrong(text, "a parameter has no `=`"))?;
        let decode = |part: &str| {
            let decoded = percent_decode_str(part).decode_utf8();
            decoded.map(String::from).map_err(|_| wrong(text, "a parameter is not UTF-8"))
        };
        let value = decode(value)?;
        let twice = match name {
            "region" if region.as_ref().is_some_and(|of| *of != value) => {
                return Err(wrong(text, "`region` is given twice, or is not that of the ARN"));
            }
            "region" => {
                region = Some(value);
                false
            }
            "endpoint" => {
                let url =
                    value.parse::<Url>().map_err(|error| wrong(text, &format!("`endpoint`: {error}")))?;
                endpoint.replace(url).is_some()
            }
            _ => match name.strip_prefix("context.") {
                Some(name) if !name.is_empty() && !name.starts_with("ringwall:") => {
                    context.insert(decode(name)?, value).is_some()
                }
                _ => return Err(wrong(text, "a parameter is none of `region`, `endpoint`, `context.NAME`")),
            },
        };
        if twice {
            return Err(wrong(text, "a parameter is given twice"));
        }
    }
    Ok(Kind::Aws { key: key.to_owned(), region, endpoint, context })
}

fn wrong(text: &str, why: &str) -> KmsError {
    KmsError::Source { text: text.to_owned(), why: why.to_owned() }
}
