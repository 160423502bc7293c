//! Where objects are.

use std::fs;
use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, future};
use object_store::ObjectStore;
use object_store::path::Path;
use ringwall_awsclient::{Client, Environment, Load, Retry};

use crate::error::ObjectsError;
use crate::folder::Folder;
use crate::s3::S3;
use crate::writer::{Extent, Writer};

/// Longest attempt of a call: the largest file over 20 Mbit/s.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(120);

/// Longest call, with what is tried again.
const TIMEOUT: Duration = Duration::from_secs(300);

/// A folder, or a bucket of S3 with a prefix.
#[derive(Clone, Debug)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    /// What URLs of its objects begin with: `file:///` or `s3://bucket/`.
    base: String,
    root: Path,
    folder: Option<PathBuf>,
}

impl Objects {
    /// `s3://BUCKET`, `s3://BUCKET/PREFIX`, or a folder. S3 is called as the environment says: see [`Load`].
    ///
    /// # Errors
    ///
    /// It is no place, or AWS's settings can't be used. A folder need not be there; nothing is called yet.
    pub fn open(place: &str) -> Result<Self, ObjectsError> {
        match place.strip_prefix("s3://") {
            Some(rest) => {
                let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
                Self::bucket(client()?, bucket, prefix)
            }
            None if place.contains("://") => Err(ObjectsError::Place {
                place: place.to_owned(),
                why: "it is neither a folder nor s3://BUCKET".into(),
            }),
            None => Self::folder(FilePath::new(place)),
        }
    }

    /// A folder.
    ///
    /// # Errors
    ///
    /// Its name is none.
    pub fn folder(path: &FilePath) -> Result<Self, ObjectsError> {
        let wrong = |why: String| ObjectsError::Place { place: path.display().to_string(), why };
        let absolute = std::path::absolute(path).map_err(|error| wrong(error.to_string()))?;
        let root = Path::from_absolute_path(&absolute).map_err(|error| wrong(error.to_string()))?;
        let base = "file:///".to_owned();
        Ok(Self { store: Arc::new(Folder::default()), base, root, folder: Some(absolute) })
    }

    /// A bucket, by a client that is there already.
    ///
    /// # Errors
    ///
    /// The prefix can't be one.
    pub fn bucket(client: Client, bucket: &str, prefix: &str) -> Result<Self, ObjectsError> {
        let base = format!("s3://{bucket}/");
        let wrong = |why: &str| ObjectsError::Place { place: format!("{base}{prefix}"), why: why.to_owned() };
        if bucket.is_empty() {
            return Err(wrong("it names no bucket"));
        }
        let root = Path::parse(prefix.trim_matches('/')).map_err(|error| wrong(&error.to_string()))?;
        Ok(Self { store: Arc::new(S3::new(client, bucket)), base, root, folder: None })
    }

    /// Below a prefix of any store. Reading and writing go through it alone.
    ///
    /// # Errors
    ///
    /// The prefix can't be one.
    pub fn of(store: Arc<dyn ObjectStore>, prefix: &str) -> Result<Self, ObjectsError> {
        let base = format!("{store}/");
        let root = Path::parse(prefix.trim_matches('/'))
            .map_err(|error| ObjectsError::Place { place: prefix.to_owned(), why: error.to_string() })?;
        Ok(Self { store, base, root, folder: None })
    }

    /// What reads and writes single objects.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// What URLs of its objects begin with: `file:///` or `s3://bucket/`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The path that all of it is below.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder, if it is one.
    pub fn local(&self) -> Option<&FilePath> {
        self.folder.as_deref()
    }

    /// What writes an extent of this name, which must never have been used.
    pub fn writer(&self, name: &str) -> Writer {
        Writer::new(self.clone(), name)
    }

    /// Deletes an extent. One that is not there is deleted.
    ///
    /// # Errors
    ///
    /// Those of the storage.
    pub async fn delete(&self, extent: &Extent) -> Result<(), ObjectsError> {
        if let Some(path) = self.file(&extent.name)? {
            let name = extent.name.clone();
            return blocking(move || remove(&path).map_err(ObjectsError::file(&name, "deleted"))).await;
        }
        // Those that were written and not synced too.
        let all = self.store.list(Some(&self.pieces_of(&extent.name)?));
        let paths = all.map_ok(|object| object.location).boxed();
        let deleted = self.store.delete_stream(paths).try_for_each(|_| future::ok(())).await;
        match deleted {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(ObjectsError::storage(&self.pieces_of(&extent.name)?, "deleted")(error)),
        }
    }

    /// The file of an extent, if this is a folder. They are spread over folders by the beginnings of their names.
    pub(crate) fn file(&self, name: &str) -> Result<Option<PathBuf>, ObjectsError> {
        let spread = spread(name)?;
        Ok(self.folder.as_ref().map(|folder| folder.join(spread).join(name)))
    }

    /// The object of an extent's piece.
    pub(crate) fn piece(&self, name: &str, piece: u64) -> Result<Path, ObjectsError> {
        Ok(self.pieces_of(name)?.join(piece.to_string()))
    }

    /// What all objects of an extent are below.
    fn pieces_of(&self, name: &str) -> Result<Path, ObjectsError> {
        Ok(self.root.clone().join(spread(name)?).join(name))
    }
}

/// The first two characters of a name, if it is one.
fn spread(name: &str) -> Result<&str, ObjectsError> {
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    match name.get(..2) {
        Some(spread) if is_name => Ok(spread),
        _ => Err(ObjectsError::Name(name.to_owned())),
    }
}

/// A file that is back after a power cut is deleted again by who deleted it, so the folder is not synced.
fn remove(path: &FilePath) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Does what blocks where it holds nobody up.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ObjectsError> + Send + 'static,
) -> Result<T, ObjectsError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(ObjectsError::File {
            name: "it".to_owned(),
            doing: "waited for",
            cause: io::Error::other(error.to_string()),
        }),
    }
}

/// What reads and writes the objects of URLs of this scheme and host, as the environment says.
///
/// # Errors
///
/// There is nothing of this scheme, or AWS's settings can't be used.
pub fn store_of(scheme: &str, host: &str) -> Result<Arc<dyn ObjectStore>, ObjectsError> {
    match scheme {
        "file" => Ok(Arc::new(Folder::default())),
        "s3" => Ok(Arc::new(S3::new(client()?, host))),
        _ => Err(ObjectsError::Place {
            place: format!("{scheme}://{host}"),
            why: "it is neither file: nor s3:".into(),
        }),
    }
}

fn client() -> Result<Client, ObjectsError> {
    let retry = Retry { attempt_timeout: ATTEMPT_TIMEOUT, ..Retry::default() };
    Ok(Load::new(&Environment::process()).retry(retry).timeout(TIMEOUT).client()?)
}
