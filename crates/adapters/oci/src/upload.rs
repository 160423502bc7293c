//! Uploads: begun, grown by pieces that are on the disk before they are answered, finished or cancelled.
//!
//! An upload's record says which extents its bytes are in, and names the extent that is written next before anything is written to
//! it: so no object is without a record that names it. A process goes on with what it has open; another one, or the same after a crash,
//! takes the upload over by naming a new extent, by which the former one's next commit fails.

use std::io;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use ringwall_objects::Extent;
use ringwall_store::{Batch, Expect, Row, StoreError};
use serde::{Deserialize, Serialize};

use crate::blob::{Blob, Bytesource, MAX_INLINE};
use crate::digest::{Algorithm, Digest, Hasher};
use crate::error::OciError;
use crate::name::RepositoryKey;
use crate::registry::Registry;
use crate::sessions::{Claim, Session};

/// Bytes that are hashed and written at a time: many enough that a call of the system and a change of threads don't count, few
/// enough that sixteen uploads at a time take little memory.
const WRITE_BYTES: usize = 512 << 10;

/// Most extents of an upload. To a folder each process adds one, to S3 each piece does.
const MAX_EXTENTS: usize = 8_192;

/// Bytes as they come.
pub type ByteStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// How far an upload is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its id: 32 hexadecimal digits that can't be guessed.
    pub id: String,
    /// How many bytes are on the disk.
    pub offset: u64,
    /// When it was begun.
    pub started_at: Timestamp,
}

/// An upload as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct UploadRecord {
    /// The repository's id.
    pub(crate) repository: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) started_at: Timestamp,
    pub(crate) touched_at: Timestamp,
    /// What is on the disk.
    pub(crate) extents: Vec<Extent>,
    /// The extent that is written next; it may be the last one of those on the disk.
    pub(crate) next: String,
}

impl UploadRecord {
    fn offset(&self) -> u64 {
        self.extents.iter().map(|extent| extent.bytes).sum()
    }

    /// All objects that there may be of it.
    fn objects(&self) -> impl Iterator<Item = Extent> {
        let is_on_disk = self.extents.iter().any(|extent| extent.name == self.next);
        // How much of it there is nobody knows, and need not to delete it.
        let next = (!is_on_disk).then(|| Extent { name: self.next.clone(), bytes: 0, piece: None });
        self.extents.iter().cloned().chain(next)
    }

    fn tell(&self, id: &str) -> Upload {
        Upload { id: id.to_owned(), offset: self.offset(), started_at: self.started_at }
    }
}

impl Registry {
    /// Begins an upload. The algorithm is a guess at which digest comes at the end: with the right one nothing is read again.
    ///
    /// # Errors
    ///
    /// [`OciError::NoRepository`], and those of the store.
    pub async fn begin_upload(&self, key: &RepositoryKey, algorithm: Algorithm) -> Result<Upload, OciError> {
        let repository = self.known(key).await?;
        let now = self.now();
        let id = self.random::<16>()?;
        let record = UploadRecord {
            repository: repository.value.id.clone(),
            algorithm,
            started_at: now,
            touched_at: now,
            extents: Vec::new(),
            next: self.random::<16>()?,
        };
        let mut batch = Batch::new();
        self.inner.uploads.put(&mut batch, key.account(), "", &id, &record, Expect::Absent);
        let revision = self.inner.store.commit(batch).await?;
        let writer = self.inner.objects.writer(&record.next);
        self.inner.sessions.claim(&id)?.leave(Session {
            writer,
            hasher: Some(Hasher::new(algorithm)),
            revision,
        });
        Ok(record.tell(&id))
    }

    /// How far an upload is, in this process or after another one.
    ///
    /// # Errors
    ///
    /// [`OciError::NoUpload`], [`OciError::NoRepository`], and those of the store.
    pub async fn upload(&self, key: &RepositoryKey, id: &str) -> Result<Upload, OciError> {
        Ok(self.upload_row(key, id).await?.value.tell(id))
    }

    async fn upload_row(&self, key: &RepositoryKey, id: &str) -> Result<Row<UploadRecord>, OciError> {
        let repository = self.known(key).await?;
        let found = self.inner.uploads.get(key.account(), "", id).await?;
        let of_this = found.filter(|row| row.value.repository == repository.value.id);
        let row = of_this.ok_or_else(|| OciError::NoUpload(id.chars().take(64).collect()))?;
        Ok((*row).clone())
    }

