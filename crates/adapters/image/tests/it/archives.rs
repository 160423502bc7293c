use std::fs;
use std::path::Path;

use ringwall_image::{Digest, ImageError, ScanOptions, Target};
use serde_json::json;

use crate::made::{Layout, gzip, lock, scan_target, told};
use crate::tarball::Tarball;

fn pack(folder: &Path, inside: &str, tar: Tarball) -> Tarball {
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names.into_iter().fold(tar, |tar, path| {
        let name = format!("{inside}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            pack(&path, &format!("{name}/"), tar.folder(&format!("{name}/")))
        } else {
            tar.file(&name, fs::read(&path).unwrap())
        }
    })
}

#[test]
fn a_layout_may_be_a_tar_file() {
    let layout = Layout::of(&[Tarball::default().file("Cargo.lock", lock(&[("a", "1.0.0")])).end()]);
    let bytes = pack(layout.path(), "", Tarball::default()).end();
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [("layout.tar", bytes.clone()), ("layout.tar.gz", gzip(&bytes))] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let scanned = scan_target(path.to_str().unwrap(), None, &ScanOptions::default()).unwrap();
        assert_eq!(told(&scanned), ["a 1.0.0 Cargo.lock@0"]);
    }
    let path = folder.path().join("cut.tar");
    fs::write(&path, &bytes[..bytes.len() - 2500]).unwrap();
    assert!(scan_target(path.to_str().unwrap(), None, &ScanOptions::default()).is_err());
}

/// What `docker save` writes, with a layer that is a link to another's file, as older ones have it.
fn docker(layers: &[(&str, Vec<u8>)], tag: &str) -> Tarball {
    let diff_ids: Vec<String> = layers.iter().map(|(_, layer)| Digest::of(layer).to_string()).collect();
    let config =
        json!({"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": diff_ids}}).to_string();
    let names: Vec<&str> = layers.iter().map(|(name, _)| *name).collect();
    let manifest = json!([{"Config": "config.json", "RepoTags": [tag], "Layers": names}]).to_string();
    let tar = Tarball::default().file("config.json", config).file("manifest.json", manifest);
    layers.iter().fold(tar, |tar, (name, layer)| tar.file(name, layer))
}

#[test]
fn archives_of_docker_are_read() {
    let base = Tarball::default().file("Cargo.lock", lock(&[("a", "1.0.0")])).end();
    let top =
        Tarball::default().file(".wh.Cargo.lock", "").file("b/Cargo.lock", lock(&[("b", "1.0.0")])).end();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saved.tar");
    let name = path.to_str().unwrap();
    let options = ScanOptions::default();
    fs::write(&path, docker(&[("1/layer.tar", base.clone()), ("2/layer.tar", top)], "shop/web:v1").end())
        .unwrap();
    for name in [name.to_owned(), format!("{name}:v1"), format!("{name}:shop/web:v1")] {
        let found = scan_target(&name, None, &options).unwrap();
        assert_eq!(told(&found), ["b 1.0.0 b/Cargo.lock@1"], "{name}");
    }
    assert!(matches!(scan_target(&format!("{name}:v2"), None, &options), Err(ImageError::NoImage { .. })));
    // A layer that isn't what the configuration says.
    let mut other = docker(&[("1/layer.tar", base.clone())], "x:1");
    let config = json!({"rootfs": {"diff_ids": [Digest::of(b"other").to_string()]}}).to_string();
    other = other.file("config.json", config);
    fs::write(&path, other.end()).unwrap();
    assert!(matches!(scan_target(name, None, &options), Err(ImageError::Layer { .. })));
    // A link, as older ones have for the same layer.
    let diff_ids = [Digest::of(&base).to_string(), Digest::of(&base).to_string()];
    let config = json!({"rootfs": {"diff_ids": diff_ids}}).to_string();
    let manifest = json!([{"Config": "c", "Layers": ["1/layer.tar", "2/layer.tar"]}]).to_string();
    let tar = Tarball::default().file("c", config).file("manifest.json", manifest).file("1/layer.tar", &base);
    fs::write(&path, tar.link("2/layer.tar", "../1/layer.tar").end()).unwrap();
    assert_eq!(scan_target(name, None, &options).unwrap().layers.len(), 2);
    // Links in circles, and out.
    for target in ["../2/layer.tar", "../../../etc/passwd", "/etc/passwd"] {
        let config = json!({"rootfs": {"diff_ids": [Digest::of(b"x").to_string()]}}).to_string();
        let manifest = json!([{"Config": "c", "Layers": ["2/layer.tar"]}]).to_string();
        let tar = Tarball::default().file("c", config).file("manifest.json", manifest);
        fs::write(&path, tar.link("2/layer.tar", target).end()).unwrap();
        assert!(matches!(scan_target(name, None, &options), Err(ImageError::Missing(_))), "{target}");
    }
}

#[test]
fn other_files_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let find = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        Target::find(path.to_str().unwrap(), None)
    };
    assert!(matches!(find("a.json", b"{\"bomFormat\": \"CycloneDX\"}"), Ok(Target::Sbom(_))));
    match find("a.json.gz", &gzip(b"{\"bomFormat\": \"CycloneDX\"}")) {
        Ok(Target::Sbom(bytes)) => assert!(bytes.starts_with(b"{\"bomFormat\"")),
        _ => panic!("no SBOM"),
    }
    assert!(matches!(find("program", b"\x7fELF"), Err(ImageError::Unknown(_))));
    assert!(matches!(find("empty", b""), Err(ImageError::Unknown(_))));
    let tar = Tarball::default().file("x", "y").end();
    assert!(matches!(find("other.tar", &tar), Err(ImageError::Unknown(_))));
    assert!(matches!(Target::find("registry.example/web:1", None), Ok(Target::Registry(_))));
    assert!(matches!(Target::find("./not-there", None), Err(ImageError::Target { .. })));
    assert!(matches!(Target::find(folder.path().to_str().unwrap(), None), Ok(Target::Folder(_))));
}
