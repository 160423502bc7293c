//! The lake as it is read.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use serde::{Deserialize, Serialize};

use crate::layout;
use crate::limits::MAX_REPLACED_BYTES;

/// How names of files begin that compaction made.
const COMPACTED: &str = "compact-";

/// What a compacted file replaces. It lies beside it, and counts as soon as that is there. Its name begins with `_`, by which readers
/// of such folders know what is no data.
/// Source: Apache Hive, `FileUtils.HIDDEN_FILES_PATH_FILTER`; Trino, Spark and Athena leave out the same.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Replaced {
    /// Names of files in the same folder.
    pub(crate) replaces: Vec<String>,
}

/// The name of a compacted file.
pub(crate) fn compacted(id: &str) -> String {
    format!("{COMPACTED}{id}.parquet")
}

/// The name of the list of what it replaces.
pub(crate) fn list_of(id: &str) -> String {
    format!("_{COMPACTED}{id}.json")
}

/// The compacted file that a list is of, if it is one.
pub(crate) fn of_list(name: &str) -> Option<String> {
    Some(format!("{}.parquet", name.strip_prefix('_')?.strip_suffix(".json")?))
        .filter(|name| name.starts_with(COMPACTED))
}

/// Reads a list.
pub(crate) async fn read(store: &dyn ObjectStore, list: &ObjectMeta) -> Result<Replaced> {
    let wrong =
        |why: String| Error::Generic { store: "lake", source: format!("`{}`: {why}", list.location).into() };
    if list.size > MAX_REPLACED_BYTES {
        return Err(wrong(format!("it is larger than {MAX_REPLACED_BYTES} bytes")));
    }
    let bytes = store.get(&list.location).await?.bytes().await?;
    serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))
}

/// Files of a listing that others replace which are in it too.
pub(crate) async fn replaced(store: &dyn ObjectStore, files: &[ObjectMeta]) -> Result<HashSet<Path>> {
    let there: HashSet<&Path> = files.iter().map(|file| &file.location).collect();
    let mut replaced = HashSet::new();
    for list in files {
        let Some((folder, name)) = layout::split(&list.location) else { continue };
        let Some(compacted) = of_list(name) else { continue };
        let folder = Path::parse(folder)?;
        if there.contains(&folder.clone().join(compacted)) {
            match read(store, list).await {
                Ok(list) => replaced.extend(list.replaces.into_iter().map(|name| folder.clone().join(name))),
                // Deleted since, and all that it named before it.
                Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(replaced)
}

/// A store that does not list what was replaced: who reads by it sees each row once, whatever compaction is doing. It does not
/// write.
#[derive(Clone, Debug)]
pub struct Visible(Arc<dyn ObjectStore>);

impl Visible {
    /// Of this store.
    pub fn of(store: Arc<dyn ObjectStore>) -> Self {
        Self(store)
    }
}

impl fmt::Display for Visible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} without what was replaced", self.0)
    }
}

fn read_only(operation: &str) -> Error {
    Error::NotImplemented { operation: operation.to_owned(), implementer: "a lake that is read".to_owned() }
}

#[async_trait]
impl ObjectStore for Visible {
    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(read_only("put_opts"))
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Err(read_only("put_multipart_opts"))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.0.get_opts(location, options).await
    }

    fn delete_stream(&self, _: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        stream::once(std::future::ready(Err(read_only("delete_stream")))).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (store, prefix) = (Arc::clone(&self.0), prefix.cloned());
        let visible = async move {
            let files: Vec<ObjectMeta> = store.list(prefix.as_ref()).try_collect().await?;
            let replaced = replaced(&*store, &files).await?;
            let visible = files.into_iter().filter(move |file| !replaced.contains(&file.location));
            Ok::<_, Error>(stream::iter(visible.map(Ok)))
        };
        stream::once(visible).try_flatten().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let mut all = self.0.list_with_delimiter(prefix).await?;
        let replaced = replaced(&*self.0, &all.objects).await?;
        all.objects.retain(|file| !replaced.contains(&file.location));
        Ok(all)
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(read_only("copy_opts"))
    }
}
