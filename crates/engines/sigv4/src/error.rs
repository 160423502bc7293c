//! Why a request's signature is refused.

use crate::time::Stamp;

/// Why the signature of a request is refused.
///
/// The words are those of AWS where AWS has words for it, so that what people find by a search holds here as well; they begin
/// with a capital and end with a full stop where AWS's do. No message holds a signature, a key, a token or the canonical
/// request, of which AWS prints some: messages come into logs.
///
/// Source: answers of AWS STS and IAM; AWS, *IAM User Guide*, "Troubleshoot Signature Version 4 request signing".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// There is no signature. [`parse`](crate::parse) gives `None` for it, as some operations are for everybody; who needs a caller
    /// answers this.
    #[error("Missing Authentication Token")]
    MissingAuthenticationToken,
    /// The scheme of the `Authorization` header is none of AWS's (its words could be a password, so they are not shown).
    #[error("the `Authorization` header is not of `AWS4-HMAC-SHA256`")]
    NotAws,
    /// Signature Version 4A, which signs with ECDSA for many regions.
    #[error(
        "`AWS4-ECDSA-P256-SHA256` (Signature Version 4A) is not supported, sign with `AWS4-HMAC-SHA256` for one region"
    )]
    SigV4a,
    /// Another algorithm in `X-Amz-Algorithm`.
    #[error("Unsupported AWS 'algorithm' in the query string, it has to be 'AWS4-HMAC-SHA256'.")]
    Algorithm,
    /// A part of the `Authorization` header without `=`.
    #[error("a part of the Authorization header is not a valid key=value pair (missing equal-sign)")]
    NotKeyValue,
    /// A part of the `Authorization` header that is unknown or there twice.
    #[error(
        "the Authorization header has an unknown or a repeated parameter, it takes 'Credential', 'SignedHeaders' and 'Signature' once each"
    )]
    AuthorizationParameter,
    /// A header that can have one value is there more than once.
    #[error("the header '{0}' is there more than once")]
    Repeated(String),
    /// The `Authorization` header lacks something.
    #[error("Authorization header requires '{0}' parameter.")]
    AuthorizationLacks(&'static str),
    /// No `X-Amz-Date`. AWS also takes `Date`, which no SDK sends.
    #[error("Authorization header requires existence of a 'X-Amz-Date' header.")]
    NoDate,
    /// A presigned request lacks a parameter.
    #[error(
        "AWS query-string parameters must include 'X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Signature', \
         'X-Amz-SignedHeaders' and 'X-Amz-Date'. Re-examine the query-string parameters."
    )]
    QueryLacks,
    /// A parameter of a presigned request is there twice or not spelt as AWS spells it: CVE-2022-2385 came of a verifier
    /// and a service that chose differently.
    #[error("the query-string parameter '{0}' is there more than once, or not in AWS's spelling")]
    AuthParameter(&'static str),
    /// A signature in the header and one in the query string.
    #[error(
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter or the Authorization header should be specified"
    )]
    TwoMechanisms,
    /// A presigned request says in a header what it says in its query.
    #[error("a presigned request can't have the header '{0}', its query string says it")]
    HeaderOfPresigned(&'static str),
    /// Not `keyid/date/region/service/aws4_request`.
    #[error("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term")]
    CredentialElements,
    /// A part of the credential is empty, too long or of other characters.
    #[error("the {0} in Credential is empty, too long or has characters that it can't have")]
    CredentialElement(&'static str),
    /// The last part of the scope.
    #[error("Credential should be scoped with a valid terminator: 'aws4_request'.")]
    Terminator,
    /// The date of the scope is not the day of the signature.
    #[error(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{scope}' != '{day}'."
    )]
    ScopeDate {
        /// As the credential has it, eight digits.
        scope: String,
        /// As `X-Amz-Date` has it, eight digits.
        day: String,
    },
    /// The signature was made for another service.
    #[error("Credential should be scoped to correct service: '{0}'.")]
    ScopeService(String),
    /// The signature was made for another region.
    #[error("Credential should be scoped to a valid region.")]
    ScopeRegion,
    /// `X-Amz-Date` is not like `20240131T235959Z`.
    #[error("Date must be in ISO-8601 'basic format'. See http://en.wikipedia.org/wiki/ISO_8601")]
    Date,
    /// `X-Amz-Expires` is no number of seconds up to a week.
    #[error("X-Amz-Expires must be a non-negative number of seconds, and at most a week: 604800")]
    Expires,
    /// `SignedHeaders` is not in order, has a name twice, or one that is none in lower case.
    #[error("SignedHeaders must be header names in lower case, sorted, each once, with ';' between")]
    SignedHeadersOrder,
    /// The host is not signed, so the request could be replayed elsewhere.
    #[error("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")]
    HostUnsigned,
    /// The request has an `x-amz-*` header that the signature doesn't cover. AWS takes no such header as signed; who put it
    /// there is not known, so it is refused rather than ignored.
    #[error("the header '{0}' must be in SignedHeaders, as all x-amz-* headers")]
    HeaderUnsigned(String),
    /// A signed header is missing, or there more than once so that its value has two readings.
    #[error("the header '{0}' is in SignedHeaders, so it must be in the request, and once")]
    SignedHeader(String),
    /// The signature is not 64 hexadecimal digits in lower case.
    #[error("Signature must be 64 hexadecimal digits in lower case")]
    SignatureForm,
    /// A payload that isn't signed, or in signed chunks: the S3 ways. Nothing else has them.
    #[error("'{0}' payloads are not supported by this service, sign the payload's SHA-256")]
    Payload(&'static str),
    /// The body's hash is not the one in `x-amz-content-sha256`.
    #[error("The provided 'x-amz-content-sha256' header does not match what was computed.")]
    ContentSha256,
    /// The signature is older than it may be.
    #[error("Signature expired: {signed} is now earlier than {earliest} ({now} - {lifetime}).")]
    Expired {
        /// When the request was signed.
        signed: Stamp,
        /// What it should not be earlier than.
        earliest: Stamp,
        /// The time of day here.
        now: Stamp,
        /// How long a signature lasts, as `15 min.`
        lifetime: String,
    },
    /// The signature is of the future: the clocks of the two disagree by more than [`MAX_SKEW`](crate::MAX_SKEW).
    #[error("Signature not yet current: {signed} is still later than {latest} ({now} + 15 min.).")]
    NotYetCurrent {
        /// When the request was signed.
        signed: Stamp,
        /// What it should not be later than.
        latest: Stamp,
        /// The time of day here.
        now: Stamp,
    },
    /// The signature is another one than the request and the caller's key give.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key \
         and signing method. Consult the service documentation for details."
    )]
    DoesNotMatch,
    /// A part of the request is larger than any client makes it.
    #[error("the request's {part} is too large: more than {limit} {unit}")]
    TooLarge {
        /// Which part.
        part: &'static str,
        /// The limit.
        limit: usize,
        /// Of what there may be so many.
        unit: &'static str,
    },
    /// The request is none of HTTP: its method, path or a header has what that can't have.
    #[error("the request's {0} is malformed")]
    Malformed(&'static str),
    /// The query string can't be decoded, or has a name in two spellings that differ in case only.
    #[error("the query string is malformed: {0}")]
    MalformedQuery(&'static str),
    /// A request that is to be signed has what signing adds.
    #[error("the request already has '{0}'")]
    AlreadySigned(&'static str),
    /// The time of day that the caller gives is in no year that AWS can write.
    #[error("the time of day here is out of range")]
    Clock,
    /// The crypto library failed, which it does when there is no memory.
    #[error("the signature could not be computed")]
    Crypto,
}

/// What a service turns a [`SignatureError`] into, since each of AWS's protocols has its own code for it.
///
/// | Kind | Query and EC2 protocols | JSON protocols | HTTP |
/// |---|---|---|---|
/// | `MissingAuthenticationToken` | `MissingAuthenticationToken` | `MissingAuthenticationTokenException` | 403 (JSON: 400) |
/// | `IncompleteSignature` | `IncompleteSignature` | `IncompleteSignatureException` | 400 |
/// | `SignatureDoesNotMatch`, `RequestExpired`, `NotYetCurrent` | `SignatureDoesNotMatch` | `InvalidSignatureException` | 403 (JSON: 400) |
/// | `Malformed` | `MalformedQueryString` | `SerializationException` | 400 |
/// | `Internal` | `InternalFailure` | `InternalFailure` | 500 |
///
/// Whether the access key exists (`InvalidClientTokenId`, `UnrecognizedClientException`) only the service knows.
///
/// Source: AWS, *IAM API Reference*, "Common Error Types"; *KMS API Reference*, "Common Error Types".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no signature.
    MissingAuthenticationToken,
    /// What makes up a signature is not whole or not in AWS's form.
    IncompleteSignature,
    /// A whole signature, but not one of this request.
    SignatureDoesNotMatch,
    /// It was made too long ago.
    RequestExpired,
    /// It is of the future.
    NotYetCurrent,
    /// The request itself can't be read.
    Malformed,
    /// No fault of the caller's.
    Internal,
}

impl SignatureError {
    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::MissingAuthenticationToken => ErrorKind::MissingAuthenticationToken,
            Self::NotAws
            | Self::SigV4a
            | Self::Algorithm
            | Self::NotKeyValue
            | Self::AuthorizationParameter
            | Self::Repeated(_)
            | Self::AuthorizationLacks(_)
            | Self::NoDate
            | Self::QueryLacks
            | Self::AuthParameter(_)
            | Self::TwoMechanisms
            | Self::HeaderOfPresigned(_)
            | Self::CredentialElements
            | Self::CredentialElement(_)
            | Self::Date
            | Self::Expires
            | Self::SignedHeadersOrder
            | Self::SignatureForm
            | Self::Payload(_) => ErrorKind::IncompleteSignature,
            Self::Terminator
            | Self::ScopeDate { .. }
            | Self::ScopeService(_)
            | Self::ScopeRegion
            | Self::HostUnsigned
            | Self::HeaderUnsigned(_)
            | Self::SignedHeader(_)
            | Self::ContentSha256
            | Self::DoesNotMatch => ErrorKind::SignatureDoesNotMatch,
            Self::Expired { .. } => ErrorKind::RequestExpired,
            Self::NotYetCurrent { .. } => ErrorKind::NotYetCurrent,
            Self::TooLarge { .. } | Self::Malformed(_) | Self::MalformedQuery(_) | Self::AlreadySigned(_) => {
                ErrorKind::Malformed
            }
            Self::Clock | Self::Crypto => ErrorKind::Internal,
        }
    }
}
