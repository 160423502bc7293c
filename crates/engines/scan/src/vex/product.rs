//! What a statement is about.

use crate::purl::{Purl, parse};

/// A package, or an image and perhaps a package in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Product {
    name: Name,
    /// The parts of the product that it is about; all of it if there are none.
    parts: Vec<Name>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    Package(Purl),
    /// What is no package URL names an image.
    Other(String),
}

impl Name {
    fn new(text: &str) -> Self {
        parse(text).map_or_else(|_| Self::Other(text.to_owned()), Self::Package)
    }

    fn is_package(&self, url: &Purl) -> bool {
        matches!(self, Self::Package(name) if covers(name, url))
    }

    fn is_image(&self, image: &[String]) -> bool {
        image.iter().any(|known| match (self, parse(known)) {
            (Self::Package(name), Ok(url)) => covers(name, &url),
            (Self::Other(name), _) => name == known,
            (Self::Package(_), Err(_)) => false,
        })
    }
}

impl Product {
    pub(super) fn new<'t>(name: &str, parts: impl IntoIterator<Item = &'t str>) -> Self {
        Self { name: Name::new(name), parts: parts.into_iter().map(Name::new).collect() }
    }

    /// Whether a package of this image is meant.
    pub(super) fn is(&self, package: &Purl, image: &[String]) -> bool {
        let part = self.parts.is_empty() || self.parts.iter().any(|part| part.is_package(package));
        (self.name.is_package(package) && self.parts.is_empty()) || (self.name.is_image(image) && part)
    }
}

/// Whether a name that may leave things open is that of this package: a version or a qualifier that it has must be the same.
///
/// Source: OpenVEX specification, "Product identification": a purl without a version is every version.
fn covers(name: &Purl, package: &Purl) -> bool {
    let qualifiers = name.qualifiers.iter().all(|(key, value)| {
        // Where a package is fetched from says nothing of what it is.
        matches!(key.as_str(), "repository_url" | "download_url" | "vcs_url" | "tag")
            || package.qualifier(key).is_none_or(|known| known == value)
    });
    name.kind == package.kind
        && name.namespace == package.namespace
        && name.name == package.name
        && (name.version.is_empty() || name.version == package.version)
        && qualifiers
}