    /// Appends a piece, which is on the disk when this returns. `offset` is where the client says that it begins, and
    /// `length` how long it says it is. Of a stream that breaks nothing is kept.
    ///
    /// # Errors
    ///
    /// [`OciError::OutOfOrder`], [`OciError::WrongSize`], [`OciError::UploadBusy`], [`OciError::Body`],
    /// [`OciError::BlobTooLarge`], [`OciError::NoUpload`], [`OciError::NoRepository`], and those of store and objects.
    pub async fn append_upload(
        &self,
        key: &RepositoryKey,
        id: &str,
        offset: Option<u64>,
        length: Option<u64>,
        body: ByteStream,
    ) -> Result<Upload, OciError> {
        let claim = self.inner.sessions.claim(id)?;
        let row = self.upload_row(key, id).await?;
        let (row, session) = self.write(&claim, row, None, offset, length, body).await?;
        let upload = row.value.tell(id);
        claim.leave(session);
        Ok(upload)
    }

    /// Appends the last piece, which may be empty, and makes a blob of the upload if all of it has this digest. If it has
    /// another one the upload is over.
    ///
    /// # Errors
    ///
    /// [`OciError::WrongDigest`], and those of [`Registry::append_upload`].
    pub async fn finish_upload(
        &self,
        key: &RepositoryKey,
        id: &str,
        digest: &Digest,
        offset: Option<u64>,
        length: Option<u64>,
        body: ByteStream,
    ) -> Result<Blob, OciError> {
        let claim = self.inner.sessions.claim(id)?;
        let row = self.upload_row(key, id).await?;
        if !row.value.extents.is_empty() {
            return self.finish(&claim, row, key, digest, offset, length, body).await;
        }
        in_order(offset, 0)?;
        match self.small(body, length).await? {
            Small::Whole(bytes) => {
                let checked = check(digest, digest.algorithm().of(&bytes));
                if checked.is_err() {
                    self.drop_upload(&row).await?;
                }
                let blob = Blob { digest: digest.clone(), size: bytes.len() as u64 };
                checked?;
                self.keep_blob(key, blob, Bytesource::Memory(bytes), Some(&row)).await
            }
            Small::Begun(body) => self.finish(&claim, row, key, digest, offset, length, body).await,
        }
    }

    /// A whole blob in one request.
    ///
    /// # Errors
    ///
    /// Those of [`Registry::finish_upload`].
    pub async fn push_blob(
        &self,
        key: &RepositoryKey,
        digest: &Digest,
        length: Option<u64>,
        body: ByteStream,
    ) -> Result<Blob, OciError> {
        self.known(key).await?;
        match self.small(body, length).await? {
            Small::Whole(bytes) => {
                check(digest, digest.algorithm().of(&bytes))?;
                let blob = Blob { digest: digest.clone(), size: bytes.len() as u64 };
                self.keep_blob(key, blob, Bytesource::Memory(bytes), None).await
            }
            Small::Begun(body) => {
                let upload = self.begin_upload(key, digest.algorithm()).await?;
                let claim = self.inner.sessions.claim(&upload.id)?;
                let row = self.upload_row(key, &upload.id).await?;
                let pushed = self.finish(&claim, row, key, digest, None, length, body).await;
                if pushed.is_err() {
                    // Nobody knows of it who could go on with it. If this fails too, it is collected later.
                    let _ = self.cancel_upload(key, &upload.id).await;
                }
                pushed
            }
        }
    }

    /// Ends an upload and forgets what came.
    ///
    /// # Errors
    ///
    /// [`OciError::NoUpload`], [`OciError::NoRepository`], and those of the store.
    pub async fn cancel_upload(&self, key: &RepositoryKey, id: &str) -> Result<(), OciError> {
        let row = self.upload_row(key, id).await?;
        match self.drop_upload(&row).await {
            // Somebody else ended it or went on with it.
            Err(StoreError::Conflict(_)) => Err(OciError::UploadBusy(id.to_owned())),
            done => Ok(done.map(|_| ())?),
        }
    }

