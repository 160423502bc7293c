//! Files made to hurt: each costs itself alone, and neither time nor memory.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use ringwall_snapshot::limits;

use crate::folder::{Folder, objects, told};

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: ok}\n";

/// A folder with one good object, which has to be read whatever else is there.
fn folder() -> Folder {
    Folder::with(&[("kubernetes/good.yaml", POD)])
}

/// The problems of a folder whose good object is read.
fn problems(folder: &Folder) -> Vec<String> {
    let started = Instant::now();
    let snapshot = folder.read();
    assert!(started.elapsed() < Duration::from_secs(20), "it took {:?}", started.elapsed());
    assert_eq!(objects(&snapshot), ["kubernetes/good.yaml:1 Pod default/ok"]);
    told(&snapshot)
}

#[test]
fn a_file_of_one_gib_is_refused_before_it_is_read() {
    let folder = folder();
    File::create(folder.path("kubernetes/big.yaml")).unwrap().set_len(1 << 30).unwrap();
    let started = Instant::now();
    assert_eq!(problems(&folder), ["E kubernetes/big.yaml: the file has 1024 MiB; at most 512 MiB are read"]);
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_link_out_of_the_snapshot_is_not_followed() {
    let outside =
        Folder::with(&[("secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: stolen}\n")]);
    let folder = folder();
    symlink(outside.path("secret.yaml"), folder.path("kubernetes/file.yaml")).unwrap();
    symlink(outside.root(), folder.path("kubernetes/folder")).unwrap();
    symlink(outside.root(), folder.path("aws")).unwrap();
    let told = problems(&folder);
    assert_eq!(
        told,
        ["aws", "kubernetes/file.yaml", "kubernetes/folder"]
            .map(|file| format!("E {file}: it is a link out of the snapshot and was not read"))
    );
}

#[test]
fn links_in_a_circle_end() {
    let folder = folder();
    symlink("b.yaml", folder.path("kubernetes/a.yaml")).unwrap();
    symlink("a.yaml", folder.path("kubernetes/b.yaml")).unwrap();
    symlink("missing", folder.path("kubernetes/gone.yaml")).unwrap();
    symlink(".", folder.path("kubernetes/self")).unwrap();
    fs::create_dir(folder.path("kubernetes/sub")).unwrap();
    symlink("..", folder.path("kubernetes/sub/up")).unwrap();
    let told = problems(&folder);
    assert_eq!(told.len(), 5, "{told:#?}");
    assert!(told[3].starts_with("E kubernetes/self: it links to a folder that contains it"), "{told:#?}");
    assert!(told[4].starts_with("E kubernetes/sub/up: it links to a folder that contains it"), "{told:#?}");
}

#[test]
fn links_between_two_folders_end() {
    let folder = folder();
    for (from, to) in [("x", "y"), ("y", "x")] {
        fs::create_dir(folder.path(&format!("kubernetes/{from}"))).unwrap();
        symlink(format!("../{to}"), folder.path(&format!("kubernetes/{from}/{to}"))).unwrap();
    }
    assert!(!problems(&folder).is_empty());
}

#[test]
fn a_link_inside_works() {
    let folder = Folder::with(&[("kubernetes/.real/good.yaml", POD)]);
    symlink(".real/good.yaml", folder.path("kubernetes/good.yaml")).unwrap();
    assert!(problems(&folder).is_empty());
}

#[test]
fn a_gzip_bomb_is_stopped() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![b' '; 1 << 20];
    for _ in 0..64 {
        encoder.write_all(&zeros).unwrap();
    }
    let folder = folder().file("kubernetes/bomb.yaml.gz", encoder.finish().unwrap());
    assert_eq!(
        problems(&folder),
        ["E kubernetes/bomb.yaml.gz: it grows more than 300 times when decompressed and was not read"
            .replace("300", &limits::MAX_RATIO.to_string())]
    );
}

/// A zstd frame of blocks that each repeat one byte.
fn zstd_bomb(mib: u32, window: u8) -> Vec<u8> {
    let mut frame = vec![0x28, 0xB5, 0x2F, 0xFD, 0x00, window];
    let blocks = mib * 8;
    for block in 0..blocks {
        let last = u32::from(block + 1 == blocks);
        let header = last | 1 << 1 | (128 * 1024) << 3;
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(b' ');
    }
    frame
}

#[test]
fn a_zstd_bomb_is_stopped() {
    let folder = folder()
        .file("kubernetes/bomb.yaml.zst", zstd_bomb(2048, 0x38))
        .file("kubernetes/small.yaml.zst", zstd_bomb(8, 0x38))
        .file("kubernetes/window.yaml.zst", zstd_bomb(1, 0xF8));
    let told = problems(&folder);
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[0].starts_with("E kubernetes/bomb.yaml.zst: it grows more than 300 times"), "{told:#?}");
    assert!(told[1].starts_with("E kubernetes/window.yaml.zst: can't decompress it"), "{told:#?}");
}

#[test]
fn compressed_files_are_read_and_damaged_ones_told() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(POD.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    let folder = Folder::new().file("kubernetes/a.yaml.gz", &packed);
    assert_eq!(objects(&folder.read()), ["kubernetes/a.yaml.gz:1 Pod default/ok"]);
    let folder = self::folder()
        .file("kubernetes/cut.yaml.gz", &packed[..packed.len() - 12])
        .file("kubernetes/none.yaml.gz", "plain")
        .file("kubernetes/none.yaml.zst", "plain");
    let told = problems(&folder);
    assert_eq!(told.len(), 3, "{told:#?}");
}

#[test]
fn broken_documents_and_bytes_cost_themselves_alone() {
    let folder = folder()
        .file("kubernetes/bytes.yaml", b"apiVersion: v1\nkind: \xFF\n")
        .file("kubernetes/broken.yaml", "a: [\n")
        .file("kubernetes/cycle.yaml", "a: &a [*a]\n")
        .file("kubernetes/twice.yaml", "a: 1\na: 2\n")
        .file("aws/broken.json", "{\"cluster\": ")
        .file("cluster.yaml", "name: [\n");
    let told = problems(&folder);
    assert_eq!(told.len(), 6, "{told:#?}");
    assert!(told.iter().all(|line| line.starts_with("E ")), "{told:#?}");
    assert!(
        told[4].starts_with("E kubernetes/cycle.yaml:1: alias `*a`") || told[3].contains("cycle"),
        "{told:#?}"
    );
}

#[test]
fn deep_folders_end() {
    let deep = format!("kubernetes/{}a.yaml", "d/".repeat(limits::MAX_FOLDER_DEPTH + 1));
    let told = problems(&folder().file(&deep, POD));
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("folders are nested more than 32 deep"), "{told:#?}");
}
