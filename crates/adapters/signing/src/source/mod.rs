//! Where signatures are: a registry, or an OCI layout in a folder.

mod layout;
mod reference;
mod remote;

use std::future::Future;

pub use self::layout::Layout;
pub use self::reference::Reference;
pub use self::remote::{Credentials, RegistrySettings, Remote};

use crate::digest::ImageDigest;
use crate::error::SourceError;

/// Longest manifest. Source: OCI Distribution 1.1, "Pushing Manifests": registries should take 4 MiB.
pub(crate) const MAX_MANIFEST_BYTES: usize = 4 << 20;

/// A manifest as a source has it: the digest is what it was checked by, or made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Its digest.
    pub digest: ImageDigest,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// One of the manifests that refer to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referrer {
    /// Its digest.
    pub digest: ImageDigest,
    /// `artifactType`; empty if it isn't told.
    pub artifact_type: String,
}

/// What can be asked of a repository, and of nothing beyond it.
pub trait Source: Send + Sync {
    /// The manifest of a tag or digest; `None` if there is none. By digest, its bytes are that digest's.
    fn manifest(&self, reference: &str)
    -> impl Future<Output = Result<Option<Manifest>, SourceError>> + Send;

    /// A blob of at most `limit` bytes, which are the digest's.
    fn blob(
        &self,
        digest: &ImageDigest,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<u8>, SourceError>> + Send;

    /// The manifests whose subject is this one.
    fn referrers(
        &self,
        digest: &ImageDigest,
    ) -> impl Future<Output = Result<Vec<Referrer>, SourceError>> + Send;
}
