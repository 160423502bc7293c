//! Names of images, as people and pods write them.

use std::fmt;
use std::str::FromStr;

use crate::digest::ImageDigest;
use crate::error::SourceError;

/// Where names without a registry are. Source: distribution, `reference` package, "familiar names".
const DEFAULT_REGISTRY: &str = "docker.io";
/// Under which name that registry answers.
const DEFAULT_REGISTRY_HOST: &str = "registry-1.docker.io";
/// Longest repository and tag. Source: OCI Distribution 1.1, "Pulling manifests"; distribution: 255 for a name.
const MAX_REPOSITORY: usize = 255;
const MAX_TAG: usize = 128;
const MAX_REFERENCE: usize = 1024;

/// An image in a registry: `HOST[:PORT]/REPOSITORY[:TAG][@DIGEST]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    /// `HOST` or `HOST:PORT`, as it is written.
    pub registry: String,
    /// The repository, with its slashes.
    pub repository: String,
    /// The tag; with a digest too, the digest counts.
    pub tag: Option<String>,
    /// The digest.
    pub digest: Option<ImageDigest>,
}

impl Reference {
    /// The tag or digest by which its manifest is asked for; `latest` if it has none.
    pub fn target(&self) -> &str {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.as_str(),
            (None, Some(tag)) => tag,
            (None, None) => "latest",
        }
    }

    /// The host that answers for its registry.
    pub fn host(&self) -> &str {
        if self.registry == DEFAULT_REGISTRY { DEFAULT_REGISTRY_HOST } else { &self.registry }
    }

    /// `HOST/REPOSITORY`, as rules name it.
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }
}

impl FromStr for Reference {
    type Err = SourceError;

    /// Source: distribution, `reference` package: the grammar, and how a name without registry is read.
    fn from_str(text: &str) -> Result<Self, SourceError> {
        let refuse = |why| SourceError::Reference { reference: text.chars().take(300).collect(), why };
        if text.len() > MAX_REFERENCE {
            return Err(refuse("it is too long"));
        }
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest.parse().map_err(|_| refuse("its digest is none"))?)),
            None => (text, None),
        };
        // A colon behind the last slash begins the tag; one before it, the port.
        let (name, tag) = match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (name, None),
        };
        if let Some(tag) = tag {
            let first = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            let other = |byte: u8| first(byte) || byte == b'.' || byte == b'-';
            if tag.len() > MAX_TAG || !tag.bytes().next().is_some_and(first) || !tag.bytes().all(other) {
                return Err(refuse("its tag is none"));
            }
        }
        let (registry, repository) = match name.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => {
                (first, rest.to_owned())
            }
            Some(_) => (DEFAULT_REGISTRY, name.to_owned()),
            None => (DEFAULT_REGISTRY, format!("library/{name}")),
        };
        let registry = if registry == "index.docker.io" { DEFAULT_REGISTRY } else { registry };
        let host = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
        if registry.is_empty() || !registry.bytes().all(host) {
            return Err(refuse("its registry is none"));
        }
        let part = |part: &str| {
            let ends = |byte: Option<u8>| {
                byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            };
            let inner =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
            ends(part.bytes().next()) && ends(part.bytes().last()) && part.bytes().all(inner)
        };
        if repository.len() > MAX_REPOSITORY || !repository.split('/').all(part) {
            return Err(refuse("its repository is none"));
        }
        Ok(Self { registry: registry.to_owned(), repository, tag: tag.map(str::to_owned), digest })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { registry, repository, tag, digest } = self;
        write!(f, "{registry}/{repository}")?;
        if let Some(tag) = tag {
            write!(f, ":{tag}")?;
        }
        match digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}
