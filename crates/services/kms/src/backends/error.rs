use ringwall_awsclient::{CallError, ErrorKind};
use ringwall_envelope::EnvelopeError;
use ringwall_rootkey::RootKeyError;
use thiserror::Error;
use tonic::Code;

/// Whose fault a failure is, and so what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The key is disabled, deleted, not granted; credentials are missing. Somebody has to change that.
    User,
    /// Too many calls.
    Throttled,
    /// What was to be opened is not what was sealed. It says nothing about the backend's health.
    Corruption,
    /// The backend doesn't answer, or says that it can't now.
    Unavailable,
    /// Anything else.
    Internal,
}

impl Class {
    /// The word for it in metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Throttled => "throttled",
            Self::Corruption => "corruption",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// The gRPC status that says it.
    pub fn code(self) -> Code {
        match self {
            Self::User => Code::FailedPrecondition,
            Self::Throttled => Code::ResourceExhausted,
            Self::Corruption => Code::InvalidArgument,
            Self::Unavailable => Code::Unavailable,
            Self::Internal => Code::Internal,
        }
    }
}

/// Why a backend did not seal or open. Its text may name keys; never a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct BackendError {
    /// Whose fault it is.
    pub class: Class,
    /// What happened.
    pub message: String,
}

impl BackendError {
    /// An error of a class.
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self { class, message: message.into() }
    }
}

impl From<CallError> for BackendError {
    /// The classes of aws-encryption-provider, by the same codes of KMS.
    fn from(error: CallError) -> Self {
        let class = match error.code.as_str() {
            "InvalidCiphertextException" | "IncorrectKeyException" => Class::Corruption,
            // AWS answers 500 for the first: the key or its key store can't be used until its owner does something.
            "KeyUnavailableException"
            | "DisabledException"
            | "KMSInvalidStateException"
            | "InvalidKeyUsageException"
            | "InvalidArnException"
            | "InvalidGrantTokenException"
            | "InvalidGrantIdException" => Class::User,
            _ => match error.kind {
                ErrorKind::Throttled => Class::Throttled,
                ErrorKind::Denied | ErrorKind::NotFound | ErrorKind::Expired | ErrorKind::NoCredentials => {
                    Class::User
                }
                ErrorKind::Unavailable => Class::Unavailable,
                ErrorKind::Invalid => Class::User,
                _ => Class::Internal,
            },
        };
        Self::new(class, error.to_string())
    }
}

impl From<EnvelopeError> for BackendError {
    fn from(error: EnvelopeError) -> Self {
        let class = match error {
            EnvelopeError::Malformed(_)
            | EnvelopeError::UnknownFormat(_)
            | EnvelopeError::Refused
            | EnvelopeError::TooLong { .. } => Class::Corruption,
            EnvelopeError::UnknownKey(_) => Class::User,
            _ => Class::Internal,
        };
        Self::new(class, error.to_string())
    }
}

impl From<RootKeyError> for BackendError {
    fn from(error: RootKeyError) -> Self {
        let class = match &error {
            RootKeyError::Malformed(_) | RootKeyError::Refused { .. } | RootKeyError::Kind { .. } => {
                Class::Corruption
            }
            RootKeyError::Envelope(inner) => return inner.clone().into(),
            RootKeyError::Module { .. } => Class::Unavailable,
            _ => Class::User,
        };
        Self::new(class, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(code: &str, kind: ErrorKind, status: u16) -> Class {
        let (operation, message) = ("kms:Decrypt".to_owned(), String::new());
        let error = CallError { operation, kind, code: code.to_owned(), message, status, request_id: None };
        BackendError::from(error).class
    }

    /// Source: AWS, *KMS API Reference*, Decrypt and Encrypt, "Errors"; aws-encryption-provider's error classes.
    #[test]
    fn each_error_of_kms_has_its_class() {
        for (code, kind, status, expected) in [
            ("InvalidCiphertextException", ErrorKind::Invalid, 400, Class::Corruption),
            ("IncorrectKeyException", ErrorKind::Invalid, 400, Class::Corruption),
            ("DisabledException", ErrorKind::Invalid, 400, Class::User),
            ("KMSInvalidStateException", ErrorKind::Invalid, 400, Class::User),
            ("KeyUnavailableException", ErrorKind::Unavailable, 500, Class::User),
            ("NotFoundException", ErrorKind::NotFound, 400, Class::User),
            ("InvalidArnException", ErrorKind::Invalid, 400, Class::User),
            ("InvalidGrantTokenException", ErrorKind::Invalid, 400, Class::User),
            ("AccessDeniedException", ErrorKind::Denied, 400, Class::User),
            ("ExpiredTokenException", ErrorKind::Expired, 400, Class::User),
            ("", ErrorKind::NoCredentials, 0, Class::User),
            ("ThrottlingException", ErrorKind::Throttled, 400, Class::Throttled),
            ("DependencyTimeoutException", ErrorKind::Unavailable, 500, Class::Unavailable),
            ("KMSInternalException", ErrorKind::Unavailable, 500, Class::Unavailable),
            ("", ErrorKind::Unavailable, 0, Class::Unavailable),
            ("", ErrorKind::Other, 200, Class::Internal),
        ] {
            assert_eq!(class(code, kind, status), expected, "{code}");
        }
    }
}
