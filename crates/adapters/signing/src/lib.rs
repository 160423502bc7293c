//! Signatures and attestations of images: found beside the image, and checked against what the operator's files trust.
//!
//! ```no_run
//! use ringwall_signing::{Layout, Trust, TrustFiles, check};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let trust = Trust::load(&TrustFiles { keys: vec!["cosign.pub".into()], ..TrustFiles::default() })?;
//! let layout = Layout::open("image".into())?;
//! let report = check(&layout, "v1", &trust).await?;
//! match report.signatures().next() {
//!     Some(accepted) => println!("{} is signed by {:?}", report.digest, accepted.signer),
//!     None => println!("{} is not signed: {}", report.digest, report.why_unsigned()),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What counts
//!
//! - *By a key*: a signature that one of the given public keys checks.
//! - *By an identity*: one that its own certificate's key checks, where that certificate was issued for the identity, leads to
//!   a given root, and was valid at each time that a timestamp (RFC 3161) or a log's promise (Rekor) vouches for. Without any
//!   such time it doesn't count. Fulcio's certificates live ten minutes: what isn't dated proves nothing.
//! - *Of the image*: the digest that is signed is the one that was asked about. The name that is signed with it is no claim.
//!
//! The three forms in which cosign keeps them are read: tags (`sha256-….sig`, `.att`), referrers of OCI 1.1, and bundles of
//! sigstore (version 0.3). The registry is the only one that is asked: no log, no authority, no update of roots.
//!
//! Not looked at: signed certificate timestamps inside of certificates, which are about the log of the issuer and not about the
//! image; revocation, which sigstore doesn't have.

mod bundle;
mod certificate;
mod check;
mod claim;
mod collect;
mod der;
mod digest;
mod error;
#[doc(hidden)]
pub mod fuzz;
mod key;
mod log;
mod sign;
mod source;
mod timestamp;
mod trust;
mod verify;

pub use self::check::{Checked, Report, check};
pub use self::claim::{Claim, MAX_ENVELOPE_BYTES, simple_payload};
pub use self::collect::{Collected, collect};
pub use self::digest::{DigestError, ImageDigest};
pub use self::error::{Refusal, SourceError, TrustError};
pub use self::key::PublicKey;
pub use self::sign::{SignError, SigningKey, sign};
pub use self::source::{
    Credentials, Layout, Manifest, Reference, Referrer, RegistrySettings, Remote, Source,
};
pub use self::trust::{Identity, Trust, TrustFiles};
pub use self::verify::{Accepted, Annotations, Form, Found, Image, Signer, verify};
