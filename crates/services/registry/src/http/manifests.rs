//! Manifests: pulled, pushed, deleted, and what refers to them.

use http::{HeaderName, HeaderValue, StatusCode, header};
use ringwall_oci::{Digest, MAX_MANIFEST_BYTES, Manifest, OciError, Push, Reference, RepositoryKey, Tag};
use ringwall_server::{Answer, Body, Refusal};
use serde_json::{Map, Value, json};

use super::blobs::entity_tag;
use super::query::{Query, next_page};
use super::session::Session;
use crate::answer::Builder;
use crate::error::{Failure, Result};
use crate::gate::{Action, Gate, Verdict};

/// Tags of one push by digest. The specification asks for at least 10.
const MAX_PUSHED_TAGS: usize = 100;

/// Referrers of one page. Their annotations are most of what is sent.
const REFERRERS_PAGE: usize = 100;

/// Bytes of annotations of one page, above which it ends early.
const REFERRERS_BYTES: usize = 4 << 20;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

const OCI_SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
const OCI_TAG: HeaderName = HeaderName::from_static("oci-tag");
const FILTERS_APPLIED: HeaderName = HeaderName::from_static("oci-filters-applied");

impl<G: Gate> Session<'_, G> {
    /// `GET` and `HEAD /v2/NAME/manifests/REFERENCE`.
    ///
    /// Source: OCI *Distribution Specification*, "Pulling manifests".
    pub(crate) async fn read_manifest(
        &self,
        key: &RepositoryKey,
        reference: &str,
        is_head: bool,
    ) -> Result<Answer> {
        let reference = sought(reference)?;
        let parameters = json!({ "imageIds": [id_of(&reference)] });
        self.permitted(Action::BatchGetImage, Some(key), parameters, self.manifest(key, &reference, is_head))
            .await
    }

    async fn manifest(&self, key: &RepositoryKey, reference: &Reference, is_head: bool) -> Result<Answer> {
        let Manifest { image, bytes } = match is_head {
            true => {
                let found = self.registry().manifest(key, reference).await?;
                found.ok_or_else(|| OciError::NoManifest(reference.to_string()))?
            }
            false => {
                let counts = self.service.gate.counts(&self.principal);
                self.registry().pull_manifest(key, reference, counts).await?
            }
        };
        match self.service.gate.judge(&self.principal, key, &image).await {
            Verdict::Permitted(()) => {}
            Verdict::Denied(reason) => return Err(Failure::denied(reason)),
            Verdict::Unavailable => return Err(Failure::unavailable()),
        }
        let tag = entity_tag(&image.digest);
        if self.head.header("if-none-match") == Some(tag.as_str()) {
            return Ok(Builder::new(StatusCode::NOT_MODIFIED).text(header::ETAG, &tag)?.done());
        }
        let answer = Builder::new(StatusCode::OK)
            .text(header::CONTENT_TYPE, &image.media_type)?
            .text(header::ETAG, &tag)?
            .digest(&image.digest)?;
        let length = u64::try_from(bytes.len()).unwrap_or_default();
        Ok(if is_head { answer.length(length).done() } else { answer.body(bytes) })
    }

    /// `PUT /v2/NAME/manifests/REFERENCE`, by digest also with `?tag=TAG&tag=TAG`.
    ///
    /// Source: OCI *Distribution Specification*, "Pushing Manifests".
    pub(crate) async fn push_manifest(
        &self,
        key: &RepositoryKey,
        reference: &str,
        query: &Query,
        body: &mut Option<Body>,
    ) -> Result<Answer> {
        let reference = reference.parse()?;
        let parameters = match &reference {
            Reference::Tag(tag) => json!({ "imageTag": tag.as_str() }),
            Reference::Digest(digest) => json!({ "imageDigest": digest.as_str() }),
        };
        self.permitted(Action::PutImage, Some(key), parameters, self.push(key, reference, query, body)).await
    }

    async fn push(
        &self,
        key: &RepositoryKey,
        reference: Reference,
        query: &Query,
        body: &mut Option<Body>,
    ) -> Result<Answer> {
        let (digest, tags) = match reference {
            Reference::Tag(tag) => (None, vec![tag]),
            Reference::Digest(digest) => {
                let tags: std::result::Result<Vec<Tag>, _> = query.all("tag").map(str::parse).collect();
                (Some(digest), tags?)
            }
        };
        let by_parameter = digest.is_some();
        if tags.len() > MAX_PUSHED_TAGS {
            let message = format!("a push sets at most {MAX_PUSHED_TAGS} tags");
            return Err(Failure::new(StatusCode::URI_TOO_LONG, "UNSUPPORTED", message));
        }
        let media_type = self.head.header("content-type").map(without_parameters);
        let bytes = match body {
            Some(body) => body.whole(MAX_MANIFEST_BYTES).await.map_err(|refusal| match refusal {
                Refusal::BodyTooLarge { .. } => Failure::from(OciError::ManifestTooLarge),
                refusal => refusal.into(),
            })?,
            None => return Err(Failure::bad_request("MANIFEST_INVALID", "there is no body")),
        };
        let push = Push { tags: tags.clone(), digest, media_type, bytes };
        let pushed = match self.registry().push_manifest(key, push.clone()).await {
            Err(OciError::NoRepository(_)) => {
                self.create(key).await?;
                self.registry().push_manifest(key, push).await?
            }
            pushed => pushed?,
        };
        let digest = &pushed.image.digest;
        let mut answer = Builder::new(StatusCode::CREATED)
            .location(&format!("/v2/{}/manifests/{digest}", key.name()))?
            .digest(digest)?;
        if let Some(subject) = &pushed.image.subject {
            answer = answer.text(OCI_SUBJECT, subject.as_str())?;
        }
        for tag in tags.iter().filter(|_| by_parameter) {
            answer = answer.text(OCI_TAG, tag.as_str())?;
        }
        Ok(answer.done())
    }

    /// `DELETE /v2/NAME/manifests/REFERENCE`: a tag, or an image with all its tags.
    ///
    /// Source: OCI *Distribution Specification*, "Deleting tags" and "Deleting Manifests".
    pub(crate) async fn delete_manifest(&self, key: &RepositoryKey, reference: &str) -> Result<Answer> {
        let reference = sought(reference)?;
        let parameters = json!({ "imageIds": [id_of(&reference)] });
        self.permitted(Action::BatchDeleteImage, Some(key), parameters, async {
            match &reference {
                Reference::Tag(tag) => self.registry().delete_tag(key, tag).await?,
                Reference::Digest(digest) => self.registry().delete_image(key, digest, false).await?,
            };
            Ok(Builder::new(StatusCode::ACCEPTED).done())
        })
        .await
    }

    /// `GET /v2/NAME/referrers/DIGEST`.
    ///
    /// Source: OCI *Distribution Specification*, "Listing Referrers".
    pub(crate) async fn referrers(&self, key: &RepositoryKey, digest: &str, query: &Query) -> Result<Answer> {
        let subject: Digest = digest.parse()?;
        let parameters = json!({ "subjectId": { "imageDigest": subject.as_str() } });
        self.permitted(
            Action::ListImageReferrers,
            Some(key),
            parameters,
            self.referring(key, &subject, query),
        )
        .await
    }

    async fn referring(&self, key: &RepositoryKey, subject: &Digest, query: &Query) -> Result<Answer> {
        let filter = query.first("artifactType").filter(|filter| !filter.is_empty());
        let after: Option<Digest> = query.first("last").map(str::parse).transpose()?;
        let found = self
            .registry()
            .referrers(key, subject, filter, after.as_ref(), REFERRERS_PAGE.saturating_add(1))
            .await?;
        let mut manifests = Vec::new();
        let (mut bytes, mut next) = (0_usize, None);
        let mut last: Option<Digest> = None;
        for referrer in found {
            if manifests.len() >= REFERRERS_PAGE || bytes > REFERRERS_BYTES {
                next = last;
                break;
            }
            let mut descriptor = Map::new();
            descriptor.insert("mediaType".into(), referrer.media_type.into());
            descriptor.insert("digest".into(), referrer.digest.as_str().into());
            descriptor.insert("size".into(), referrer.size.into());
            if let Some(kind) = referrer.artifact_type.filter(|kind| !kind.is_empty()) {
                descriptor.insert("artifactType".into(), kind.into());
            }
            if !referrer.annotations.is_empty() {
                bytes = bytes.saturating_add(size_of(&referrer.annotations));
                descriptor.insert("annotations".into(), Value::Object(referrer.annotations));
            }
            manifests.push(Value::Object(descriptor));
            last = Some(referrer.digest);
        }
        let mut answer =
            Builder::new(StatusCode::OK).value(header::CONTENT_TYPE, HeaderValue::from_static(INDEX));
        if filter.is_some() {
            answer = answer.value(FILTERS_APPLIED, HeaderValue::from_static("artifactType"));
        }
        if let Some(last) = &next {
            let path = format!("/v2/{}/referrers/{subject}", key.name());
            let mut parameters = vec![("last", last.as_str())];
            parameters.extend(filter.map(|filter| ("artifactType", filter)));
            answer = answer.text(header::LINK, &next_page(&path, &parameters))?;
        }
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
        Ok(answer.body(index.to_string()))
    }
}

/// What is looked for. What is no reference is not there, as a client is told that asks for one that is no tag.
fn sought(reference: &str) -> Result<Reference> {
    reference.parse().map_err(|error| match error {
        OciError::BadTag(tag) => OciError::NoManifest(tag).into(),
        error => error.into(),
    })
}

/// An image as ECR's API names it.
fn id_of(reference: &Reference) -> Value {
    match reference {
        Reference::Tag(tag) => json!({ "imageTag": tag.as_str() }),
        Reference::Digest(digest) => json!({ "imageDigest": digest.as_str() }),
    }
}

fn without_parameters(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_owned()
}

/// About how many bytes annotations are when they are sent.
fn size_of(annotations: &Map<String, Value>) -> usize {
    annotations
        .iter()
        .map(|(name, value)| name.len().saturating_add(value.as_str().map_or(8, str::len)))
        .sum()
}