    pub(crate) async fn drop_upload(&self, upload: &Row<UploadRecord>) -> Result<i64, StoreError> {
        let mut batch = Batch::new();
        let (account, id) = (&upload.place.account, &upload.place.name);
        self.inner.uploads.delete(&mut batch, account, "", id, Expect::Revision(upload.revision));
        self.doom(&mut batch, upload.value.objects());
        self.inner.store.commit(batch).await
    }

    /// The last piece and the blob.
    #[expect(clippy::too_many_arguments, reason = "a request's parts, which belong to no value of their own")]
    async fn finish(
        &self,
        claim: &Claim,
        row: Row<UploadRecord>,
        key: &RepositoryKey,
        digest: &Digest,
        offset: Option<u64>,
        length: Option<u64>,
        body: ByteStream,
    ) -> Result<Blob, OciError> {
        let (row, session) = self.write(claim, row, Some(digest.algorithm()), offset, length, body).await?;
        let hasher = session.hasher.filter(|hasher| hasher.algorithm() == digest.algorithm());
        let found = match hasher {
            Some(hasher) => hasher.digest(),
            None => self.hash(&row.value.extents, digest.algorithm()).await?,
        };
        if let Err(error) = check(digest, found) {
            self.drop_upload(&row).await?;
            return Err(error);
        }
        let blob = Blob { digest: digest.clone(), size: row.value.offset() };
        let source = match row.value.extents.clone() {
            extents if extents.is_empty() => Bytesource::Memory(Vec::new()),
            extents => Bytesource::Extents(extents),
        };
        self.keep_blob(key, blob, source, Some(&row)).await
    }

    /// Appends to an upload, and tells its record after that.
    async fn write(
        &self,
        claim: &Claim,
        mut row: Row<UploadRecord>,
        algorithm: Option<Algorithm>,
        offset: Option<u64>,
        length: Option<u64>,
        body: ByteStream,
    ) -> Result<(Row<UploadRecord>, Session), OciError> {
        let begins = row.value.offset();
        in_order(offset, begins)?;
        let mut body = body.peekable();
        if Pin::new(&mut body).peek().await.is_none() && length.unwrap_or(0) == 0 {
            // Nothing comes, so nothing has to be opened.
            let session = claim.take(row.revision).unwrap_or_else(|| Session {
                writer: self.inner.objects.writer(&row.value.next),
                hasher: None,
                revision: row.revision,
            });
            return Ok((row, session));
        }
        let mut session = match claim.take(row.revision) {
            Some(session) if session.writer.can_go_on() => session,
            left => self.take_over(&mut row, left.and_then(|session| session.hasher)).await?,
        };
        if let Some(algorithm) = algorithm
            && begins == 0
        {
            session.hasher = Some(Hasher::new(algorithm));
        }
        let before = session.hasher.clone();
        if let Err(error) = self.receive(&mut session, begins, length, body.boxed()).await {
            session.writer.rewind().await?;
            session.hasher = before;
            claim.leave(session);
            return Err(error);
        }
        let extent = session.writer.sync().await?;
        match row.value.extents.last_mut().filter(|last| last.name == extent.name) {
            Some(last) => *last = extent,
            None => row.value.extents.push(extent),
        }
        row.value.touched_at = self.now();
        row.revision = self.put_upload(&row, std::iter::empty()).await?;
        session.revision = row.revision;
        Ok((row, session))
    }

    /// Names a new extent to go on with, which nobody else writes to.
    async fn take_over(
        &self,
        row: &mut Row<UploadRecord>,
        hasher: Option<Hasher>,
    ) -> Result<Session, OciError> {
        if row.value.extents.len() >= MAX_EXTENTS {
            return Err(OciError::BlobTooLarge { limit: row.value.offset() });
        }
        let left = row.value.objects().skip(row.value.extents.len()).collect::<Vec<_>>();
        row.value.next = self.random::<16>()?;
        row.revision = self.put_upload(row, left.into_iter()).await?;
        let writer = self.inner.objects.writer(&row.value.next);
        let is_new = row.value.extents.is_empty();
        let hasher = hasher.or_else(|| is_new.then(|| Hasher::new(row.value.algorithm)));
        Ok(Session { writer, hasher, revision: row.revision })
    }

