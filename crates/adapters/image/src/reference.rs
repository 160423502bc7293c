//! Names of images in registries.

use std::fmt;
use std::str::FromStr;

use crate::digest::Digest;

/// Longest name of a repository. Source: distribution's `reference` package.
const MAX_NAME: usize = 255;
/// Longest tag. Source: OCI distribution-spec, "Pulling manifests".
const MAX_TAG: usize = 128;

/// Where names without a host are, and what it calls itself.
const DOCKER: &str = "docker.io";
const DOCKER_HOST: &str = "registry-1.docker.io";

/// An image of a registry, as `registry.example:5000/shop/web:1.2@sha256:…`.
///
/// Written as for Docker: the first part is a host if it has a dot or a colon, or is `localhost`; without a host the image is one
/// of `docker.io`, and with a single part one of its `library`; without a tag or a digest it is `latest`.
///
/// Source: the grammar of `github.com/distribution/reference`, and OCI distribution-spec for names and tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageReference {
    /// The registry's host, with its port if one is written.
    pub registry: String,
    /// The repository.
    pub repository: String,
    /// The tag, if one counts.
    pub tag: Option<String>,
    /// The digest of the manifest; it counts before the tag.
    pub digest: Option<Digest>,
}

/// Not the name of an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReferenceError(&'static str);

impl ImageReference {
    /// The host that is asked.
    pub fn host(&self) -> &str {
        if self.registry == DOCKER { DOCKER_HOST } else { &self.registry }
    }

    /// The part of a manifest's address: digest or tag.
    pub fn what(&self) -> &str {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.as_str(),
            (None, Some(tag)) => tag,
            (None, None) => "latest",
        }
    }
}

impl FromStr for ImageReference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let (text, digest) = match text.split_once('@') {
            Some((text, digest)) => {
                let digest =
                    digest.parse().map_err(|_| ReferenceError("what follows the `@` is no digest"))?;
                (text, Some(digest))
            }
            None => (text, None),
        };
        let (registry, rest) = match text.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
            _ => (DOCKER, text),
        };
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) => (name, Some(tag)),
            None => (rest, None),
        };
        if !is_host(registry) {
            return Err(ReferenceError("its registry is no host"));
        }
        if name.is_empty() || name.len() > MAX_NAME || !name.split('/').all(is_part) {
            return Err(ReferenceError(
                "names of repositories have lower-case letters, digits and single `.`, `_`, `-` between them",
            ));
        }
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(ReferenceError("its tag is none"));
        }
        let registry = if registry == "index.docker.io" { DOCKER } else { registry };
        let is_official = registry == DOCKER && !name.contains('/');
        let repository = if is_official { format!("library/{name}") } else { name.to_owned() };
        let tag = tag.or(if digest.is_none() { Some("latest") } else { None }).map(str::to_owned);
        Ok(Self { registry: registry.to_owned(), repository, tag, digest })
    }
}

/// A name of labels or an address, with a port or without.
fn is_host(text: &str) -> bool {
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((address, port)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let is_end = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return is_end && address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let (name, port) = text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    port.is_none_or(is_port) && name.split('.').all(is_label)
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
fn is_part(part: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = part.as_bytes();
    let ends = bytes.first().zip(bytes.last()).is_some_and(|(first, last)| is_word(*first) && is_word(*last));
    let between = part.split(|letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit());
    ends && between
        .into_iter()
        .all(|gap| matches!(gap, "" | "." | "_" | "__") || gap.bytes().all(|byte| byte == b'-'))
}

fn is_tag(tag: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= MAX_TAG
        && tag.bytes().next().is_some_and(is_word)
        && tag.bytes().all(|byte| is_word(byte) || b".-".contains(&byte))
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_docker_does() {
        let digest = format!("sha256:{}", "0".repeat(64));
        for (text, whole) in [
            ("alpine", "docker.io/library/alpine:latest"),
            ("alpine:3.20", "docker.io/library/alpine:3.20"),
            ("shop/web", "docker.io/shop/web:latest"),
            ("index.docker.io/shop/web:1", "docker.io/shop/web:1"),
            ("localhost/web", "localhost/web:latest"),
            ("localhost:5000/a/b/c:v1", "localhost:5000/a/b/c:v1"),
            ("[::1]:5000/web:v1", "[::1]:5000/web:v1"),
            (
                "111122223333.dkr.ecr.eu-central-1.amazonaws.com/web",
                "111122223333.dkr.ecr.eu-central-1.amazonaws.com/web:latest",
            ),
            ("r.example/a__b/c--d/e.f", "r.example/a__b/c--d/e.f:latest"),
            (&format!("r.example/a:1@{digest}"), &format!("r.example/a:1@{digest}")),
            (&format!("r.example/a@{digest}"), &format!("r.example/a@{digest}")),
        ] {
            assert_eq!(text.parse::<ImageReference>().unwrap().to_string(), whole, "{text}");
        }
        assert_eq!("alpine".parse::<ImageReference>().unwrap().host(), "registry-1.docker.io");
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "",
            "/",
            "./web",
            "../web",
            "/srv/web",
            "Web",
            "a..b",
            "a___b",
            "-a",
            "a-",
            "a/",
            "a//b",
            "a:",
            "a:.b",
            "a@sha256:12",
            "r.example/",
            "r ex.ample/a",
            "a b",
            "http://r.example/a",
            "a:b:c",
        ] {
            assert!(text.parse::<ImageReference>().is_err(), "{text}");
        }
        assert!(format!("a:{}", "b".repeat(129)).parse::<ImageReference>().is_err());
        assert!("a".repeat(256).parse::<ImageReference>().is_err());
    }
}
