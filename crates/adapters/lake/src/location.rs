//! Where a lake is.

use std::path::Path as FilePath;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::path::Path;
use ringwall_awsclient::Client;
use ringwall_objects::Objects;

use crate::error::LakeError;
use crate::layout;
use crate::row::Class;

/// A folder, or a bucket of S3 with a prefix.
#[derive(Clone, Debug)]
pub struct Location {
    objects: Objects,
}

impl Location {
    /// `s3://BUCKET`, `s3://BUCKET/PREFIX`, or a folder. S3 is called as the environment says: see
    /// [`Load`](ringwall_awsclient::Load).
    ///
    /// # Errors
    ///
    /// It is no place, or AWS's settings can't be used. A folder need not be there; nothing is called yet.
    pub fn open(place: &str) -> Result<Self, LakeError> {
        Ok(Self { objects: Objects::open(place)? })
    }

    /// A folder.
    ///
    /// # Errors
    ///
    /// Its name is none.
    pub fn folder(path: &FilePath) -> Result<Self, LakeError> {
        Ok(Self { objects: Objects::folder(path)? })
    }

    /// A bucket, by a client that is there already.
    ///
    /// # Errors
    ///
    /// The prefix can't be one.
    pub fn bucket(client: Client, bucket: &str, prefix: &str) -> Result<Self, LakeError> {
        Ok(Self { objects: Objects::bucket(client, bucket, prefix)? })
    }

    /// What reads and writes its files.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        self.objects.store()
    }

    /// What URLs of its files begin with: `file:///` or `s3://bucket/`.
    pub fn base(&self) -> &str {
        self.objects.base()
    }

    /// The URL of a class's folder, with `/` at its end.
    pub fn url(&self, class: Class) -> String {
        format!("{}{}/", self.base(), self.source(class))
    }

    pub(crate) fn root(&self) -> &Path {
        self.objects.root()
    }

    pub(crate) fn source(&self, class: Class) -> Path {
        layout::source(self.root(), class)
    }
}
