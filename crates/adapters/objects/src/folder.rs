//! A folder as an object store whose writes are durable.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path as FilePath;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// What the store is called in errors.
const NAME: &str = "folder";

/// The mode of its files: who may read the folder may read them.
pub(crate) const MODE: u32 = 0o640;

/// The machine's files, by their whole paths. They are there whole or not at all, and on the disk when a write returns.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    files: LocalFileSystem,
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)
    }
}

/// Makes a folder and those that it is in, so that they are there after a power cut.
pub(crate) fn make_folder(folder: &FilePath) -> io::Result<()> {
    let missing = folder.ancestors().take_while(|above| !above.is_dir()).count();
    if missing > 0 {
        fs::create_dir_all(folder)?;
        for above in folder.ancestors().skip(1).take(missing) {
            fs::File::open(above)?.sync_all()?;
        }
    }
    Ok(())
}

/// Writes a file, and the folders that it is in, so that all of it is there after a power cut.
fn write(path: &FilePath, bytes: &[u8], mode: &PutMode) -> io::Result<()> {
    make_folder(path.parent().unwrap_or(FilePath::new("/")))?;
    match mode {
        PutMode::Create => ringwall_files::create(path, bytes, MODE),
        _ => ringwall_files::replace(path, bytes, MODE),
    }
}

#[async_trait]
impl ObjectStore for Folder {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        if matches!(opts.mode, PutMode::Update(_)) {
            return Err(no("put_opts with a condition on what is there"));
        }
        let path = self.files.path_to_filesystem(location)?;
        let bytes = bytes::Bytes::from(payload);
        let written = tokio::task::spawn_blocking(move || write(&path, &bytes, &opts.mode)).await?;
        written.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                Error::AlreadyExists { path: location.to_string(), source: error.into() }
            }
            _ => Error::Generic { store: NAME, source: error.into() },
        })?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Err(no("put_multipart_opts"))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.files.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.files.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.files.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.files.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(no("copy_opts"))
    }
}

fn no(operation: &str) -> Error {
    Error::NotImplemented { operation: operation.to_owned(), implementer: NAME.to_owned() }
}
