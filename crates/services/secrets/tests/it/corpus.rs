//! Replays the fuzz targets' corpora.

use std::fs;
use std::path::Path;

use ringwall_secrets::objects::{Rules, Translation, read};

#[path = "../../../../../fuzz/secrets.rs"]
mod secrets;

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus").join(target);
    fs::read_dir(&folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
}

#[test]
fn mounts_are_read() {
    let read: Vec<_> = corpus("mount_request").iter().map(|bytes| secrets::mount(bytes)).collect();
    assert!([Some(2), Some(1), Some(0), None].iter().all(|tokens| read.contains(tokens)), "{read:?}");
}

#[test]
fn expressions_select() {
    let read: Vec<_> = corpus("secret_parts").iter().map(|bytes| secrets::expression(bytes)).collect();
    assert!(read.iter().filter(|selects| **selects).count() >= 5 && read.contains(&false), "{read:?}");
}

#[test]
fn objects_give_answers() {
    let rules = Rules {
        region: "eu-west-1",
        failover_region: Some("eu-west-2"),
        translation: Translation::Off,
        mode: 0o644,
    };
    let texts = corpus("secret_objects");
    let read = texts.iter().filter(|bytes| {
        std::str::from_utf8(bytes)
            .is_ok_and(|text| read(text, &rules).is_ok_and(|objects| !objects.is_empty()))
    });
    assert!(read.count() >= 3, "the corpus holds no objects");
}
