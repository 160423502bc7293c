//! The copy of the entries that is kept for a start without AWS.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::api::Described;
use super::pin::Pin;
use super::{Entries, Known};

/// After how many looks the copy is written although nothing changed, so that its age tells when AWS was last heard of.
pub(super) const LOOKS_UNTIL_WRITTEN: u64 = 40;

/// Bytes of the file: 10,000 entries of 3 KiB.
const MAX_BYTES: u64 = 32 * 1024 * 1024;

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    version: u32,
    cluster: String,
    /// When the API was asked, in Unix seconds.
    as_of: i64,
    entries: Vec<Row>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Row {
    principal: String,
    entry: Option<Described>,
    bound: Pin,
}

/// A copy that was read.
pub(super) struct Copy {
    pub(super) as_of: i64,
    pub(super) entries: Entries,
}

/// Reads the copy; `None` if there is none yet.
pub(super) async fn read(path: &Path, cluster: &str) -> Result<Option<Copy>, String> {
    let path = path.to_owned();
    let bytes =
        tokio::task::spawn_blocking(move || bytes(&path)).await.map_err(|error| error.to_string())??;
    bytes.map(|bytes| parse(&bytes, cluster)).transpose()
}

/// The entries of a copy.
pub(super) fn parse(bytes: &[u8], cluster: &str) -> Result<Copy, String> {
    let file: File = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if file.version != VERSION {
        return Err(format!("it is of version {}, not {VERSION}", file.version));
    }
    if file.cluster != cluster {
        return Err(format!("it is of the cluster `{}`", file.cluster));
    }
    let known = |row: Row| (row.principal, row.entry.map(|described| Known { described, pin: row.bound }));
    Ok(Copy { as_of: file.as_of, entries: file.entries.into_iter().map(known).collect() })
}

/// Who else may write to the file could let himself in.
fn bytes(path: &Path) -> Result<Option<Vec<u8>>, String> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let mode = file.metadata().map_err(|error| error.to_string())?.permissions().mode();
    if mode & 0o022 != 0 {
        return Err(format!("others may write to it (mode {:o}); `chmod 600` it", mode & 0o777));
    }
    ringwall_files::read_from(file, MAX_BYTES).map(Some).map_err(|error| error.to_string())
}

/// Replaces the copy, whole or not at all.
pub(super) async fn write(path: &Path, cluster: &str, as_of: i64, entries: &Entries) -> Result<(), String> {
    let rows = entries.iter().map(|(principal, known)| Row {
        principal: principal.clone(),
        entry: known.as_ref().map(|known| known.described.clone()),
        bound: known.as_ref().map_or(Pin::Unknown, |known| known.pin.clone()),
    });
    let file = File { version: VERSION, cluster: cluster.to_owned(), as_of, entries: rows.collect() };
    let bytes = serde_json::to_vec_pretty(&file).map_err(|error| error.to_string())?;
    let path = path.to_owned();
    let written =
        tokio::task::spawn_blocking(move || ringwall_files::replace(&path, &bytes, ringwall_files::PRIVATE))
            .await;
    written.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Entries {
        let described = Described {
            entry_arn: "arn:aws:eks:eu-central-1:111122223333:access-entry/shop/role/111122223333/dev/uuid"
                .into(),
            kind: "STANDARD".into(),
            username: Some("dev".into()),
            groups: vec!["team".into()],
            created_at: Some("1.5".into()),
            principal_id: None,
            policies: vec![],
        };
        let known = Known { described, pin: Pin::To("AROA1".into()) };
        Entries::from([("a".to_owned(), Some(known)), ("b".to_owned(), None)])
    }

    #[tokio::test]
    async fn what_is_kept_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("entries.json");
        assert!(read(&path, "shop").await.unwrap().is_none());
        for as_of in [7, 8] {
            write(&path, "shop", as_of, &entries()).await.unwrap();
            let copy = read(&path, "shop").await.unwrap().unwrap();
            assert_eq!((copy.as_of, copy.entries), (as_of, entries()));
        }
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn what_is_not_this_clusters_own_is_of_no_use() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("entries.json");
        write(&path, "shop", 7, &entries()).await.unwrap();
        assert!(read(&path, "other").await.err().unwrap().contains("`shop`"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o622)).unwrap();
        assert!(read(&path, "shop").await.err().unwrap().contains("others may write"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        let other = text.replace("\"version\": 1", "\"version\": 2").into_bytes();
        for bad in [bytes[..bytes.len() / 2].to_vec(), Vec::new(), b"{}".to_vec(), other] {
            std::fs::write(&path, bad).unwrap();
            assert!(read(&path, "shop").await.is_err());
        }
    }
}
