//! Replays the fuzz targets' corpora.

use std::fs;
use std::path::{Path, PathBuf};

use ringwall_document::Reader;

fn files(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn the_corpus_gives_answers() {
    let files = files("snapshot_objects");
    let mut objects = 0;
    for file in &files {
        let text = fs::read(file).unwrap();
        let found = ringwall_snapshot::objects_of(&mut Reader::default(), &"fuzz".into(), &text);
        objects += found.objects.len();
    }
    assert!(objects >= files.len(), "the corpus holds no objects");
}

#[test]
fn the_corpus_of_the_network_gives_each_kind() {
    let mut all = Vec::new();
    for file in files("network_objects") {
        let text = fs::read(&file).unwrap();
        let found = ringwall_snapshot::objects_of(&mut Reader::default(), &"fuzz".into(), &text);
        all.extend(found.objects);
    }
    let network = ringwall_snapshot::cluster_of(all).cluster.network;
    let lengths = [
        network.policies.len(),
        network.services.len(),
        network.endpoint_slices.len(),
        network.ingresses.len(),
        network.security_group_policies.len(),
    ];
    assert!(lengths.iter().all(|length| *length > 0), "{lengths:?}");
    assert!(network.vpc_cni.is_some());
}
