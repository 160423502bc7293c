//! Answers that went well.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use ringwall_oci::Digest;
use ringwall_server::{Answer, Content, Response};

use crate::error::{Failure, Result};

pub(crate) const DOCKER_CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// An answer that is put together.
pub(crate) struct Builder(Response);

impl Builder {
    pub(crate) fn new(status: StatusCode) -> Self {
        Self(Response::new(status, Bytes::new()))
    }

    /// A header whose value is of this service's own making.
    pub(crate) fn value(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.append(name, value);
        self
    }

    /// A header whose value holds what a client sent at some time.
    pub(crate) fn text(self, name: HeaderName, text: &str) -> Result<Self> {
        let value = HeaderValue::from_str(text)
            .map_err(|_| Failure::bad_request("UNSUPPORTED", "it can't be told in a header"))?;
        Ok(self.value(name, value))
    }

    pub(crate) fn location(self, path: &str) -> Result<Self> {
        self.text(header::LOCATION, path)
    }

    /// Digest and entity tag, which are the same: content never changes under its digest.
    pub(crate) fn digest(self, digest: &Digest) -> Result<Self> {
        self.text(DOCKER_CONTENT_DIGEST, digest.as_str())
    }

    /// The length of a body that is not sent, since a HEAD asked.
    pub(crate) fn length(self, length: u64) -> Self {
        self.value(header::CONTENT_LENGTH, HeaderValue::from(length))
    }

    pub(crate) fn done(self) -> Answer {
        self.0.into()
    }

    pub(crate) fn body(mut self, bytes: impl Into<Bytes>) -> Answer {
        self.0.body = bytes.into();
        self.0.into()
    }

    pub(crate) fn content(self, content: Content) -> Answer {
        Answer { response: self.0, content: Some(content) }
    }
}
