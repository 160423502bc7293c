use crate::digest::Digest;
use crate::manifest::MAX_MANIFEST_BYTES;

/// Why the registry did not do it. Nothing is changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OciError {
    /// A repository's name or account is none. OCI: `NAME_INVALID`.
    #[error("`{name}` is no repository's name: {why}")]
    BadName {
        /// As it was given, cut.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// A tag is none. OCI: `TAG_INVALID`, or `MANIFEST_UNKNOWN` where one is looked for.
    #[error("`{0}` is no tag")]
    BadTag(String),
    /// A digest is none. OCI: `DIGEST_INVALID`.
    #[error("`{text}` is no digest: {why}")]
    BadDigest {
        /// As it was given, cut.
        text: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// There is no such repository. OCI: `NAME_UNKNOWN`.
    #[error("there is no repository `{0}`")]
    NoRepository(String),
    /// There is one of this name. ECR: `RepositoryAlreadyExistsException`.
    #[error("there is a repository `{0}`")]
    RepositoryExists(String),
    /// It holds images. ECR: `RepositoryNotEmptyException`.
    #[error("repository `{0}` holds images")]
    RepositoryNotEmpty(String),
    /// There is no such blob in the repository. OCI: `BLOB_UNKNOWN`.
    #[error("the repository has no blob `{0}`")]
    NoBlob(Digest),
    /// A manifest of the repository needs the blob. OCI: `DENIED`.
    #[error("blob `{0}` belongs to an image")]
    BlobInUse(Digest),
    /// There is no such upload, any more. OCI: `BLOB_UPLOAD_UNKNOWN`.
    #[error("there is no upload `{0}`")]
    NoUpload(String),
    /// Another request writes to the upload. OCI: `BLOB_UPLOAD_INVALID`.
    #[error("upload `{0}` is written to by another request")]
    UploadBusy(String),
    /// A piece does not begin where the upload ends. OCI: `BLOB_UPLOAD_INVALID`, status 416.
    #[error("the piece begins at {given} and the upload has {offset} bytes")]
    OutOfOrder {
        /// Where the piece begins.
        given: u64,
        /// How many bytes there are, which is where the next one has to begin.
        offset: u64,
    },
    /// The content has another digest. OCI: `DIGEST_INVALID`.
    #[error("the content has digest `{found}` and not `{given}`")]
    WrongDigest {
        /// What the client said.
        given: Digest,
        /// What was sent.
        found: Digest,
    },
    /// The content has another length than was said. OCI: `SIZE_INVALID`.
    #[error("{found} bytes came and {given} were said")]
    WrongSize {
        /// What the client said.
        given: u64,
        /// What was sent.
        found: u64,
    },
    /// A blob would be larger than a registry takes. OCI: `BLOB_UPLOAD_INVALID`, status 413.
    #[error("a blob has at most {limit} bytes")]
    BlobTooLarge {
        /// The limit.
        limit: u64,
    },
    /// The client's stream ended before its end. What came before is kept.
    #[error("the content ended before its end")]
    Body(#[source] std::io::Error),
    /// There is no such manifest in the repository. OCI: `MANIFEST_UNKNOWN`.
    #[error("the repository has no manifest `{0}`")]
    NoManifest(String),
    /// A manifest is none, or breaks a limit. OCI: `MANIFEST_INVALID`.
    #[error("the manifest can't be taken: {0}")]
    BadManifest(String),
    /// A manifest is too large. OCI: `MANIFEST_INVALID`, status 413.
    #[error("a manifest has at most {MAX_MANIFEST_BYTES} bytes")]
    ManifestTooLarge,
    /// Blobs that the manifest needs are not in the repository. OCI: `MANIFEST_BLOB_UNKNOWN`.
    #[error("the repository does not have what the manifest needs: {}", list(.0))]
    MissingBlobs(Vec<Digest>),
    /// The tag is immutable and names another image. ECR: `ImageTagAlreadyExistsException`.
    #[error("tag `{tag}` can't be moved from `{digest}`, since it is immutable")]
    ImmutableTag {
        /// The tag.
        tag: String,
        /// What it names.
        digest: Digest,
    },
    /// The image has as many tags as one may have. ECR: `LimitExceededException`.
    #[error("an image has at most {limit} tags")]
    TooManyTags {
        /// The limit.
        limit: usize,
    },
    /// An index needs the image. ECR: `ImageReferencedByManifestList`.
    #[error("image `{digest}` is part of `{index}`")]
    PartOfIndex {
        /// The image.
        digest: Digest,
        /// An index that lists it.
        index: Digest,
    },
    /// The image is archived, or is being activated. ECR: `ImageArchivedException`.
    #[error("image `{0}` is archived")]
    Archived(Digest),
    /// The range is not within the blob. HTTP: 416.
    #[error("the blob has {size} bytes, and the range is not within")]
    BadRange {
        /// The blob's size.
        size: u64,
    },
    /// Somebody else changed the same at the same time, as often as it was tried.
    #[error("too many change the same at the same time")]
    Contended,
    /// What is kept does not fit together. The log says what.
    #[error("what is kept can't be read: {0}")]
    Broken(String),
    /// Objects can't be read or written.
    #[error("objects can't be read or written")]
    Objects(#[from] ringwall_objects::ObjectsError),
    /// The store did not do it.
    #[error("the store failed")]
    Store(#[from] ringwall_store::StoreError),
}

fn list(digests: &[Digest]) -> String {
    digests.iter().map(Digest::as_str).collect::<Vec<_>>().join(", ")
}
