//! What nobody needs any more is taken away, while everything goes on.

use crate::error::OciError;
use crate::registry::Registry;

/// What a collection took away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Collected {
    /// Uploads that nobody went on with.
    pub uploads: u64,
    /// Blobs of repositories that no manifest needs.
    pub links: u64,
    /// Blobs that no repository has.
    pub blobs: u64,
    /// Bytes of objects that were deleted.
    pub bytes: u64,
    /// Records of repositories that were deleted, and changes that were kept long enough.
    pub records: u64,
}

impl Registry {
    /// Takes away what nobody needs. Pushes, mounts and pulls go on meanwhile, in this process and in others.
    ///
    /// # Errors
    ///
    /// Those of store and objects. What was taken away before stays away.
    pub async fn collect(&self) -> Result<Collected, OciError> {
        Err(self.unfinished())
    }
}
