//! Why something is not believed, not read, or not found.

use std::path::PathBuf;

use ringwall_http::HttpError;

/// Why a signature doesn't count. It is of what others have written: each is told, none ends the search for another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It can't be read.
    #[error("its {what} can't be read: {why}")]
    Form {
        /// Which part: `payload`, `bundle`, …
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// It is larger than what is read.
    #[error("its {what} is larger than {limit} bytes")]
    TooLarge {
        /// Which part.
        what: &'static str,
        /// How many are read.
        limit: usize,
    },
    /// None of the given keys made it.
    #[error("it is by none of the given keys")]
    Key,
    /// It doesn't fit the key of its own certificate.
    #[error("it is not by the key of its certificate")]
    CertificateKey,
    /// It is a good one, but of another image.
    #[error("it is of `{0}`, another image")]
    OtherImage(String),
    /// It has a certificate, and none are asked for; or the other way round.
    #[error("it has no certificate, and by the given keys it is not")]
    NoSigner,
    /// The certificate doesn't lead to one of the given roots, or didn't at the time.
    #[error("its certificate is not one of the given roots' at {at}: {why}")]
    Chain {
        /// The time of the signature, RFC 3339.
        at: String,
        /// What the path lacks.
        why: String,
    },
    /// The certificate is for other things.
    #[error("its certificate is not for {0}")]
    Usage(&'static str),
    /// The certificate is somebody else's.
    #[error("it is by `{subject}` as `{issuer}` says, who is none of those asked for")]
    Identity {
        /// The certificate's subject: an email address or a URI.
        subject: String,
        /// Who had checked that.
        issuer: String,
    },
    /// Nothing proves when it was made, so nothing tells that the certificate was valid then.
    #[error(
        "nothing proves that it was made while its certificate was valid: it has neither a timestamp nor an entry of a log \
         that the given trust could check"
    )]
    NoTime,
    /// A timestamp that isn't one of it, or not by one of the given authorities.
    #[error("its timestamp doesn't count: {0}")]
    Timestamp(String),
    /// An entry of a transparency log that isn't one of it, or not in one of the given logs.
    #[error("its entry of the log doesn't count: {0}")]
    Log(String),
    /// An entry of a transparency log was asked for.
    #[error("it is in none of the given logs, which was asked for")]
    NoLog,
    /// An attestation of another kind was asked for.
    #[error("it states `{0}`, which was not asked for")]
    PredicateType(String),
}

impl Refusal {
    pub(crate) fn form(what: &'static str, why: impl ToString) -> Self {
        Self::Form { what, why: why.to_string() }
    }
}

/// Why the operator's files of keys and roots can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// The file can't be read.
    #[error("`{path}` can't be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What is in it is not what it should be.
    #[error("`{path}` {why}")]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Nobody is named whose signatures would count.
    #[error(
        "neither a key nor an identity is given: nothing would count (hint: name a public key, or an identity with its issuer and roots)"
    )]
    Nobody,
    /// Identities are named without roots.
    #[error(
        "an identity is given and no roots of its certificate (hint: a PEM file of the certificate authority's roots)"
    )]
    NoRoots,
    /// Identities are named, and nothing that could tell a time.
    #[error(
        "an identity is given, and neither a timestamp authority nor a log's key: nothing could prove when a signature was made"
    )]
    NoClock,
}

/// Why a registry or a layout doesn't tell what it has.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The reference is none.
    #[error("`{reference}` is no reference of an image: {why}")]
    Reference {
        /// What was written.
        reference: String,
        /// What is wrong.
        why: &'static str,
    },
    /// The registry can't be asked.
    #[error("`{host}` can't be asked")]
    Http {
        /// The registry.
        host: String,
        /// Why.
        source: HttpError,
    },
    /// The registry says no.
    #[error("`{host}` answers {status} for `{path}`")]
    Status {
        /// The registry.
        host: String,
        /// What was asked for.
        path: String,
        /// Its answer.
        status: u16,
    },
    /// What it gives is not what was asked for.
    #[error("what `{place}` gives for `{what}` {why}")]
    Content {
        /// The registry or folder.
        place: String,
        /// What was asked for.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// A file of the layout can't be read.
    #[error("`{path}` can't be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no such image.
    #[error("there is no image `{0}`")]
    Missing(String),
    /// More stands beside the image than is read.
    #[error("more than {limit} {what} stand beside the image")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many are read.
        limit: usize,
    },
}
