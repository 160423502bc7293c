use std::fs;

use ringwall_image::{ImageError, ScanOptions};
use serde_json::json;

use crate::made::{INDEX, Layout, MANIFEST, gzip, lock, scan_target, status, told};
use crate::tarball::Tarball;

#[test]
fn packages_are_told_with_their_layers() {
    let base = Tarball::default()
        .file("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n")
        .file("var/lib/dpkg/status", status(&[("base", "1"), ("old", "1")]))
        .file("app/Cargo.lock", lock(&[("gone", "1.0.0")]));
    let top = Tarball::default()
        .file("var/lib/dpkg/status", status(&[("base", "1"), ("new", "2")]))
        .file("app/.wh.Cargo.lock", "")
        .file("srv/Cargo.lock", lock(&[("serde", "1.0.1")]));
    let scanned = Layout::of(&[base.end(), top.end()]).scan().unwrap();
    assert_eq!(
        told(&scanned),
        ["serde 1.0.1 srv/Cargo.lock@1", "base 1 var/lib/dpkg/status@0", "new 2 var/lib/dpkg/status@1",]
    );
    assert_eq!(scanned.inventory.distribution.as_ref().unwrap().id, "debian");
    assert_eq!(scanned.layers[1].made_by.as_deref(), Some("step 1"));
    assert_eq!(scanned.inventory.problems, []);
}

#[test]
fn a_platform_or_a_name_is_chosen() {
    let layout = Layout::new();
    let of = |name: &str, architecture: &str| {
        layout.image(&[Tarball::default().file("Cargo.lock", lock(&[(name, "1.0.0")])).end()], architecture)
    };
    let manifests = [of("on-arm", "arm64"), of("on-s390x", "s390x")];
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests});
    let mut several = layout.blob(INDEX, index.to_string().as_bytes());
    several["annotations"] = json!({"org.opencontainers.image.ref.name": "several"});
    let mut named = of("named", "amd64");
    named["annotations"] = json!({"org.opencontainers.image.ref.name": "v1"});
    let digest = named["digest"].as_str().unwrap().to_owned();
    layout.index(&[several, named]);
    let scan = |name: &str, platform: Option<&str>| {
        let scanned = scan_target(&format!("{}{name}", layout.name()), platform, &ScanOptions::default());
        scanned.map(|scanned| scanned.inventory.packages[0].name.clone())
    };
    assert_eq!(scan(":several", Some("linux/arm64")).unwrap(), "on-arm");
    assert_eq!(scan(":several", Some("linux/s390x")).unwrap(), "on-s390x");
    assert_eq!(scan(":v1", None).unwrap(), "named");
    assert_eq!(scan(&format!("@{digest}"), None).unwrap(), "named");
    assert!(matches!(scan(":several", Some("linux/ppc64le")), Err(ImageError::NoPlatform { .. })));
    assert!(matches!(scan(":v1", Some("linux/arm64")), Err(ImageError::NoPlatform { .. })));
    let error = scan("", None).unwrap_err();
    assert!(error.to_string().contains("`several`, `v1`"), "{error}");
    assert!(matches!(scan(":v2", None), Err(ImageError::NoImage { .. })));
}

#[test]
fn layers_may_be_compressed_in_each_way() {
    let tar = Tarball::default().file("Cargo.lock", lock(&[("a", "1.0.0")])).end();
    let layout = Layout::new();
    let zstd = ruzstd::encoding::compress_to_vec(tar.as_slice(), ruzstd::encoding::CompressionLevel::Fastest);
    let mut skipped = vec![0x52, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
    skipped.extend(&zstd);
    let (head, rest) = tar.split_at(700);
    let members = [gzip(head), gzip(rest)].concat();
    for bytes in [tar.clone(), gzip(&tar), members, zstd, skipped] {
        let config = layout.blob("application/vnd.oci.image.config.v1+json", b"{}");
        // What the media type says doesn't matter.
        let layers = [layout.blob("application/vnd.oci.image.layer.v1.tar", &bytes)];
        let manifest = json!({"schemaVersion": 2, "config": config, "layers": layers});
        layout.index(&[layout.blob(MANIFEST, manifest.to_string().as_bytes())]);
        assert_eq!(told(&layout.scan().unwrap()), ["a 1.0.0 Cargo.lock@0"]);
    }
}

#[test]
fn what_is_not_what_its_digest_says_is_refused() {
    let layout = Layout::of(&[Tarball::default().file("Cargo.lock", lock(&[("a", "1.0.0")])).end()]);
    let blobs = layout.path().join("blobs/sha256");
    let all: Vec<_> = fs::read_dir(&blobs).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(all.len(), 3);
    for path in all {
        let whole = fs::read(&path).unwrap();
        let mut changed = whole.clone();
        // White space in JSON, and the time of gzip: both read the same.
        if changed[0] == b'{' {
            changed.insert(1, b' ');
        } else {
            changed[4] ^= 1;
        }
        fs::write(&path, &changed).unwrap();
        let error = layout.scan().unwrap_err();
        assert!(ringwall_model::error_chain(&error).contains("has the digest"), "{error}");
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert!(layout.scan().is_err(), "cut off");
        fs::remove_file(&path).unwrap();
        assert!(matches!(layout.scan(), Err(ImageError::Missing(_))));
        fs::write(&path, &whole).unwrap();
    }
    layout.scan().unwrap();
}

#[test]
fn manifests_that_are_two_things_are_refused() {
    let layout = Layout::new();
    let image = layout.image(&[Tarball::default().end()], "amd64");
    let config = layout.blob("application/vnd.oci.image.config.v1+json", b"{}");
    for manifest in [
        json!({"schemaVersion": 2, "config": config, "layers": [], "manifests": [image]}),
        json!({"schemaVersion": 2, "mediaType": INDEX, "config": config, "layers": []}),
        json!({"schemaVersion": 2, "mediaType": MANIFEST, "manifests": [image]}),
        json!({"schemaVersion": 2}),
        json!({"schemaVersion": 2, "config": config, "layers": [{"mediaType": "x", "digest": "md5:1", "size": 1}]}),
        json!([]),
    ] {
        layout.index(&[layout.blob(MANIFEST, manifest.to_string().as_bytes())]);
        let error = layout.scan().unwrap_err();
        assert!(matches!(error, ImageError::Manifest { .. }), "{error}");
    }
}

#[test]
fn the_same_layer_twice_is_read_once() {
    let layer = Tarball::default().file("a/Cargo.lock", lock(&[("a", "1.0.0")])).end();
    let hides = Tarball::default().file(".wh.a", "").end();
    let scanned = Layout::of(&[layer.clone(), hides, layer]).scan().unwrap();
    assert_eq!(told(&scanned).len(), 1);
    assert_eq!(scanned.layers.len(), 3);
}
