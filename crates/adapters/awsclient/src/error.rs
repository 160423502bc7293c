use std::fmt;

use ringwall_model::error_chain;

use crate::credentials::CredentialsError;
use crate::http::{HttpError, UrlError};

/// Why a client can't be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The extra certificates can't be used, or TLS can't be set up.
    #[error(transparent)]
    Http(#[from] crate::http::SetupError),
    /// A configured endpoint is no URL.
    #[error("{setting}: {source}")]
    Endpoint {
        /// The variable or setting.
        setting: String,
        /// Why.
        source: UrlError,
    },
    /// The region is none: it becomes part of names of hosts.
    #[error("`{0}` is no region: letters, digits and `-`, as in `eu-central-1`")]
    Region(String),
    /// No region is configured.
    #[error("no region is configured: set AWS_REGION, or `region` in the profile")]
    NoRegion,
    /// The profile that is asked for is in neither shared file.
    #[error("there is no profile `{0}` in the shared files")]
    NoProfile(String),
    /// The shared configuration can't be used.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
}

/// What kind of failure a call had: what its caller does next hangs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There were too many calls.
    Throttled,
    /// The caller is known but not allowed, or isn't known.
    Denied,
    /// What the call is about isn't there.
    NotFound,
    /// The call itself is wrong, or what it is about is in no state for it.
    Invalid,
    /// The credentials, or the token that was to be exchanged, are of the past.
    Expired,
    /// The service failed (5xx), or could not be reached, or did not answer in time.
    Unavailable,
    /// There are no credentials to call with.
    NoCredentials,
    /// Anything else, an answer that can't be read among it.
    Other,
}

/// Why a call has no result.
///
/// `Display` holds the service's own message, which may name resources; never a secret.
#[derive(Debug, Clone)]
pub struct CallError {
    /// What was called, as `kms:Decrypt`.
    pub operation: String,
    /// What kind of failure.
    pub kind: ErrorKind,
    /// The service's code, as `AccessDeniedException`, without namespace and URL; empty if there was no answer.
    pub code: String,
    /// The service's message, or ours.
    pub message: String,
    /// The HTTP status; 0 if there was no answer.
    pub status: u16,
    /// What the service calls the request by, for its support.
    pub request_id: Option<String>,
}

impl CallError {
    /// Whether the caller, not the service, has to change something: asking again does not help.
    pub fn is_client_error(&self) -> bool {
        match self.kind {
            ErrorKind::Denied
            | ErrorKind::NotFound
            | ErrorKind::Invalid
            | ErrorKind::Expired
            | ErrorKind::NoCredentials => true,
            ErrorKind::Throttled | ErrorKind::Unavailable => false,
            ErrorKind::Other => (400..500).contains(&self.status),
        }
    }

    pub(crate) fn local(operation: &str, kind: ErrorKind, message: impl fmt::Display) -> Self {
        Self {
            operation: operation.to_owned(),
            kind,
            code: String::new(),
            message: message.to_string(),
            status: 0,
            request_id: None,
        }
    }

    pub(crate) fn http(operation: &str, error: &HttpError) -> Self {
        let kind = if error.is_transient() || matches!(error, HttpError::Tls { .. }) {
            ErrorKind::Unavailable
        } else {
            ErrorKind::Other
        };
        Self::local(operation, kind, error_chain(error))
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: ", self.operation)?;
        match (self.code.as_str(), self.message.as_str()) {
            ("", message) => f.write_str(message)?,
            (code, "") => f.write_str(code)?,
            (code, message) => write!(f, "{code}: {message}")?,
        }
        match &self.request_id {
            Some(id) => write!(f, " (request {id})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for CallError {}

/// The kind of a service's error.
///
/// Source: AWS, *Common Error Types* of the services' API references; the errors of STS, KMS, Secrets Manager, Systems
/// Manager, EKS, EKS Auth and EC2; botocore's `_retry.json` and the standard retry mode's lists for what is throttling.
pub(crate) fn kind(code: &str, status: u16) -> ErrorKind {
    match code {
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "ProvisionedThroughputExceededException"
        | "TransactionInProgressException"
        | "RequestLimitExceeded"
        | "BandwidthLimitExceeded"
        | "LimitExceededException"
        | "SlowDown"
        | "PriorRequestNotComplete"
        | "EC2ThrottledException" => ErrorKind::Throttled,
        "ExpiredToken"
        | "ExpiredTokenException"
        | "ExpiredTokenIdException"
        | "TokenRefreshRequired"
        | "RequestExpired"
        | "IDPRejectedClaimExpired" => ErrorKind::Expired,
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "UnauthorizedAccess"
        | "NotAuthorized"
        | "AuthFailure"
        | "OptInRequired"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "InvalidIdentityToken"
        | "InvalidTokenException"
        | "IDPRejectedClaim" => ErrorKind::Denied,
        "ResourceNotFoundException"
        | "NotFoundException"
        | "NotFound"
        | "NoSuchEntity"
        | "NoSuchBucket"
        | "NoSuchKey"
        | "ParameterNotFound"
        | "ParameterVersionNotFound"
        | "AliasNotFoundException" => ErrorKind::NotFound,
        "KMSInternalException"
        | "DependencyTimeoutException"
        | "KeyUnavailableException"
        | "InternalFailure"
        | "InternalError"
        | "InternalServerError"
        | "InternalServerException"
        | "InternalServiceError"
        | "InternalServiceErrorException"
        | "ServerException"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "RequestTimeout"
        | "RequestTimeoutException"
        | "IDPCommunicationError" => ErrorKind::Unavailable,
        code if code.ends_with(".NotFound") => ErrorKind::NotFound,
        _ => match status {
            429 => ErrorKind::Throttled,
            401 | 403 => ErrorKind::Denied,
            404 => ErrorKind::NotFound,
            400..500 => ErrorKind::Invalid,
            500.. => ErrorKind::Unavailable,
            _ => ErrorKind::Other,
        },
    }
}
