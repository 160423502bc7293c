//! Images as requests name them.

use ringwall_oci::{Digest, Image, Reference, Tag};
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{Found, content};
use super::{error, invalid};
use crate::call::Call;
use crate::error::{ApiError, Result};

/// `ImageIdentifier` of the API.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImageId {
    pub(crate) image_digest: Option<String>,
    pub(crate) image_tag: Option<String>,
}

/// What an identifier names, as far as its form goes.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) digest: Option<Digest>,
    pub(crate) tag: Option<Tag>,
}

/// Why an identifier names no image: a code of `ImageFailureCode`, and words for it.
#[derive(Debug)]
pub(crate) struct Unnamed {
    pub(crate) code: &'static str,
    pub(crate) reason: &'static str,
}

/// An image, as it was named.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) digest: String,
    pub(crate) tag: Option<String>,
    pub(crate) image: Image,
}

impl Named {
    /// `ImageIdentifier` of the API.
    pub(crate) fn id(&self) -> Value {
        id(&self.digest, self.tag.as_deref())
    }
}

/// `ImageIdentifier` of the API.
pub(crate) fn id(digest: &str, tag: Option<&str>) -> Value {
    match tag {
        Some(tag) => json!({ "imageDigest": digest, "imageTag": tag }),
        None => json!({ "imageDigest": digest }),
    }
}

impl ImageId {
    /// What it names.
    ///
    /// Source: AWS, *Amazon ECR API Reference*, `ImageFailure`.
    pub(crate) fn read(&self) -> std::result::Result<Wanted, Unnamed> {
        let digest = self.image_digest.as_deref().map(str::parse).transpose();
        let digest: Option<Digest> = digest.map_err(|_| Unnamed {
            code: "InvalidImageDigest",
            reason: "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
        })?;
        let tag = self.image_tag.as_deref().map(str::parse).transpose();
        let tag: Option<Tag> = tag.map_err(|_| Unnamed {
            code: "InvalidImageTag",
            reason: "Invalid request parameters: image tag should satisfy the regex '[a-zA-Z0-9_][a-zA-Z0-9._-]*' and have at most 128 characters",
        })?;
        if digest.is_none() && tag.is_none() {
            let reason = "Invalid request parameters: both tag and digest cannot be null";
            return Err(Unnamed { code: "MissingDigestAndTag", reason });
        }
        Ok(Wanted { digest, tag })
    }

    /// As messages show it.
    pub(crate) fn shown(&self) -> String {
        let text = |text: &Option<String>| {
            text.as_deref().map_or_else(|| "null".to_owned(), |text| text.chars().take(300).collect())
        };
        format!("{{imageDigest:'{}', imageTag:'{}'}}", text(&self.image_digest), text(&self.image_tag))
    }

    /// As answers repeat it.
    pub(crate) fn value(&self) -> Value {
        json!({ "imageDigest": self.image_digest, "imageTag": self.image_tag })
    }
}

impl Wanted {
    /// By what it is looked for: the tag, where there is one.
    pub(crate) fn reference(&self) -> Option<Reference> {
        let tag = self.tag.clone().map(Reference::Tag);
        tag.or_else(|| self.digest.clone().map(Reference::Digest))
    }

    /// Whether the image is the one that the digest names too.
    pub(crate) fn fits(&self, image: &Image) -> std::result::Result<(), Unnamed> {
        match &self.digest {
            Some(digest) if *digest != image.digest => {
                Err(Unnamed { code: "ImageTagDoesNotMatchDigest", reason: "The tag names another image" })
            }
            _ => Ok(()),
        }
    }
}

/// That nothing is named so.
pub(crate) const NOT_FOUND: Unnamed = Unnamed { code: "ImageNotFound", reason: "Requested image not found" };

/// Looks for an image.
///
/// # Errors
///
/// The content's; what names no image is told apart.
pub(crate) async fn find(
    call: &Call<'_>,
    found: &Found,
    wanted: &ImageId,
) -> Result<std::result::Result<Named, Unnamed>> {
    let read = match wanted.read() {
        Ok(read) => read,
        Err(unnamed) => return Ok(Err(unnamed)),
    };
    let Some(reference) = read.reference() else { return Ok(Err(NOT_FOUND)) };
    let image = content(call)?.image(&found.key, &reference).await.map_err(|error| found.failed(&error))?;
    let Some(image) = image else { return Ok(Err(NOT_FOUND)) };
    if let Err(unnamed) = read.fits(&image) {
        return Ok(Err(unnamed));
    }
    let digest = image.digest.as_str().to_owned();
    Ok(Ok(Named { digest, tag: wanted.image_tag.clone(), image }))
}

/// The image that a request is about.
///
/// # Errors
///
/// `ImageNotFoundException`, `InvalidParameterException`
pub(crate) async fn identified(call: &Call<'_>, found: &Found, wanted: &ImageId) -> Result<Named> {
    find(call, found, wanted).await?.map_err(|unnamed| match unnamed.code {
        "ImageNotFound" | "ImageTagDoesNotMatchDigest" => not_found(found, wanted),
        _ => invalid(unnamed.reason),
    })
}

/// `ImageNotFoundException`
pub(crate) fn not_found(found: &Found, wanted: &ImageId) -> ApiError {
    error(
        "ImageNotFoundException",
        format!(
            "The image with imageId {} does not exist within the repository with name '{}' in the registry with id '{}'",
            wanted.shown(),
            found.name,
            found.account
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_told_apart() {
        let read = |digest: Option<&str>, tag: Option<&str>| {
            let id = ImageId { image_digest: digest.map(Into::into), image_tag: tag.map(Into::into) };
            id.read().map(|_| ()).map_err(|unnamed| unnamed.code)
        };
        let digest = format!("sha256:{}", "a".repeat(64));
        assert_eq!(read(Some(&digest), None), Ok(()));
        assert_eq!(read(Some(&digest), Some("v1")), Ok(()));
        assert_eq!(read(None, None), Err("MissingDigestAndTag"));
        assert_eq!(read(Some("sha256:zz"), None), Err("InvalidImageDigest"));
        assert_eq!(read(None, Some("a b")), Err("InvalidImageTag"));
    }
}
