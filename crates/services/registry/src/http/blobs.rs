//! Blobs: read, asked for, deleted.

use http::{HeaderValue, StatusCode, header};
use ringwall_oci::{Digest, OciError, RepositoryKey};
use ringwall_server::{Answer, Content};
use serde_json::json;

use super::range::{Wanted, wanted};
use super::session::Session;
use crate::answer::Builder;
use crate::error::Result;
use crate::gate::{Action, Gate};

impl<G: Gate> Session<'_, G> {
    /// `GET` and `HEAD /v2/NAME/blobs/DIGEST`.
    ///
    /// Source: OCI *Distribution Specification*, "Pulling blobs"; RFC 9110, 13 and 14.
    pub(crate) async fn read_blob(&self, key: &RepositoryKey, digest: &str, is_head: bool) -> Result<Answer> {
        let action =
            if is_head { Action::BatchCheckLayerAvailability } else { Action::GetDownloadUrlForLayer };
        let digest: Digest = digest.parse()?;
        let parameters = match is_head {
            true => json!({ "layerDigests": [digest.as_str()] }),
            false => json!({ "layerDigest": digest.as_str() }),
        };
        self.permitted(action, Some(key), parameters, self.blob(key, &digest, is_head)).await
    }

    async fn blob(&self, key: &RepositoryKey, digest: &Digest, is_head: bool) -> Result<Answer> {
        let tag = entity_tag(digest);
        // A blob never changes, so the range holds for a client that has the beginning of the same one.
        let if_range = self.head.header("if-range").is_none_or(|value| value == tag);
        let range = self.head.header("range").filter(|_| if_range && !is_head);
        let (range, size) = match range {
            None if is_head => {
                let blob = self.registry().stat_blob(key, digest).await?;
                (None, blob.ok_or_else(|| OciError::NoBlob(digest.clone()))?.size)
            }
            None => (None, 0),
            Some(header) => {
                let blob = self.registry().stat_blob(key, digest).await?;
                let size = blob.ok_or_else(|| OciError::NoBlob(digest.clone()))?.size;
                match wanted(Some(header), size) {
                    Wanted::All => (None, size),
                    Wanted::Part(range) => (Some(range), size),
                    Wanted::Outside => return Err(OciError::BadRange { size }.into()),
                }
            }
        };
        let status = if range.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
        let answer = Builder::new(status)
            .value(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"))
            .value(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"))
            .text(header::ETAG, &tag)?
            .digest(digest)?;
        if is_head {
            return Ok(answer.length(size).done());
        }
        if self.head.header("if-none-match") == Some(tag.as_str())
            && self.registry().stat_blob(key, digest).await?.is_some()
        {
            return Ok(Builder::new(StatusCode::NOT_MODIFIED).text(header::ETAG, &tag)?.done());
        }
        let content = self.registry().read_blob(key, digest, range.clone()).await?;
        let answer = match range {
            Some(range) => answer.text(
                header::CONTENT_RANGE,
                &format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1)),
            )?,
            None => answer,
        };
        let length = content.range.end.saturating_sub(content.range.start);
        Ok(answer.content(Content::new(length, content.into_stream())))
    }

    /// `DELETE /v2/NAME/blobs/DIGEST`.
    pub(crate) async fn delete_blob(&self, key: &RepositoryKey, digest: &str) -> Result<Answer> {
        let digest: Digest = digest.parse()?;
        let parameters = json!({ "layerDigest": digest.as_str() });
        self.permitted(Action::BatchDeleteImage, Some(key), parameters, async {
            self.registry().delete_blob(key, &digest).await?;
            Ok(Builder::new(StatusCode::ACCEPTED).done())
        })
        .await
    }
}

/// The entity tag of content: its digest.
pub(crate) fn entity_tag(digest: &Digest) -> String {
    format!("\"{digest}\"")
}
