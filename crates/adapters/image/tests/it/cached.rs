use std::fs;
use std::sync::atomic::Ordering;

use ringwall_image::{Cache, ScanOptions};

use crate::made::{Layout, lock, scan_target, status, told};
use crate::tarball::Tarball;

#[test]
fn a_layer_that_is_known_is_not_read() {
    let base = Tarball::default()
        .file("var/lib/dpkg/status", status(&[("base", "1"), ("old", "1")]))
        .file("data/locked", lock(&[("linked", "1.0.0")]))
        .link("app/Cargo.lock", "../data/locked");
    let top = Tarball::default().file("var/lib/dpkg/status", status(&[("base", "1")])).folder("x/");
    let layout = Layout::of(&[base.end(), top.end()]);
    let cache = tempfile::tempdir().unwrap();
    let options = ScanOptions { cache: Some(Cache::open(cache.path()).unwrap()), ..ScanOptions::default() };
    let first = scan_target(&layout.name(), None, &options).unwrap();
    assert!(first.layers.iter().all(|layer| !layer.was_known));
    assert_eq!(told(&first), ["linked 1.0.0 data/locked@0", "base 1 var/lib/dpkg/status@0"]);
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 2);
    // Without the layers, the same comes out.
    for layer in &first.layers {
        fs::remove_file(layout.blob_path(layer.digest.as_str())).unwrap();
    }
    let again = scan_target(&layout.name(), None, &options).unwrap();
    assert!(again.layers.iter().all(|layer| layer.was_known));
    assert_eq!(again.inventory, first.inventory);
    // A damaged record is no record.
    for entry in fs::read_dir(cache.path()).unwrap() {
        fs::write(entry.unwrap().path(), "damaged").unwrap();
    }
    assert!(scan_target(&layout.name(), None, &options).is_err(), "the layers are gone");
}

#[test]
fn progress_is_told_in_stored_bytes() {
    let layout = Layout::of(&[Tarball::default().file("a", [7; 50_000]).end(), Tarball::default().end()]);
    let options = ScanOptions::default();
    scan_target(&layout.name(), None, &options).unwrap();
    let total = options.progress.total.load(Ordering::Relaxed);
    assert!(total > 0);
    assert_eq!(options.progress.done.load(Ordering::Relaxed), total);
}
