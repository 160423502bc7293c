use std::fs;

use ringwall_lake::{Lake, LakeError, Location, Settings};

use crate::support::{event, event_on, files, ids, shop};

#[tokio::test]
async fn files_lie_in_the_layout_of_security_lake() {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::folder(folder.path()).unwrap();
    let mut lake = Lake::open(location.clone(), Settings::default());
    lake.append(&shop(), 7, event_on("a", "2026-11-20", 1)).unwrap();
    lake.append(&shop(), 9, event_on("b", "2026-11-21", 1)).unwrap();
    let written = lake.flush().await.unwrap();
    assert_eq!((written.files, written.rows, lake.buffered()), (2, 2, 0));
    let names: Vec<String> = files(folder.path())
        .iter()
        .map(|file| file.strip_prefix(folder.path()).unwrap().display().to_string())
        .collect();
    let name = format!("{}-00000000000000000007-00000000000000000009.parquet", shop().name());
    assert!(name.starts_with("shop-"));
    let place = "ext/ringwall-events/region=eu-west-1/accountId=111122223333";
    assert_eq!(
        names,
        [format!("{place}/eventDay=20261120/{name}"), format!("{place}/eventDay=20261121/{name}")]
    );
    assert_eq!(ids(&location).await, ["a", "b"]);
    assert_eq!(lake.flush().await.unwrap().files, 0, "nothing is left");
}

#[tokio::test]
async fn a_replay_replaces_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::folder(folder.path()).unwrap();
    let write = async |pieces: &[&[u64]], committed: u64| {
        let mut lake = Lake::open(location.clone(), Settings::default());
        lake.rewind(&shop(), committed).await.unwrap();
        for piece in pieces {
            for position in *piece {
                lake.append(&shop(), *position, event(&position.to_string(), *position as u32)).unwrap();
            }
            lake.flush().await.unwrap();
        }
    };
    write(&[&[1, 2], &[3, 4], &[5]], 0).await;
    let before: Vec<(std::path::PathBuf, Vec<u8>)> =
        files(folder.path()).into_iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect();
    // The same pieces: the same files, byte for byte.
    write(&[&[3, 4], &[5]], 4).await;
    for (file, bytes) in &before {
        assert_eq!(&fs::read(file).unwrap(), bytes);
    }
    // Other pieces, after a commit that did not come about: what was written beyond it is taken back.
    write(&[&[3, 4, 5, 6]], 2).await;
    assert_eq!(ids(&location).await, ["1", "2", "3", "4", "5", "6"]);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_what_can_not_be_written_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::folder(folder.path()).unwrap();
    let bytes = event("a", 1).bytes();
    let mut lake =
        Lake::open(location.clone(), Settings { flush_bytes: bytes, max_bytes: bytes * 2 + bytes / 2 });
    lake.append(&shop(), 1, event("a", 1)).unwrap();
    assert!(lake.is_due());
    lake.append(&shop(), 2, event("b", 2)).unwrap();
    assert!(matches!(lake.append(&shop(), 3, event("c", 3)), Err(LakeError::Full { .. })));
    // A file is where the folder should be.
    fs::write(folder.path().join("ext"), "").unwrap();
    lake.flush().await.unwrap_err();
    lake.append(&shop(), 3, event("c", 3)).unwrap();
    lake.flush().await.unwrap_err();
    fs::remove_file(folder.path().join("ext")).unwrap();
    let written = lake.flush().await.unwrap();
    assert_eq!((written.files, written.rows), (2, 3), "in the pieces in which they were flushed first");
    assert_eq!(ids(&location).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn nothing_beside_the_lake_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::folder(&folder.path().join("lake")).unwrap();
    let mut lake = Lake::open(location.clone(), Settings::default());
    let partition = ringwall_lake::Partition::new("../../x", "../evil", "/etc");
    lake.append(&partition, 1, event("a", 1)).unwrap();
    lake.flush().await.unwrap();
    assert!(files(folder.path()).iter().all(|file| file.starts_with(folder.path().join("lake/ext"))));
    assert_eq!(lake.rewind(&partition, 0).await.unwrap(), 1);
    assert!(ids(&location).await.is_empty());
}
