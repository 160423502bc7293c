//! The OpenID Connect issuer of a cluster: the documents by which AWS, or anyone, checks its service accounts' tokens.
//!
//! A cluster's tokens are only worth something to others if its keys are published where the tokens say (`iss`). A
//! [`Publisher`] takes the keys from the apiserver or from its key files, and writes the two documents, discovery and key set,
//! to a folder, to a bucket of S3 or what speaks like it, or hands them to a [`Served`] that answers by HTTP.
//!
//! # Rotation without a gap
//!
//! - A key is published as soon as the source has it. It may sign once verifiers have seen it, which [`KeyReport::may_sign_at`]
//!   tells: one [`Settings::max_age`] after it was first published.
//! - A key that the source no longer has stays published for [`Settings::retire_after`], so that every token that it signed
//!   lives to its end.
//! - The key set is written before discovery, each whole, and never an empty one. A source that fails changes nothing.
//! - What was published when is kept in a file beside the documents. If that is lost, what the documents hold counts as
//!   published, so that no key disappears.
//! - Documents that are served are there from the start, as they were before it ([`Publisher::recall`]), whether or not the
//!   source can be asked.
//!
//! Sources: OpenID Connect Discovery 1.0, 4; RFC 7517; RFC 7518, 6; Kubernetes, *Managing Service Accounts*, "Service account
//! issuer discovery"; amazon-eks-pod-identity-webhook v0.6.17, `SELF_HOSTED_SETUP.md`, `hack/self-hosted/main.go`.

mod document;
mod error;
mod folder;
mod key;
mod metrics;
mod publisher;
pub(crate) mod rotation;
mod served;
mod settings;
mod source;
pub(crate) mod token;

pub use self::document::{DISCOVERY_PATH, Documents, KEYS_PATH, check_issuer};
pub use self::error::IssuerError;
pub use self::key::{Key, Keys, MAX_KEYS};
pub use self::publisher::{Published, Publisher};
pub use self::rotation::{KeyReport, Phase};
pub use self::served::Served;
pub use self::settings::{DEFAULT_EVERY, DEFAULT_MAX_AGE, DEFAULT_RETIRE_AFTER, KeySource, Settings, Target};
