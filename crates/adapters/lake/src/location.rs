//! Where a lake is.

use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStore;
use object_store::path::Path;
use ringwall_awsclient::{Client, Environment, Load, Retry};

use crate::error::LakeError;
use crate::folder::Folder;
use crate::layout;
use crate::row::Class;
use crate::s3::S3;

/// Longest attempt of a call: the largest file over 20 Mbit/s.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(120);
/// Longest call, with what is tried again.
const TIMEOUT: Duration = Duration::from_secs(300);

/// A folder, or a bucket of S3 with a prefix.
#[derive(Clone, Debug)]
pub struct Location {
    store: Arc<dyn ObjectStore>,
    /// What URLs of its files begin with: `file:///` or `s3://bucket/`.
    base: String,
    root: Path,
}

impl Location {
    /// `s3://BUCKET`, `s3://BUCKET/PREFIX`, or a folder. S3 is called as the environment says: see [`Load`].
    ///
    /// # Errors
    ///
    /// It is no place, or AWS's settings can't be used. A folder need not be there; nothing is called yet.
    pub fn open(place: &str) -> Result<Self, LakeError> {
        match place.strip_prefix("s3://") {
            Some(rest) => {
                let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
                Self::bucket(client()?, bucket, prefix)
            }
            None if place.contains("://") => Err(LakeError::Place {
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
    pub fn folder(path: &FilePath) -> Result<Self, LakeError> {
        let absolute = std::path::absolute(path)?;
        let root = Path::from_absolute_path(&absolute).map_err(|error| LakeError::Place {
            place: path.display().to_string(),
            why: error.to_string(),
        })?;
        Ok(Self { store: Arc::new(Folder::default()), base: "file:///".to_owned(), root })
    }

    /// A bucket, by a client that is there already.
    ///
    /// # Errors
    ///
    /// The prefix can't be one.
    pub fn bucket(client: Client, bucket: &str, prefix: &str) -> Result<Self, LakeError> {
        let base = format!("s3://{bucket}/");
        let wrong = |why: &str| LakeError::Place { place: format!("{base}{prefix}"), why: why.to_owned() };
        if bucket.is_empty() {
            return Err(wrong("it names no bucket"));
        }
        let root = Path::parse(prefix.trim_matches('/')).map_err(|error| wrong(&error.to_string()))?;
        Ok(Self { store: Arc::new(S3::new(client, bucket)), base, root })
    }

    /// What reads and writes its files.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// What URLs of its files begin with: `file:///` or `s3://bucket/`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The URL of a class's folder, with `/` at its end.
    pub fn url(&self, class: Class) -> String {
        format!("{}{}/", self.base, self.source(class))
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn source(&self, class: Class) -> Path {
        layout::source(&self.root, class)
    }
}

/// What reads and writes the files of URLs of this scheme and host, as the environment says.
///
/// # Errors
///
/// There is nothing of this scheme, or AWS's settings can't be used.
pub fn store_of(scheme: &str, host: &str) -> Result<Arc<dyn ObjectStore>, LakeError> {
    match scheme {
        "file" => Ok(Arc::new(Folder::default())),
        "s3" => Ok(Arc::new(S3::new(client()?, host))),
        _ => Err(LakeError::Place {
            place: format!("{scheme}://{host}"),
            why: "it is neither file: nor s3:".into(),
        }),
    }
}

fn client() -> Result<Client, LakeError> {
    let retry = Retry { attempt_timeout: ATTEMPT_TIMEOUT, ..Retry::default() };
    Ok(Load::new(&Environment::process()).retry(retry).timeout(TIMEOUT).client()?)
}
