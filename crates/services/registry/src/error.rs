//! What went wrong, in the words of OCI's *Distribution Specification*, "Error Codes".

use http::{HeaderName, HeaderValue, StatusCode, header};
use ringwall_oci::OciError;
use ringwall_server::{Answer, Labels, Refusal, Response};
use serde_json::{Value, json};

/// Seconds after which a client may try again what could not be done now.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// Why a request is not answered as it wants to be.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    detail: Option<Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), detail: None, headers: Vec::new() }
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// There is nothing at this path.
    pub(crate) fn no_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, "UNSUPPORTED", "there is nothing at this path")
    }

    /// The path is there and takes other methods.
    pub(crate) fn no_method(allowed: &'static str) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", format!("this path takes {allowed}"))
            .header(header::ALLOW, HeaderValue::from_static(allowed))
    }

    pub(crate) fn denied(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "DENIED", reason)
    }

    /// What can't be found out or done now. The log says why.
    pub(crate) fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", "this can't be done now")
            .header(header::RETRY_AFTER, RETRY_AFTER)
    }

    pub(crate) fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn into_answer(self, operation: &'static str) -> Answer {
        let Self { status, code, message, detail, headers } = self;
        let mut error = json!({ "code": code, "message": message });
        if let (Some(detail), Some(error)) = (detail, error.as_object_mut()) {
            error.insert("detail".to_owned(), detail);
        }
        let mut response = Response::new(status, json!({ "errors": [error] }).to_string());
        response.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response.headers.extend(headers);
        response.labels =
            Labels { service: "registry".into(), operation: operation.into(), code: code.into() };
        response.into()
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::Busy => "TOOMANYREQUESTS",
            Refusal::BodyTooLarge { .. } => "SIZE_INVALID",
            _ => "UNAVAILABLE",
        };
        let failure = Self::new(refusal.status(), code, refusal.to_string());
        match refusal {
            Refusal::Busy | Refusal::TimedOut => failure.header(header::RETRY_AFTER, RETRY_AFTER),
            _ => failure,
        }
    }
}

impl From<OciError> for Failure {
    fn from(error: OciError) -> Self {
        let (status, code) = of(&error);
        match error {
            // Whatever the storage says is for the log.
            OciError::Broken(_) | OciError::Objects(_) | OciError::Store(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the registry's content failed");
                Self::new(status, code, "an internal error")
            }
            // With ECR's words, which clients and people look for.
            OciError::ImmutableTag { tag, .. } => Self::new(
                status,
                code,
                format!(
                    "The image tag '{tag}' already exists and cannot be overwritten because the tag is immutable."
                ),
            ),
            OciError::OutOfOrder { offset, .. } => {
                Self::new(status, code, error.to_string()).header(header::RANGE, range_so_far(offset))
            }
            OciError::BadRange { size } => {
                let failure = Self::new(status, code, error.to_string());
                match HeaderValue::try_from(format!("bytes */{size}")) {
                    Ok(value) => failure.header(header::CONTENT_RANGE, value),
                    Err(_) => failure,
                }
            }
            OciError::MissingBlobs(ref digests) => {
                let detail = digests.iter().map(|digest| json!({ "digest": digest.as_str() })).collect();
                Self { detail: Some(detail), ..Self::new(status, code, error.to_string()) }
            }
            OciError::Contended => {
                Self::new(status, code, error.to_string()).header(header::RETRY_AFTER, RETRY_AFTER)
            }
            error => Self::new(status, code, error.to_string()),
        }
    }
}

/// `0-END` of an upload. Of an empty one it is `0-0`, as CNCF distribution says it, since there is no other way to.
pub(crate) fn range_so_far(offset: u64) -> HeaderValue {
    HeaderValue::try_from(format!("0-{}", offset.saturating_sub(1)))
        .unwrap_or(HeaderValue::from_static("0-0"))
}

fn of(error: &OciError) -> (StatusCode, &'static str) {
    match error {
        OciError::BadName { .. } => (StatusCode::BAD_REQUEST, "NAME_INVALID"),
        OciError::BadTag(_) => (StatusCode::BAD_REQUEST, "MANIFEST_INVALID"),
        OciError::BadDigest { .. } | OciError::WrongDigest { .. } => {
            (StatusCode::BAD_REQUEST, "DIGEST_INVALID")
        }
        OciError::NoRepository(_) => (StatusCode::NOT_FOUND, "NAME_UNKNOWN"),
        OciError::RepositoryExists(_) | OciError::RepositoryNotEmpty(_) => (StatusCode::CONFLICT, "DENIED"),
        OciError::NoBlob(_) => (StatusCode::NOT_FOUND, "BLOB_UNKNOWN"),
        // What the specification asks for where deleting is not possible.
        OciError::BlobInUse(_) => (StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED"),
        OciError::NoUpload(_) => (StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN"),
        OciError::UploadBusy(_) => (StatusCode::CONFLICT, "BLOB_UPLOAD_INVALID"),
        OciError::OutOfOrder { .. } | OciError::BadRange { .. } => {
            (StatusCode::RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID")
        }
        OciError::WrongSize { .. } => (StatusCode::BAD_REQUEST, "SIZE_INVALID"),
        OciError::BlobTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "BLOB_UPLOAD_INVALID"),
        OciError::Body(_) => (StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID"),
        OciError::NoManifest(_) => (StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN"),
        OciError::BadManifest(_) => (StatusCode::BAD_REQUEST, "MANIFEST_INVALID"),
        OciError::ManifestTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "MANIFEST_INVALID"),
        OciError::MissingBlobs(_) => (StatusCode::NOT_FOUND, "MANIFEST_BLOB_UNKNOWN"),
        OciError::ImmutableTag { .. } => (StatusCode::BAD_REQUEST, "TAG_INVALID"),
        OciError::TooManyTags { .. } => (StatusCode::BAD_REQUEST, "MANIFEST_INVALID"),
        OciError::PartOfIndex { .. } => (StatusCode::CONFLICT, "DENIED"),
        OciError::Archived(_) => (StatusCode::FORBIDDEN, "DENIED"),
        OciError::Contended => (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE"),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN"),
    }
}
