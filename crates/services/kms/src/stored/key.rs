use thiserror::Error;

use super::Resource;

/// Longest key that is taken: group, resource, namespace and name have 253 bytes each at most.
const MAX_KEY_BYTES: usize = 2048;

/// Whose object lies at a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey<'a> {
    /// Its resource.
    pub resource: Resource,
    /// Its namespace, if it has one.
    pub namespace: Option<&'a str>,
    /// Its name.
    pub name: &'a str,
}

/// A key that is of no object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("it is no key of an object")]
pub struct KeyError;

impl<'a> StoredKey<'a> {
    /// Reads a key below `registry`, which is `/registry` unless kube-apiserver has another `--etcd-prefix`.
    ///
    /// The forms are `/registry/RESOURCE/[NAMESPACE/]NAME` and `/registry/GROUP/RESOURCE/[NAMESPACE/]NAME`. They are told
    /// apart by the dot that each group in a key has and no resource.
    pub fn parse(registry: &str, key: &'a [u8]) -> Result<Self, KeyError> {
        if key.len() > MAX_KEY_BYTES {
            return Err(KeyError);
        }
        let key = std::str::from_utf8(key).map_err(|_| KeyError)?;
        let path = key.strip_prefix(registry).and_then(|path| path.strip_prefix('/')).ok_or(KeyError)?;
        let parts: Vec<&str> = path.split('/').collect();
        if parts.iter().any(|part| part.is_empty()) {
            return Err(KeyError);
        }
        let (resource, place) = match parts.as_slice() {
            [group, resource, place @ ..] if group.contains('.') => {
                (Resource::of_group(group, resource), place)
            }
            ["services", kind @ ("specs" | "endpoints"), place @ ..] => {
                let name = if *kind == "specs" { "services/specs" } else { "services/endpoints" };
                (Resource::built_in(name), place)
            }
            [resource, place @ ..] => (Resource::built_in(resource), place),
            [] => return Err(KeyError),
        };
        match place {
            [name] => Ok(Self { resource, namespace: None, name }),
            [namespace, name] => Ok(Self { resource, namespace: Some(namespace), name }),
            _ => Err(KeyError),
        }
    }
}
