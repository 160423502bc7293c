use super::*;
use crate::limits::MAX_DEPTH;
use crate::tarball::Tarball;

fn record(bytes: &[u8]) -> Record {
    super::read(bytes, &Budget::default(), Asked::new()).map_err(|(_, error)| error).unwrap()
}

fn listed(record: &Record) -> Vec<(String, EntryKind)> {
    record.entries.iter().map(|entry| (entry.path.to_string(), entry.kind.clone())).collect()
}

#[test]
fn entries_are_what_they_do_to_the_layers_below() {
    let bytes = Tarball::default()
        .folder("./")
        .folder("./etc/")
        .file("etc/.wh.gone", b"")
        .file("etc/.wh..wh..opq", b"")
        .file(".wh..wh.plnk", b"")
        .file(".wh..wh.aufs", b"")
        .file("/etc/./x/../new", b"text")
        .link("lib", "../../usr/lib")
        .hard_link("etc/other", "./etc/new")
        .entry(b'6', "pipe", "", b"")
        .end();
    let of = |path: &str, kind| (path.to_owned(), kind);
    assert_eq!(
        listed(&record(&bytes)),
        [
            of("", EntryKind::Folder),
            of("etc", EntryKind::Folder),
            of("etc/gone", EntryKind::Whiteout),
            of("etc", EntryKind::Opaque),
            of("etc/new", EntryKind::File),
            of("lib", EntryKind::Link("../../usr/lib".into())),
            of("etc/other", EntryKind::HardLink("etc/new".into())),
            of("pipe", EntryKind::Other),
        ]
    );
}

#[test]
fn what_leads_out_is_told_and_left_out() {
    let deep = "d/".repeat(MAX_DEPTH + 1);
    let long = "n".repeat(256);
    let bytes = Tarball::default()
        .file("../../etc/passwd", b"root")
        .file("/../etc/passwd", b"root")
        .file("a/../../etc/passwd", b"root")
        .hard_link("shadow", "../../etc/shadow")
        .file(&deep, b"")
        .file(&long, b"")
        .file("etc/.wh...", b"")
        .file("kept", b"")
        .end();
    let record = record(&bytes);
    assert_eq!(
        listed(&record),
        [("shadow".to_owned(), EntryKind::Other), ("kept".to_owned(), EntryKind::File)]
    );
    let told: Vec<String> = record.problems.iter().map(|problem| problem.message.clone()).collect();
    assert_eq!(told.len(), 7, "{told:?}");
    assert!(told[0].contains("leads out of the image"), "{told:?}");
}

#[test]
fn problems_are_told_up_to_a_number() {
    let mut tar = Tarball::default();
    for _ in 0..MAX_PROBLEMS + 5 {
        tar = tar.file("..", b"");
    }
    let problems = record(&tar.end()).problems;
    assert_eq!(problems.len(), MAX_PROBLEMS + 1);
    assert_eq!(problems[MAX_PROBLEMS].message, "5 more could not be read");
}

#[test]
fn files_too_large_are_told_and_not_held() {
    // A sparse file has any length without having any bytes.
    let size = (MAX_FILE + 1).to_string();
    let records = [("GNU.sparse.size", size.as_str()), ("GNU.sparse.map", "0,0")];
    let bytes = Tarball::default().pax(&records).file("app/app.jar", b"").file("Cargo.lock", b"").end();
    let record = record(&bytes);
    assert_eq!(record.problems.len(), 1);
    assert_eq!(record.problems[0].path, "app/app.jar");
}

#[test]
fn the_last_entry_before_damage_is_told() {
    let mut bytes = Tarball::default().file("first", b"").file("second", b"").0;
    bytes.extend([1; 512]);
    let (last, error) = super::read(bytes.as_slice(), &Budget::default(), Asked::new()).unwrap_err();
    assert_eq!(last.as_deref(), Some("second"));
    assert!(matches!(error, LayerError::Tar(TarError::Checksum)));
}

#[test]
fn programs_are_known_by_their_first_bytes() {
    assert!(may_be_program("usr/bin/x", 0o755) && may_be_program("usr/lib/libx.so.1.2", 0o644));
    assert!(!may_be_program("usr/share/x", 0o644) && !may_be_program("libx.sock", 0o644));
}
