//! Uploads, whole or in pieces, and mounts.
//!
//! Source: OCI *Distribution Specification*, "Pushing blobs" and "Mounting a blob from another repository".

use std::ops::Range;

use http::{HeaderName, HeaderValue, StatusCode, header};
use ringwall_oci::{Algorithm, Blob, Digest, OciError, RepositoryKey, Upload};
use ringwall_server::{Answer, Body};
use serde_json::json;

use super::query::Query;
use super::range;
use super::session::Session;
use super::source::Source;
use crate::answer::Builder;
use crate::error::{Failure, Result, range_so_far};
use crate::gate::{Action, Gate};

/// Repositories that are looked at for a mount that names none.
const MOUNT_FROM: usize = 8;

const UPLOAD_UUID: HeaderName = HeaderName::from_static("docker-upload-uuid");

impl<G: Gate> Session<'_, G> {
    /// `POST /v2/NAME/blobs/uploads/`: begins an upload, or does all of it, or mounts.
    pub(crate) async fn begin_upload(
        &self,
        key: &RepositoryKey,
        query: &Query,
        body: &mut Option<Body>,
    ) -> Result<Answer> {
        self.permitted(Action::InitiateLayerUpload, Some(key), json!({}), self.begin(key, query, body)).await
    }

    async fn begin(&self, key: &RepositoryKey, query: &Query, body: &mut Option<Body>) -> Result<Answer> {
        if let Some(digest) = query.first("digest") {
            return self.push_blob(key, &digest.parse()?, body).await;
        }
        if let Some(digest) = query.first("mount")
            && self.service.gate.mounts(self.account()).await
        {
            let mounted = self.mount(key, &digest.parse()?, query.first("from")).await?;
            if let Some(blob) = mounted {
                return created(key, &blob);
            }
        }
        let algorithm = match query.first("digest-algorithm") {
            Some(name) => name.parse()?,
            None => Algorithm::default(),
        };
        let upload = match self.registry().begin_upload(key, algorithm).await {
            Err(OciError::NoRepository(_)) => {
                self.create(key).await?;
                self.registry().begin_upload(key, algorithm).await?
            }
            begun => begun?,
        };
        Ok(state(StatusCode::ACCEPTED, key, &upload)?.done())
    }

    /// A whole blob with one request.
    async fn push_blob(
        &self,
        key: &RepositoryKey,
        digest: &Digest,
        body: &mut Option<Body>,
    ) -> Result<Answer> {
        let whole = async {
            // Looked for first: the body can't be sent twice.
            if self.registry().repository(key).await?.is_none() {
                self.create(key).await?;
            }
            let source = Source::of(body)?;
            let pushed = self.registry().push_blob(key, digest, source.length(), source.stream()).await;
            created(key, &source.settle(pushed).await?)
        };
        let parameters = json!({ "layerDigests": [digest.as_str()] });
        let ended = self.permitted(Action::CompleteLayerUpload, Some(key), parameters, whole);
        self.permitted(Action::UploadLayerPart, Some(key), json!({}), ended).await
    }

    /// Takes a blob over from a repository that the principal may read.
    async fn mount(&self, key: &RepositoryKey, digest: &Digest, from: Option<&str>) -> Result<Option<Blob>> {
        let holders = match from {
            Some(from) => vec![RepositoryKey::new(self.account(), from)?],
            None => self.registry().blob_holders(self.account(), digest, MOUNT_FROM).await?,
        };
        for holder in holders {
            let taken = async {
                match self.registry().mount_blob(&holder, key, digest).await {
                    Err(OciError::NoRepository(_)) => {
                        self.create(key).await?;
                        Ok(self.registry().mount_blob(&holder, key, digest).await?)
                    }
                    mounted => Ok(mounted?),
                }
            };
            let parameters = json!({ "layerDigest": digest.as_str() });
            match self.permitted(Action::GetDownloadUrlForLayer, Some(&holder), parameters, taken).await {
                Ok(Some(blob)) => return Ok(Some(blob)),
                // What may not be read there, or is not there, is uploaded.
                Ok(None) => {}
                Err(failure) if failure.status.is_client_error() => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(None)
    }

    /// `GET /v2/NAME/blobs/uploads/ID`.
    pub(crate) async fn upload(&self, key: &RepositoryKey, id: &str) -> Result<Answer> {
        self.permitted(Action::UploadLayerPart, Some(key), json!({ "uploadId": id }), async {
            let upload = self.registry().upload(key, id).await?;
            Ok(state(StatusCode::NO_CONTENT, key, &upload)?
                .value(header::RANGE, range_so_far(upload.offset))
                .done())
        })
        .await
    }

    /// `PATCH /v2/NAME/blobs/uploads/ID`.
    pub(crate) async fn append_upload(
        &self,
        key: &RepositoryKey,
        id: &str,
        body: &mut Option<Body>,
    ) -> Result<Answer> {
        self.permitted(Action::UploadLayerPart, Some(key), json!({ "uploadId": id }), async {
            let piece = self.piece()?;
            let source = Source::of(body)?;
            let length = length(piece.as_ref(), &source)?;
            let offset = piece.map(|piece| piece.start);
            let appended = self.registry().append_upload(key, id, offset, length, source.stream()).await;
            let upload = Self::told(key, id, source.settle(appended).await)?;
            Ok(state(StatusCode::ACCEPTED, key, &upload)?
                .value(header::RANGE, range_so_far(upload.offset))
                .done())
        })
        .await
    }

    /// `PUT /v2/NAME/blobs/uploads/ID?digest=DIGEST`.
    pub(crate) async fn finish_upload(
        &self,
        key: &RepositoryKey,
        id: &str,
        query: &Query,
        body: &mut Option<Body>,
    ) -> Result<Answer> {
        let digest = query
            .first("digest")
            .ok_or_else(|| Failure::bad_request("DIGEST_INVALID", "the parameter `digest` is missing"))?;
        let digest: Digest = digest.parse()?;
        let parameters = json!({ "uploadId": id, "layerDigests": [digest.as_str()] });
        self.permitted(Action::CompleteLayerUpload, Some(key), parameters, async {
            let piece = self.piece()?;
            let source = Source::of(body)?;
            let length = length(piece.as_ref(), &source)?;
            let offset = piece.map(|piece| piece.start);
            let finished =
                self.registry().finish_upload(key, id, &digest, offset, length, source.stream()).await;
            let blob = Self::told(key, id, source.settle(finished).await)?;
            created(key, &blob)
        })
        .await
    }

    /// `DELETE /v2/NAME/blobs/uploads/ID`.
    pub(crate) async fn cancel_upload(&self, key: &RepositoryKey, id: &str) -> Result<Answer> {
        self.permitted(Action::UploadLayerPart, Some(key), json!({ "uploadId": id }), async {
            self.registry().cancel_upload(key, id).await?;
            Ok(Builder::new(StatusCode::NO_CONTENT).done())
        })
        .await
    }

    /// A client whose piece was out of order is told where the upload is, so that it can go on.
    fn told<T>(key: &RepositoryKey, id: &str, done: Result<T>) -> Result<T> {
        done.map_err(|failure| match failure.status {
            StatusCode::RANGE_NOT_SATISFIABLE => match HeaderValue::try_from(path(key, id)) {
                Ok(path) => failure.header(header::LOCATION, path),
                Err(_) => failure,
            },
            _ => failure,
        })
    }

    /// Where the client says that its piece belongs.
    fn piece(&self) -> Result<Option<Range<u64>>> {
        let Some(header) = self.head.header("content-range") else { return Ok(None) };
        match range::piece(header) {
            Some(piece) => Ok(Some(piece)),
            None => Err(Failure::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "BLOB_UPLOAD_INVALID",
                "`Content-Range` is not of the form FIRST-LAST",
            )),
        }
    }
}

/// How long a piece is, if the client has told. What it has told in two ways has to be the same.
fn length(piece: Option<&Range<u64>>, source: &Source) -> Result<Option<u64>> {
    let ranged = piece.map(|piece| piece.end.saturating_sub(piece.start));
    match (ranged, source.length()) {
        (Some(ranged), Some(sent)) if ranged != sent => Err(Failure::bad_request(
            "SIZE_INVALID",
            format!("`Content-Range` tells of {ranged} bytes, and {sent} are sent"),
        )),
        (ranged, sent) => Ok(ranged.or(sent)),
    }
}

fn path(key: &RepositoryKey, id: &str) -> String {
    format!("/v2/{}/blobs/uploads/{id}", key.name())
}

fn state(status: StatusCode, key: &RepositoryKey, upload: &Upload) -> Result<Builder> {
    Builder::new(status).location(&path(key, &upload.id))?.text(UPLOAD_UUID, &upload.id)
}

fn created(key: &RepositoryKey, blob: &Blob) -> Result<Answer> {
    let path = format!("/v2/{}/blobs/{}", key.name(), blob.digest);
    Ok(Builder::new(StatusCode::CREATED).location(&path)?.digest(&blob.digest)?.done())
}
