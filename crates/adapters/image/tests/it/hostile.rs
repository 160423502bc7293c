//! Layers made to do harm.

use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use ringwall_image::ImageError;
use ringwall_model::error_chain;
use serde_json::json;

use crate::made::{GZIP, Layout, MANIFEST, lock, told};
use crate::tarball::{Tarball, header};

/// A layout with one layer, as it is stored.
fn stored(layer: &[u8]) -> Layout {
    let layout = Layout::new();
    let config = layout.blob("application/vnd.oci.image.config.v1+json", b"{}");
    let layers = [layout.blob(GZIP, layer)];
    let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers});
    layout.index(&[layout.blob(MANIFEST, manifest.to_string().as_bytes())]);
    layout
}

#[test]
fn bombs_are_refused() {
    // A file of 4 GiB of zeros, as 4 MiB.
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    bomb.write_all(&header(b'0', b"bomb", b"", 4 << 30)).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..256 {
        bomb.write_all(&zeros).unwrap();
    }
    let begun = Instant::now();
    let error = stored(&bomb.finish().unwrap()).scan().unwrap_err();
    assert!(error_chain(&error).contains("decompression bomb"), "{}", error_chain(&error));
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn what_follows_the_end_is_looked_at() {
    let tar = Tarball::default().file("Cargo.lock", lock(&[("a", "1.0.0")])).end();
    let mut more = crate::made::gzip(&tar);
    more.extend(b"something else");
    assert!(matches!(stored(&more).scan(), Err(ImageError::Layer { .. })));
    let mut zeros = tar.clone();
    zeros.resize(zeros.len() + 10_240, 0);
    assert_eq!(told(&stored(&zeros).scan().unwrap()).len(), 1);
}

#[test]
fn a_hundred_thousand_files_are_read() {
    let mut tar = Tarball::default();
    for number in 0..100_000 {
        tar.0.extend(header(b'0', format!("d{}/f{number}", number / 1000).as_bytes(), b"", 0));
    }
    let layout = Layout::of(&[
        tar.file("d1/Cargo.lock", lock(&[("a", "1.0.0")])).end(),
        Tarball::default().file(".wh.d0", "").file("d2/.wh..wh..opq", "").end(),
    ]);
    assert_eq!(told(&layout.scan().unwrap()), ["a 1.0.0 d1/Cargo.lock@0"]);
}

#[test]
fn links_in_circles_and_out_lead_nowhere() {
    let tar = Tarball::default()
        .link("a", "b")
        .link("b", "a")
        .link("var/lib/dpkg/status", "status")
        .link("etc/os-release", "/../../../../etc/os-release")
        .link("Cargo.lock", "/etc/passwd")
        .link("yarn.lock", "a/b/c")
        .hard_link("x/Cargo.lock", "x/Cargo.lock")
        .hard_link("y/Cargo.lock", "../../etc/passwd")
        .file("a/Cargo.lock", lock(&[("inside", "1.0.0")]))
        .end();
    let scanned = Layout::of(&[tar]).scan().unwrap();
    assert_eq!(told(&scanned), ["inside 1.0.0 a/Cargo.lock@0"]);
    assert_eq!(scanned.inventory.problems.len(), 1);
}

#[test]
fn ladders_of_links_end_soon() {
    // Each leads twice through the one before: followed without a bound, 2^60 steps.
    let mut tar = Tarball::default().folder("l0/");
    for number in 1..60 {
        tar = tar.link(&format!("l{number}"), &format!("l{0}/../l{0}", number - 1));
    }
    for number in 0..2000 {
        tar = tar.file(&format!("l59/{number}/Cargo.lock"), "");
    }
    let begun = Instant::now();
    Layout::of(&[tar.end()]).scan().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn deep_and_long_names_are_told_and_left_out() {
    let tar = Tarball::default()
        .file(&"d/".repeat(3000), "")
        .file(&"x".repeat(1 << 18), "")
        .file(&("d/".repeat(200) + "Cargo.lock"), lock(&[("deep", "1.0.0")]))
        .end();
    let scanned = Layout::of(&[tar]).scan().unwrap();
    assert_eq!(told(&scanned).len(), 1);
    assert_eq!(scanned.inventory.problems.len(), 2);
}
