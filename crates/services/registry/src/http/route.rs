//! What a path means.
//!
//! Source: OCI *Distribution Specification*, "Endpoints".

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// What is asked for. Names and references are not checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    /// `/v2/`
    Root,
    /// `/token`
    Token,
    /// `/v2/_catalog`
    Catalog,
    /// `/v2/NAME/blobs/DIGEST`
    Blob { name: &'a str, digest: Cow<'a, str> },
    /// `/v2/NAME/blobs/uploads/`
    Uploads { name: &'a str },
    /// `/v2/NAME/blobs/uploads/ID`
    Upload { name: &'a str, id: &'a str },
    /// `/v2/NAME/manifests/REFERENCE`
    Manifest { name: &'a str, reference: Cow<'a, str> },
    /// `/v2/NAME/tags/list`
    Tags { name: &'a str },
    /// `/v2/NAME/referrers/DIGEST`
    Referrers { name: &'a str, digest: Cow<'a, str> },
}

impl<'a> Route<'a> {
    /// Reads a path. It is read from its end, since a name may have parts that are words of the API.
    pub(crate) fn of(path: &'a str) -> Option<Self> {
        match path {
            "/v2/" | "/v2" => return Some(Self::Root),
            "/token" => return Some(Self::Token),
            "/v2/_catalog" => return Some(Self::Catalog),
            _ => {}
        }
        let rest = path.strip_prefix("/v2/")?;
        if let Some(name) = rest.strip_suffix("/tags/list") {
            return Some(Self::Tags { name });
        }
        if let Some(name) =
            rest.strip_suffix("/blobs/uploads/").or_else(|| rest.strip_suffix("/blobs/uploads"))
        {
            return Some(Self::Uploads { name });
        }
        let (before, last) = rest.rsplit_once('/')?;
        if let Some(name) = before.strip_suffix("/blobs/uploads") {
            return Some(Self::Upload { name, id: last });
        }
        let (name, kind) = before.rsplit_once('/')?;
        // Some clients encode the colon of a digest.
        let decoded = percent_decode_str(last).decode_utf8().ok()?;
        match kind {
            "blobs" => Some(Self::Blob { name, digest: decoded }),
            "manifests" => Some(Self::Manifest { name, reference: decoded }),
            "referrers" => Some(Self::Referrers { name, digest: decoded }),
            _ => None,
        }
    }

    /// The repository's name.
    pub(crate) fn name(&self) -> Option<&'a str> {
        match self {
            Self::Root | Self::Token | Self::Catalog => None,
            Self::Blob { name, .. }
            | Self::Uploads { name }
            | Self::Upload { name, .. }
            | Self::Manifest { name, .. }
            | Self::Tags { name }
            | Self::Referrers { name, .. } => Some(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_from_their_end() {
        let blob = |name, digest: &'static str| Some(Route::Blob { name, digest: digest.into() });
        assert_eq!(Route::of("/v2/"), Some(Route::Root));
        assert_eq!(Route::of("/v2/a/b/blobs/sha256:0"), blob("a/b", "sha256:0"));
        assert_eq!(Route::of("/v2/a/b/blobs/sha256%3A0"), blob("a/b", "sha256:0"));
        assert_eq!(Route::of("/v2/a/blobs/uploads/"), Some(Route::Uploads { name: "a" }));
        assert_eq!(Route::of("/v2/a/blobs/uploads"), Some(Route::Uploads { name: "a" }));
        assert_eq!(Route::of("/v2/a/blobs/uploads/x"), Some(Route::Upload { name: "a", id: "x" }));
        assert_eq!(Route::of("/v2/tags/list/tags/list"), Some(Route::Tags { name: "tags/list" }));
        assert_eq!(Route::of("/v2/manifests/blobs/uploads/"), Some(Route::Uploads { name: "manifests" }));
        let manifest = Route::Manifest { name: "blobs/uploads", reference: "latest".into() };
        assert_eq!(Route::of("/v2/blobs/uploads/manifests/latest"), Some(manifest));
        for nothing in
            ["/", "/v1/", "/v2/a", "/v2/a/b", "/v2/a/blob/x", "/v2/manifests/x", "/v2/a/manifests/%ff"]
        {
            assert_eq!(Route::of(nothing), None, "{nothing}");
        }
    }
}
