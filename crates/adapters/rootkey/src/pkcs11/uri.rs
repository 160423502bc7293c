use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::percent_decode_str;

use crate::source::absolute;
use crate::{RootKeyError, SecretSource};

/// A URI of RFC 7512 that names an AES key on a token, the module to speak to it with, and where the PIN is.
///
/// `pkcs11:token=LABEL;object=LABEL?module-path=PATH&pin-source=file:PATH`, with `serial`, `id` and `type=secret-key` if
/// wanted. `pin-source` also takes `env:NAME`. `pin-value` is refused, since a URI is no place for a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pkcs11Uri {
    text: String,
    pub(super) token: String,
    pub(super) serial: Option<String>,
    pub(super) object: String,
    pub(super) id: Option<Vec<u8>>,
    pub(super) module: PathBuf,
    pub(super) pin: SecretSource,
}

const PATH_ATTRIBUTES: [&str; 5] = ["token", "serial", "object", "id", "type"];
const QUERY_ATTRIBUTES: [&str; 2] = ["module-path", "pin-source"];

impl FromStr for Pkcs11Uri {
    type Err = RootKeyError;

    fn from_str(text: &str) -> Result<Self, RootKeyError> {
        let wrong = RootKeyError::Source;
        let rest = text.strip_prefix("pkcs11:").ok_or(wrong("it is no `pkcs11:` URI"))?;
        let (path, query) = rest.split_once('?').ok_or(wrong("the URI has no `?module-path=`"))?;
        let mut path = attributes(path, ';', &PATH_ATTRIBUTES)?;
        let mut query = attributes(query, '&', &QUERY_ATTRIBUTES)?;
        if path.remove("type").is_some_and(|class| class != b"secret-key") {
            return Err(wrong("the URI's `type` is not `secret-key`"));
        }
        let id = path.remove("id");
        let mut text_of = |name, missing| path.remove(name).map(utf8).transpose()?.ok_or(wrong(missing));
        let token = text_of("token", "the URI has no `token`")?;
        let object = text_of("object", "the URI has no `object`")?;
        let serial = path.remove("serial").map(utf8).transpose()?;
        let mut text_of = |name, missing| query.remove(name).map(utf8).transpose()?.ok_or(wrong(missing));
        let module = absolute(&text_of("module-path", "the URI has no `module-path`")?)?;
        let pin = text_of("pin-source", "the URI has no `pin-source`")?.parse()?;
        Ok(Self { text: text.to_owned(), token, serial, object, id, module, pin })
    }
}

impl fmt::Display for Pkcs11Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Names and values, percent-decoded. RFC 7512, section 2.3: none may be given twice.
fn attributes<'a>(
    list: &'a str,
    separator: char,
    known: &[&str],
) -> Result<BTreeMap<&'a str, Vec<u8>>, RootKeyError> {
    let mut attributes = BTreeMap::new();
    for attribute in list.split(separator) {
        let (name, value) =
            attribute.split_once('=').ok_or(RootKeyError::Source("the URI has an attribute without `=`"))?;
        if name == "pin-value" {
            return Err(RootKeyError::Source("a URI is no place for a PIN, use `pin-source`"));
        }
        if !known.contains(&name) {
            return Err(RootKeyError::Source("the URI has an attribute that is not used here"));
        }
        if attributes.insert(name, percent_decode_str(value).collect()).is_some() {
            return Err(RootKeyError::Source("the URI has an attribute twice"));
        }
    }
    Ok(attributes)
}

fn utf8(bytes: Vec<u8>) -> Result<String, RootKeyError> {
    String::from_utf8(bytes).map_err(|_| RootKeyError::Source("the URI has a value that is not UTF-8"))
}
