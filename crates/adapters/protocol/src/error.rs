use crate::limits::{MAX_BODY, MAX_UPLOAD_BODY};
use crate::model::{Operation, Protocol, Service};
use crate::shown::bounded;
use crate::write::{Accept, Answer, Fault, write_fault};

/// Why a request could not be routed or read, in the words of the service that it was meant for.
///
/// No value of a sensitive member is in it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{code}: {message}")]
pub struct WireError {
    /// The service, as far as the request told it.
    pub service: Option<&'static Service>,
    /// The error's code, such as `ValidationException`.
    pub code: &'static str,
    /// What the caller is told.
    pub message: String,
    /// The HTTP status.
    pub status: u16,
    protocol: Protocol,
}

impl WireError {
    /// The answer to an operation that the model knows and nobody serves.
    #[must_use]
    pub fn unknown_operation(operation: &Operation) -> Self {
        Self::unknown(Target::of(operation.service()), operation.name())
    }

    /// It as an answer.
    #[must_use]
    pub fn answer(&self, accept: Accept, request_id: &str) -> Answer {
        let fault = Fault { code: self.code, message: &self.message, status: Some(self.status), fields: &[] };
        write_fault(self.protocol, self.service, &fault, accept, request_id)
    }

    /// Nothing is known by this name, which may be anything that a client sent.
    pub(crate) fn unknown(target: Target, name: &str) -> Self {
        let name = bounded(name);
        match (target.protocol, target.service) {
            (Protocol::Query, Some(service)) => {
                let message = format!("Could not find operation {name} for version {}", service.api_version);
                target.error("InvalidAction", 400, message)
            }
            (Protocol::Query | Protocol::Ec2, _) => target.error(
                "InvalidAction",
                400,
                format!("The action {name} is not valid for this web service."),
            ),
            (Protocol::Json, _) => {
                target.error("UnknownOperationException", 400, format!("Unknown operation {name}"))
            }
            (Protocol::RestJson, _) => {
                target.error("UnknownOperationException", 404, format!("Unknown operation {name}"))
            }
        }
    }
}

/// Whom a request was for, as far as it is known: what decides on the form of an error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) protocol: Protocol,
    pub(crate) service: Option<&'static Service>,
}

impl Target {
    pub(crate) fn of(service: &'static Service) -> Self {
        Self { protocol: service.protocol, service: Some(service) }
    }

    pub(crate) fn error(self, code: &'static str, status: u16, message: String) -> WireError {
        WireError { service: self.service, code, message, status, protocol: self.protocol }
    }

    /// The most bytes that a body may have.
    pub(crate) fn max_body(self) -> usize {
        if self.is_ecr() { MAX_UPLOAD_BODY } else { MAX_BODY }
    }

    fn is_ecr(self) -> bool {
        self.service.is_some_and(|service| service.name == "ecr")
    }

    /// What is no text of its protocol.
    pub(crate) fn malformed(self, message: impl Into<String>) -> WireError {
        let (code, status) = match self.protocol {
            // Source: AWS, *IAM API Reference*, Common Errors.
            Protocol::Query | Protocol::Ec2 => ("MalformedQueryString", 404),
            Protocol::Json | Protocol::RestJson => ("SerializationException", 400),
        };
        self.error(code, status, message.into())
    }

    /// A value of another type than the member's.
    pub(crate) fn wrong_type(self, message: String) -> WireError {
        let code = match self.protocol {
            Protocol::Query => "MalformedInput",
            Protocol::Ec2 => "InvalidParameterValue",
            Protocol::Json | Protocol::RestJson => "SerializationException",
        };
        self.error(code, 400, message)
    }

    pub(crate) fn media_type(self, expected: &str) -> WireError {
        self.error("UnsupportedMediaType", 415, format!("The content type of the body has to be {expected}"))
    }

    pub(crate) fn too_large(self, what: &str, limit: usize) -> WireError {
        self.error("RequestEntityTooLarge", 413, format!("The request has more than {limit} {what}"))
    }

    /// Violations of the model's constraints, told in one message.
    pub(crate) fn invalid(self, message: String) -> WireError {
        let code = match self.protocol {
            // Source: AWS, *IAM API Reference* and *STS API Reference*, Common Errors.
            Protocol::Query => "ValidationError",
            Protocol::Ec2 => "InvalidParameterValue",
            // The code that the SDKs of these services know.
            Protocol::RestJson => "InvalidParameterException",
            // Source: botocore's model of ECR: every operation has it, and by no means every one `ValidationException`.
            Protocol::Json if self.is_ecr() => "InvalidParameterException",
            Protocol::Json => "ValidationException",
        };
        self.error(code, 400, message)
    }
}
