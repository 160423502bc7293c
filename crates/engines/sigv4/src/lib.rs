//! AWS Signature Version 4: sign and verify a request.
//!
//! ```
//! use ringwall_model::Secret;
//! use ringwall_sigv4::{Lifetime, Parts, Signer, parse, signing_key};
//!
//! let secret = Secret::from(String::from("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"));
//! let body = b"Action=GetCallerIdentity&Version=2011-06-15";
//! let host = ("host", "sts.eu-central-1.amazonaws.com");
//! let parts = Parts { method: "POST", path: "/", query: None, headers: &[host], authority: None };
//! let now = 1_700_000_000;
//!
//! // The caller's side.
//! let signer = Signer {
//!     access_key_id: "AKIAIOSFODNN7EXAMPLE",
//!     secret: &secret,
//!     session_token: None,
//!     region: "eu-central-1",
//!     service: "sts",
//!     time: now,
//! };
//! let added = signer.headers(&parts, body)?;
//!
//! // The service's side.
//! let mut headers = vec![host];
//! headers.extend(added.iter().map(|(name, value)| (*name, value.as_str())));
//! let parts = Parts { headers: &headers, ..parts };
//! let presented = parse(&parts)?.expect("it is signed");
//! assert_eq!(presented.access_key_id(), "AKIAIOSFODNN7EXAMPLE");
//! let scope = presented.scope();
//! let key = signing_key(&secret, &scope.date, &scope.region, &scope.service)?;
//! presented.verify(body, &key, now, Lifetime::Stated)?;
//! assert!(presented.verify(b"Action=DeleteUser", &key, now, Lifetime::Stated).is_err());
//! # Ok::<(), ringwall_sigv4::SignatureError>(())
//! ```
//!
//! # What is verified
//!
//! Signatures of `AWS4-HMAC-SHA256` in the `Authorization` header or in the query string (presigned), as the SDKs make them for all
//! services but S3: the path normalised and encoded twice, the payload always hashed. Signature Version 4A is refused, and so
//! are payloads that aren't signed or are signed in chunks, which S3 alone has. A [`Signer`] signs for S3 too: the path as it
//! is sent, the payload hashed.
//!
//! What a signature covers has one reading, and what changes a request's meaning is covered:
//!
//! - `host` and every `x-amz-*` header are signed; a signed header is there once. Of other headers those count that
//!   [`Presented::signed_header`] gives.
//! - The names of a presigned request's parameters are spelt as AWS spells them and come once; no two parameters differ in
//!   case only (CVE-2022-2385).
//! - Callers take parameters from [`Parts::query_pairs`] and the path from [`Parts::path_segments`], which read the text just as the
//!   canonical request does.
//!
//! A signature may be replayed until it expires, as on AWS, and no further defence is made here.
//!
//! Source: AWS, *IAM User Guide*, "AWS Signature Version 4 for API requests"; botocore's `auth.py` for what clients do.

mod canonical;
mod encode;
mod error;
mod key;
mod parts;
mod path;
mod presented;
mod query;
mod sign;
mod time;
mod verify;

pub use error::{ErrorKind, SignatureError};
pub use key::{SigningKey, signing_key};
pub use parts::Parts;
pub use presented::{Form, Presented, Scope, parse};
pub use query::Pair;
pub use sign::Signer;
pub use time::Stamp;
pub use verify::{Lifetime, MAX_SKEW};
