//! Folders that are no snapshot, and strangers in one.

use ringwall_snapshot::{Options, SnapshotError, read};

use crate::folder::{Folder, told};

#[test]
fn what_is_no_snapshot_is_told() {
    let folder = Folder::with(&[("notes.txt", "x"), ("kubernets/a.yaml", "")]);
    let read = |path: &std::path::Path| read(path, &Options::default()).unwrap_err();
    let missing = read(&folder.path("missing"));
    assert!(matches!(missing, SnapshotError::NotFound(_)) && missing.to_string().contains("missing`"));
    assert!(matches!(read(&folder.path("notes.txt")), SnapshotError::NotAFolder(_)));
    assert!(matches!(read(folder.root()), SnapshotError::NoParts(_)));
    assert!(missing.hint().contains("folder"));
}

#[test]
fn strangers_are_told_and_near_misses_corrected() {
    let snapshot = Folder::with(&[
        ("kubernetes/.hidden.yaml", "["),
        ("kubernetes/a.yaml~", "["),
        ("kubernetes/README.md", "["),
        ("kubernetes/values.toml", "["),
        ("Kubernets/a.yaml", "["),
        ("other/a.yaml", "["),
        ("README.md", "["),
        (".git/config", "["),
    ])
    .read();
    let told = told(&snapshot);
    assert_eq!(told.len(), 3, "{told:#?}");
    assert_eq!(snapshot.problems[0].hint.as_deref(), Some("did you mean `kubernetes`?"));
    assert_eq!(told[0], "W Kubernets: `Kubernets` is not a part of a snapshot and was not read");
    assert!(told[1].starts_with("W kubernetes/values.toml: its name does not end with"), "{told:#?}");
    assert_eq!(told[2], "W other: `other` is not a part of a snapshot and was not read");
}

#[test]
fn an_empty_part_is_a_snapshot() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("aws")).unwrap();
    let snapshot = folder.read();
    assert!(snapshot.problems.is_empty() && snapshot.cluster.objects.is_empty());
}

#[test]
fn a_file_instead_of_a_folder_and_a_folder_instead_of_a_file() {
    let snapshot = Folder::with(&[("aws", "{}"), ("cluster.yaml/a", "x: 1")]).read();
    let told = told(&snapshot);
    assert_eq!(told, ["E aws: it is a file, not a folder", "E cluster.yaml: it is a folder, not a file"]);
}