    async fn put_upload(
        &self,
        row: &Row<UploadRecord>,
        doomed: impl Iterator<Item = Extent>,
    ) -> Result<i64, OciError> {
        let mut batch = Batch::new();
        let (account, id) = (&row.place.account, &row.place.name);
        self.inner.uploads.put(&mut batch, account, "", id, &row.value, Expect::Revision(row.revision));
        self.doom(&mut batch, doomed);
        match self.inner.store.commit(batch).await {
            Err(StoreError::Conflict(_)) => Err(OciError::UploadBusy(id.clone())),
            done => Ok(done?),
        }
    }

    /// Takes a body in, hashing and writing at the same time.
    async fn receive(
        &self,
        session: &mut Session,
        begins: u64,
        length: Option<u64>,
        mut body: ByteStream,
    ) -> Result<(), OciError> {
        let limit = self.inner.settings.max_blob;
        let mut came = 0_u64;
        let mut pieces = Vec::new();
        let mut waiting = 0;
        loop {
            let piece = body.try_next().await.map_err(OciError::Body)?;
            let is_end = piece.is_none();
            if let Some(piece) = piece {
                came += piece.len() as u64;
                waiting += piece.len();
                if begins.saturating_add(came) > limit {
                    return Err(OciError::BlobTooLarge { limit });
                }
                if let Some(given) = length.filter(|length| came > *length) {
                    return Err(OciError::WrongSize { given, found: came });
                }
                pieces.push(piece);
            }
            if waiting >= WRITE_BYTES || is_end && waiting > 0 {
                let pieces = std::mem::take(&mut pieces);
                waiting = 0;
                let hashed = update(session.hasher.take(), pieces.clone());
                let (hasher, written) = futures_util::join!(hashed, session.writer.write(pieces));
                session.hasher = hasher?;
                written?;
            }
            if is_end {
                break;
            }
        }
        match length {
            Some(given) if given != came => Err(OciError::WrongSize { given, found: came }),
            _ => Ok(()),
        }
    }

    /// Takes the beginning of a body into memory, and all of it if it is small.
    async fn small(&self, mut body: ByteStream, length: Option<u64>) -> Result<Small, OciError> {
        let mut begun = Vec::new();
        let mut came = 0;
        while came <= MAX_INLINE {
            let Some(piece) = body.try_next().await.map_err(OciError::Body)? else {
                let found = came as u64;
                return match length {
                    Some(given) if given != found => Err(OciError::WrongSize { given, found }),
                    _ => Ok(Small::Whole(begun.concat())),
                };
            };
            came += piece.len();
            begun.push(piece);
        }
        Ok(Small::Begun(stream::iter(begun.into_iter().map(Ok)).chain(body).boxed()))
    }

    /// The digest of what is kept.
    async fn hash(&self, extents: &[Extent], algorithm: Algorithm) -> Result<Digest, OciError> {
        let bytes = extents.iter().map(|extent| extent.bytes).sum();
        let mut stream = self.inner.objects.read(extents, 0..bytes).await?.into_stream();
        let mut hasher = Some(Hasher::new(algorithm));
        while let Some(piece) =
            stream.try_next().await.map_err(|error| OciError::Broken(error.to_string()))?
        {
            hasher = update(hasher, vec![piece]).await?;
        }
        Ok(hasher.unwrap_or_else(|| Hasher::new(algorithm)).digest())
    }
}

/// The beginning of a body.
enum Small {
    Whole(Vec<u8>),
    Begun(ByteStream),
}

fn in_order(given: Option<u64>, offset: u64) -> Result<(), OciError> {
    match given {
        Some(given) if given != offset => Err(OciError::OutOfOrder { given, offset }),
        _ => Ok(()),
    }
}

fn check(given: &Digest, found: Digest) -> Result<(), OciError> {
    if *given == found { Ok(()) } else { Err(OciError::WrongDigest { given: given.clone(), found }) }
}

/// Hashes where it holds nobody up.
async fn update(hasher: Option<Hasher>, pieces: Vec<Bytes>) -> Result<Option<Hasher>, OciError> {
    let Some(mut hasher) = hasher else { return Ok(None) };
    let hashing = tokio::task::spawn_blocking(move || {
        for piece in &pieces {
            hasher.update(piece);
        }
        hasher
    });
    hashing.await.map(Some).map_err(|error| OciError::Body(io::Error::other(error)))
}
