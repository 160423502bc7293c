use std::fs;
use std::os::unix::fs::symlink;

use ringwall_image::{ScanOptions, scan_folder};

use crate::made::{lock, status, told};

#[test]
fn folders_are_read_and_links_stay_inside() {
    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("Cargo.lock"), lock(&[("outside", "1.0.0")])).unwrap();
    let root = folder.path();
    for path in ["data/dpkg", "var/lib", "app"] {
        fs::create_dir_all(root.join(path)).unwrap();
    }
    fs::write(root.join("data/dpkg/status"), status(&[("base", "1")])).unwrap();
    fs::write(root.join("app/Cargo.lock"), lock(&[("serde", "1.0.0")])).unwrap();
    fs::write(root.join("app/.wh.Cargo.lock"), "no whiteout here").unwrap();
    symlink("/data/dpkg", root.join("var/lib/dpkg")).unwrap();
    symlink(outside.path(), root.join("out")).unwrap();
    symlink(outside.path().join("Cargo.lock"), root.join("data/Cargo.lock")).unwrap();
    symlink("loop", root.join("loop")).unwrap();
    symlink(".", root.join("app/self")).unwrap();
    let scanned = scan_folder(root, &ScanOptions::default()).unwrap();
    assert_eq!(told(&scanned), ["serde 1.0.0 app/Cargo.lock@-", "base 1 data/dpkg/status@-"]);
    assert_eq!(scanned.inventory.problems, []);
    assert!(scan_folder(&root.join("missing"), &ScanOptions::default()).is_err());
}

#[test]
fn pipes_do_not_hold_anything_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("Cargo.lock");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let scanned = scan_folder(folder.path(), &ScanOptions::default()).unwrap();
    assert_eq!(told(&scanned), [""; 0]);
}

#[test]
fn deep_folders_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut deep = folder.path().to_owned();
    for _ in 0..300 {
        deep.push("d");
    }
    fs::create_dir_all(&deep).unwrap();
    let scanned = scan_folder(folder.path(), &ScanOptions::default()).unwrap();
    assert_eq!(scanned.inventory.problems.len(), 1);
    assert!(scanned.inventory.problems[0].message.contains("too deep"));
}
