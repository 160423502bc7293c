//! Events, and files as they are read back.

use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use futures_util::TryStreamExt as _;
use object_store::{ObjectMeta, ObjectStore as _, ObjectStoreExt as _};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use ringwall_detect::{audit, cloudtrail};
use ringwall_lake::{Class, Location, Origin, Partition, Row, Visible};

pub(crate) fn origin() -> Origin {
    Origin {
        account: "111122223333".into(),
        region: "eu-west-1".into(),
        cluster: "shop".into(),
        now: 1_795_000_000_000,
    }
}

pub(crate) fn shop() -> Partition {
    Partition::new("shop", "111122223333", "eu-west-1")
}

pub(crate) fn audit_rows(line: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    audit::read(line, &mut |event| rows.extend(Row::audit(event, &origin()))).unwrap();
    rows
}

pub(crate) fn trail_rows(line: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    cloudtrail::read(line, &mut |record| rows.push(Row::cloudtrail(record, &origin()))).unwrap();
    rows
}

/// An event of this id, at this second of the day.
pub(crate) fn event(id: &str, second: u32) -> Row {
    event_on(id, "2026-11-20", second)
}

pub(crate) fn event_on(id: &str, day: &str, second: u32) -> Row {
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let line = format!(
        r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"{id}","stage":"ResponseComplete",
        "requestURI":"/api/v1/namespaces/shop/pods/p/exec?command=id","verb":"create","user":{{"username":"jane"}},
        "sourceIPs":["192.0.2.7"],"objectRef":{{"resource":"pods","namespace":"shop","name":"p","subresource":"exec"}},
        "responseStatus":{{"code":101}},"requestReceivedTimestamp":"{day}T{hour:02}:{minute:02}:{second:02}.000000Z"}}"#
    );
    audit_rows(&line).remove(0)
}

/// Every file of a lake, by its whole path.
pub(crate) fn files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

/// What a reader sees of a class.
pub(crate) async fn visible(location: &Location, class: Class) -> Vec<RecordBatch> {
    let store = Visible::of(location.store().clone());
    let prefix = location.url(class).trim_start_matches(location.base()).trim_end_matches('/').to_owned();
    let prefix = object_store::path::Path::parse(prefix).unwrap();
    let mut all: Vec<ObjectMeta> = store.list(Some(&prefix)).try_collect().await.unwrap();
    all.sort_by(|one, other| one.location.cmp(&other.location));
    let mut batches = Vec::new();
    for file in all.into_iter().filter(|file| file.location.as_ref().ends_with(".parquet")) {
        let bytes = store.get(&file.location).await.unwrap().bytes().await.unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
        batches.extend(reader.map(Result::unwrap));
    }
    batches
}

/// The values of a text column, empty for null.
pub(crate) fn texts(batches: &[RecordBatch], name: &str) -> Vec<String> {
    let column = |batch: &RecordBatch| {
        let column = batch.column_by_name(name).unwrap().as_string::<i32>().clone();
        column.iter().map(|text| text.unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    batches.iter().flat_map(column).collect()
}

pub(crate) async fn ids(location: &Location) -> Vec<String> {
    let mut ids = texts(&visible(location, Class::Events).await, "event_id");
    ids.sort();
    ids
}
