//! A package URL taken apart, and the package that it names.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::package::{Package, PackageType, SourcePackage};

/// A longer URL is of no package that exists.
const MAX_URL_BYTES: usize = 16 << 10;

/// A package URL's parts, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purl {
    /// The type, in lower case.
    pub kind: String,
    /// Namespace, its segments joined by `/`; empty if there is none.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Version; empty if there is none.
    pub version: String,
    /// Keys in lower case with values that aren't empty, in the order in which they stand.
    pub qualifiers: Vec<(String, String)>,
    /// The path within the package; empty if there is none.
    pub subpath: String,
}

/// Why text is no package URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PurlError {
    /// It doesn't begin with `pkg:`.
    #[error("no package URL, for it doesn't begin with `pkg:`")]
    Scheme,
    /// It is longer than is read.
    #[error("a package URL of more than {MAX_URL_BYTES} bytes")]
    TooLong,
    /// Type or name is missing.
    #[error("a package URL without type or name")]
    Incomplete,
    /// A part is not UTF-8 once it is decoded.
    #[error("a package URL whose `%` encode no UTF-8")]
    Encoding,
}

impl Purl {
    /// The value of a qualifier.
    pub fn qualifier(&self, key: &str) -> Option<&str> {
        self.qualifiers.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

/// Takes a URL apart, from its end, as the specification tells.
///
/// # Errors
///
/// [`PurlError`], if it is none.
pub fn parse(url: &str) -> Result<Purl, PurlError> {
    if url.len() > MAX_URL_BYTES {
        return Err(PurlError::TooLong);
    }
    let (scheme, rest) = url.split_once(':').ok_or(PurlError::Scheme)?;
    if !scheme.eq_ignore_ascii_case("pkg") {
        return Err(PurlError::Scheme);
    }
    let (rest, subpath) = rest.rsplit_once('#').unwrap_or((rest, ""));
    let (rest, qualifiers) = rest.rsplit_once('?').unwrap_or((rest, ""));
    let rest = rest.trim_start_matches('/').trim_end_matches('/');
    let (kind, rest) = rest.split_once('/').ok_or(PurlError::Incomplete)?;
    // A `@` at the start of a segment is a scope of npm that was not encoded.
    let (path, version) = match rest.rsplit_once('@') {
        Some((path, version)) if !path.is_empty() && !path.ends_with('/') && !version.contains('/') => {
            (path, version)
        }
        _ => (rest, ""),
    };
    let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
    if kind.is_empty() || name.is_empty() {
        return Err(PurlError::Incomplete);
    }
    let mut pairs = Vec::new();
    for pair in qualifiers.split('&') {
        if let Some((key, value)) = pair.split_once('=')
            && !value.is_empty()
        {
            pairs.push((key.to_ascii_lowercase(), decode(value)?));
        }
    }
    Ok(Purl {
        kind: kind.to_ascii_lowercase(),
        namespace: segments(namespace)?,
        name: decode(name)?,
        version: decode(version)?,
        qualifiers: pairs,
        subpath: segments(subpath)?,
    })
}

/// The package that a URL names, or nothing if it is of a type that is not read here.
///
/// # Errors
///
/// [`PurlError`], if it is no URL of a package.
pub fn package(url: &str) -> Result<Option<Package>, PurlError> {
    let purl = parse(url)?;
    let Some(kind) = PackageType::from_purl_type(&purl.kind) else { return Ok(None) };
    let joined = |separator: &str| match purl.namespace.is_empty() {
        true => purl.name.clone(),
        false => format!("{}{separator}{}", purl.namespace, purl.name),
    };
    let name = match kind {
        PackageType::Composer | PackageType::Golang | PackageType::Npm => joined("/"),
        PackageType::Maven => joined(":"),
        _ => purl.name.clone(),
    };
    let version = match (kind, purl.qualifier("epoch")) {
        (PackageType::Rpm, Some(epoch)) => format!("{epoch}:{}", purl.version),
        (PackageType::Golang, _) => purl.version.strip_prefix('v').unwrap_or(&purl.version).to_owned(),
        _ => purl.version.clone(),
    };
    let of_distribution = kind.is_of_distribution();
    let source = of_distribution.then(|| source(&purl, &name, &version));
    Ok(Some(Package {
        arch: purl.qualifier("arch").filter(|_| of_distribution).map(str::to_owned),
        source,
        module: purl.qualifier("rpmmod").map(str::to_owned),
        purl: Some(url.to_owned()),
        ..Package::new(kind, name, version)
    }))
}

/// What `upstream` tells, in the forms that [`super::of`] writes; otherwise the package itself.
fn source(purl: &Purl, name: &str, version: &str) -> SourcePackage {
    let own = SourcePackage { name: name.to_owned(), version: version.to_owned() };
    let Some(upstream) = purl.qualifier("upstream") else { return own };
    if let Some(stem) = upstream.strip_suffix(".src.rpm") {
        let epoch = version.split_once(':').map(|(epoch, _)| format!("{epoch}:")).unwrap_or_default();
        let parts = stem.rsplit_once('-').and_then(|(rest, release)| Some((rest.rsplit_once('-')?, release)));
        return match parts {
            Some(((name, upstream), release)) => {
                SourcePackage { name: name.to_owned(), version: format!("{epoch}{upstream}-{release}") }
            }
            None => own,
        };
    }
    match upstream.split_once('@') {
        Some((name, version)) => SourcePackage { name: name.to_owned(), version: version.to_owned() },
        None => SourcePackage { name: upstream.to_owned(), ..own },
    }
}

fn decode(text: &str) -> Result<String, PurlError> {
    percent_decode_str(text).decode_utf8().map(Cow::into_owned).map_err(|_| PurlError::Encoding)
}

/// Each segment is decoded by itself; empty ones and dots are left out.
fn segments(path: &str) -> Result<String, PurlError> {
    let parts = path.split('/').map(decode).collect::<Result<Vec<_>, _>>()?;
    let kept: Vec<String> =
        parts.into_iter().filter(|part| !matches!(part.as_str(), "" | "." | "..")).collect();
    Ok(kept.join("/"))
}
